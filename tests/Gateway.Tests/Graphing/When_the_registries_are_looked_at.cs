using System.Net;
using System.Text.Json.Nodes;
using Builds.Contracts;
using Builds.Gateway.Tests.Hooking;

namespace Builds.Gateway.Tests.Graphing;

public sealed class When_the_registries_are_looked_at
{
    private TheGateway _gateway = null!;

    [OneTimeSetUp]
    public async Task SetUp() => _gateway = await TheGateway.GetAsync();

    [Test]
    public async Task Should_show_what_came_and_what_was_found()
    {
        _gateway.Graph.Answers<ListRegistries, RegistryReports>(_ => new()
        {
            Items =
            [
                new()
                {
                    Registry = TheGateway.Registry, Waiting = 3, Tags = 640, Found = 2, ReconcileSeconds = 1.5,
                    Problem = "it does not answer",
                },
                new() { Registry = "docker.io", Waiting = 0 },
            ],
            Unknown = ["old.example.org"],
        });
        var before = await SeeAsync();
        await new Notifier(_gateway).SendAsync(Notifier.Envelope(
            Notifier.Push("doctor/one"), Notifier.Push("doctor/two", mediaType: "application/octet-stream"), Notifier.Push("BAD")));

        var seen = await SeeAsync();

        var (was, now) = (Of(before, TheGateway.Registry), Of(seen, TheGateway.Registry));
        foreach (var count in new[] { "taken", "ignored", "rejected" })
            Assert.That((int)now[count]! - (int)was[count]!, Is.EqualTo(1), count);
        Assert.That((string?)now["lastRejection"], Does.Contain("BAD"));
        Assert.That(((bool)now["isDefault"]!, (bool)now["mayNotify"]!), Is.EqualTo((true, true)));
        Assert.That((int)now["reconciled"]!["found"]!, Is.EqualTo(2));
        Assert.That((string?)now["reconciled"]!["problem"], Is.EqualTo("it does not answer"));
        Assert.That((bool)Of(seen, "docker.io")["mayNotify"]!, Is.False);
        Assert.That((string?)seen["unknown"]!.AsArray().Single(), Is.EqualTo("old.example.org"));
        Assert.That(seen["problem"], Is.Null);
    }

    [Test]
    public async Task Should_say_so_where_nobody_answers()
    {
        _gateway.Graph.IsSilentAbout<ListRegistries>();

        var seen = await SeeAsync();

        Assert.That((string?)seen["problem"], Does.Contain("GraphTracker does not answer"));
        Assert.That(Of(seen, TheGateway.OtherRegistry)["reconciled"], Is.Null);
    }

    [Test]
    public async Task Should_be_for_admins()
    {
        var reader = await _gateway.WithScopesAsync("team", "read");

        Assert.That((await reader.GetAsync("v1/registries")).Status, Is.EqualTo(HttpStatusCode.Forbidden));
    }

    private async Task<JsonNode> SeeAsync()
    {
        var answer = await _gateway.Admin.GetAsync("v1/registries");
        Assert.That(answer.Status, Is.EqualTo(HttpStatusCode.OK), answer.Text);
        return answer.Json;
    }

    private static JsonNode Of(JsonNode seen, string registry) =>
        seen["registries"]!.AsArray().Single(one => (string?)one!["registry"] == registry)!;
}
