using System.Text.Json.Nodes;
using Builds.Contracts;
using Builds.Parts;

namespace Builds.Gateway.Tests.Following;

/// <summary>A build that a test leads from its request to its outcome.</summary>
public sealed class LedBuild(TheGateway gateway, JsonNode request)
{
    public Guid Id { get; } = request["buildId"]!.GetValue<Guid>();

    public int Attempt { get; private set; }

    public string Path => $"v1/builds/{Id}";

    /// <summary>Asked for over HTTP, under a tag of its own so that it waits for no other.</summary>
    public static async Task<LedBuild> AskAsync(TheGateway gateway, string image, string? tag = null)
    {
        await gateway.Admin.DefineAsync(image);
        var id = await gateway.Admin.BuildAsync(new { image, tags = new[] { tag ?? Guid.NewGuid().ToString("N") } });
        var request = await gateway.Amqp.WaitForAsync("build-requested", one => one["buildId"]!.GetValue<Guid>() == id);
        var build = new LedBuild(gateway, request);
        await Wait.UntilAsync(
            "the broker's word", async () => (await build.SeeAsync())["state"]!.GetValue<string>() != "accepted");
        return build;
    }

    public static async Task<LedBuild> BeginAsync(TheGateway gateway, string image, string? tag = null)
    {
        var build = await AskAsync(gateway, image, tag);
        await build.ClaimAsync();
        return build;
    }

    public async Task<BuildClaim> ClaimAsync(string worker = "worker-1")
    {
        var claim = await gateway.Worker.ClaimAsync(request, worker);
        Attempt = claim.Attempt ?? Attempt;
        return claim;
    }

    public Task LogAsync(int sequence, params string[] lines) =>
        gateway.Amqp.PublishAsync("build-log", FakeWorker.Log(Id, Attempt, sequence, lines));

    public Task ReleaseAsync(int logBatches, string reason) => gateway.Worker.ReleaseAsync(new ReleaseClaim
    {
        BuildId = Id, Attempt = Attempt, Reason = reason, LogBatches = logBatches,
    });

    public async Task ConcludeAsync(BuildOutcome outcome, int logBatches, string? reason = null)
    {
        var conclusion = await gateway.Worker.ConcludeAsync(request, Attempt, outcome, logBatches, reason);
        Assert.That(conclusion.Granted, Is.True, conclusion.Reason);
    }

    public async Task<JsonNode> SeeAsync() => (await gateway.Admin.GetAsync(Path)).Json;
}
