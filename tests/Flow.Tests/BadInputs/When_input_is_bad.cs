using System.Net.Http.Json;
using System.Text.Json;

namespace Builds.Flow.Tests.BadInputs;

/// <summary>Each through everything, from the request to what is left of it.</summary>
public sealed class When_input_is_bad
{
    private BadPlaces _at = null!;
    private int _images;

    [OneTimeSetUp]
    public async Task Everything() => _at = await BadPlaces.StartAsync();

    [OneTimeTearDown]
    public async Task Gone()
    {
        if (_at is not null)
            await _at.DisposeAsync();
    }

    [TestCaseSource(typeof(GitInputs), nameof(GitInputs.All))]
    [TestCaseSource(typeof(SourceInputs), nameof(SourceInputs.All))]
    [TestCaseSource(typeof(BuildInputs), nameof(BuildInputs.All))]
    [TestCaseSource(typeof(RegistryInputs), nameof(RegistryInputs.All))]
    public async Task Should_tell_who_can_mend_it_and_leave_nothing_half_made(BadInput input)
    {
        var image = NewImage();
        var definition = await input.Definition(_at);
        await _at.Builds.DefineAsync(image, definition);

        var request = JsonSerializer.SerializeToNode(input.Request)!;
        if (definition.TryGetValue("registry", out var registry))
            request["registry"] = registry.ToString();
        var id = await _at.Builds.RequestAsync(image, request);
        var build = await _at.Builds.EndOfAsync(id);
        var log = await _at.Builds.LogOfAsync(id);

        Assert.That((build.State, build.Class), Is.EqualTo((input.State, input.Class)), build.Json.ToString());
        foreach (var named in input.Reason)
            Assert.That(build.Reason, Does.Contain(named));
        foreach (var named in input.Log)
            Assert.That(log, Does.Contain(named));
        foreach (var hidden in input.Hidden)
            Assert.That(build.Reason + log, Does.Not.Contain(hidden));
        input.Check(log);
        await NothingHalfMadeAsync(image, build.Digest);
        await _at.Builds.NextIsServedAsync();
    }

    [TestCase("../", "context")]
    [TestCase("a/../../x", "context")]
    [TestCase("/etc", "context")]
    [TestCase("../../etc/passwd", "dockerfile")]
    [TestCase("/etc/passwd", "dockerfile")]
    public async Task Should_not_even_begin_where_a_path_leads_outside(string path, string field)
    {
        var image = NewImage();
        var definition = await _at.LinesAsync("RUN true\n");
        definition[field] = path;

        using var answer = await _at.Builds.Api.PutAsJsonAsync($"v1/images/{image}", definition);
        var problem = await answer.Content.ReadFromJsonAsync<JsonElement>();
        var build = await PublishAsync(image, definition, field);

        Assert.That((int)answer.StatusCode, Is.EqualTo(400));
        Assert.That(problem.GetProperty("detail").GetString(), Does.Contain(field));
        Assert.That((build.State, build.Class, build.Attempt), Is.EqualTo(("failed", "policy", 0)), build.Json.ToString());
        Assert.That(build.Reason, Does.StartWith($"source.{field}: "));
        await NothingHalfMadeAsync(image, digest: null);
    }

    private string NewImage() => $"team/bad-{Interlocked.Increment(ref _images)}";

    private async Task NothingHalfMadeAsync(string image, string? digest)
    {
        await _at.Builds.NothingIsLeftAsync();
        Assert.That(await _at.Builds.Registry.DigestOfAsync(image, "latest"), Is.EqualTo(digest));
        Assert.That(await _at.LockedRegistry.DigestOfAsync(image, "latest"), Is.Null);
    }

    // By the other door, where nobody has looked at it yet.
    private async Task<Build> PublishAsync(string image, Dictionary<string, object> definition, string field)
    {
        await using var portus = await Publisher.ConnectAsync(_at.Builds.Broker);
        var id = Guid.NewGuid();
        var source = new Dictionary<string, object>
        {
            ["git"] = definition["git"], ["ref"] = definition["ref"], [field] = definition[field],
        };
        await portus.SendAsync(JsonSerializer.Serialize(new
        {
            buildId = id, image = new { repository = image }, tags = new[] { "latest" }, source,
            requestedAt = "2026-01-01T00:00:00Z",
        }));
        return await Parts.Wait.ForAsync(
            $"the outcome of {id}", async () => await _at.Builds.BuildAsync(id) is { HasEnded: true } build ? build : null);
    }
}
