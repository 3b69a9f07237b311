using System.Net;
using Builds.Contracts;

namespace Builds.Gateway.Tests.Following;

public sealed class When_a_log_is_followed_as_events
{
    private const string Events = "text/event-stream";

    private TheGateway _gateway = null!;

    [OneTimeSetUp]
    public async Task SetUp() => _gateway = await TheGateway.GetAsync();

    [Test]
    public async Task Should_give_each_line_an_id_and_end_with_the_outcome()
    {
        var build = await FinishedAsync("events/ids");
        using var reader = await Reader.OpenAsync(_gateway.Admin, build.Path + "/log", Events);

        Assert.That(reader.Response.Content.Headers.ContentType!.MediaType, Is.EqualTo(Events));
        Assert.That(await reader.RestAsync(), Is.EqualTo(new[]
        {
            "event: step", "data: building", "",
            "id: 1.0.0", "data: a", "",
            "id: 1.0.1", "data: b", "",
            "id: 1.1.0", "data: ", "",
            "id: 1.1.1", "data: d", "",
            "event: end", "id: end", $"data: succeeded {FakeWorker.Digest}", "",
        }));
    }

    [TestCase("1.0.0", new[] { "1.0.1", "1.1.0", "1.1.1" })]
    [TestCase("1.0.1", new[] { "1.1.0", "1.1.1" })]
    [TestCase("1.1.1", new string[0])]
    public async Task Should_go_on_behind_the_last_one_that_arrived(string last, string[] expected)
    {
        var build = await FinishedAsync($"events/resumed-{last}");
        using var reader = await Reader.OpenAsync(_gateway.Admin, build.Path + "/log", Events, last);

        var ids = (await reader.RestAsync()).Where(line => line.StartsWith("id: ", StringComparison.Ordinal)).ToList();

        Assert.That(ids, Is.EqualTo(expected.Select(id => "id: " + id).Append("id: end")));
    }

    [Test]
    public async Task Should_tell_whoever_has_seen_the_end_not_to_come_back()
    {
        var build = await FinishedAsync("events/over");
        using var reader = await Reader.OpenAsync(_gateway.Admin, build.Path + "/log", Events, "end");
        using var bad = await Reader.OpenAsync(_gateway.Admin, build.Path + "/log", Events, "1.x");

        Assert.That(reader.Response.StatusCode, Is.EqualTo(HttpStatusCode.NoContent));
        Assert.That(bad.Response.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
    }

    [Test]
    public async Task Should_show_signs_of_life_and_then_the_line()
    {
        var build = await LedBuild.BeginAsync(_gateway, "events/quiet");
        using var reader = await Reader.OpenAsync(_gateway.Admin, build.Path + "/log", Events);

        Assert.That(await reader.LineAsync(), Does.StartWith(": "));
        await build.LogAsync(0, "at last");
        string? line;
        do
            line = await reader.LineAsync();
        while (line!.Length == 0 || line[0] == ':');
        Assert.That(line, Is.EqualTo("event: step"));
    }

    private async Task<LedBuild> FinishedAsync(string image)
    {
        var build = await LedBuild.BeginAsync(_gateway, image);
        await build.LogAsync(0, "a", "b");
        await build.LogAsync(1, "", "d");
        await build.ConcludeAsync(BuildOutcome.Succeeded, logBatches: 2);
        return build;
    }
}
