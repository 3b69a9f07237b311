using System.Text.Json;
using System.Text.Json.Nodes;
using Builds.Contracts;
using Builds.ServiceDefaults;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Builds.Gateway.Tests;

/// <summary>Says what a worker says to the Gateway, and builds nothing.</summary>
public sealed class FakeWorker : IAsyncDisposable
{
    private static readonly JsonSerializerOptions Json = BuildsBus.Plain(new JsonSerializerOptions());

    private readonly IHost _host;

    private FakeWorker(IHost host) => _host = host;

    public static async Task<FakeWorker> StartAsync(Uri broker)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration["Bus:Address"] = broker.ToString();
        builder.AddBus(_ => { }, _ => { });
        builder.Services.Configure<MassTransitHostOptions>(options => options.WaitUntilStarted = true);
        var host = builder.Build();
        await host.StartAsync();
        return new FakeWorker(host);
    }

    public async Task<BuildClaim> ClaimAsync(JsonNode request, string worker = "worker-1") =>
        await AskAsync<ClaimBuild, BuildClaim>(new ClaimBuild
        {
            ClaimId = Guid.NewGuid(),
            Request = request.Deserialize<BuildRequested>(Json)!,
            Worker = worker,
        });

    public Task<ClaimRenewal> RenewAsync(RenewClaim renewal) => AskAsync<RenewClaim, ClaimRenewal>(renewal);

    /// <summary>As GraphTracker asks.</summary>
    public Task<FoundBuild> FindAsync(Guid build) =>
        AskAsync<FindBuild, FoundBuild>(new FindBuild { BuildId = build });

    public Task<ClaimRelease> ReleaseAsync(ReleaseClaim release) => AskAsync<ReleaseClaim, ClaimRelease>(release);

    /// <summary>Ends the build as it was claimed.</summary>
    public Task<BuildConclusion> ConcludeAsync(
        JsonNode request, int attempt, BuildOutcome outcome, int logBatches, string? reason = null)
    {
        var asked = request.Deserialize<BuildRequested>(Json)!;
        return AskAsync<ConcludeBuild, BuildConclusion>(new ConcludeBuild
        {
            Completed = new BuildCompleted
            {
                BuildId = asked.BuildId,
                Attempt = attempt,
                Outcome = outcome,
                Class = outcome == BuildOutcome.Succeeded ? null : FailureClass.Author,
                Reason = reason,
                Image = asked.Image,
                Tags = asked.Tags,
                Source = asked.Source with { Commit = new string('c', 40) },
                Cause = asked.Cause,
                Digest = outcome == BuildOutcome.Succeeded ? Digest : null,
                Pushed = outcome == BuildOutcome.Succeeded ? asked.Tags : [],
                Bases = [],
                Phases = [new BuildPhase { Name = "building", StartedAt = asked.RequestedAt, Seconds = 1.5 }],
                LogBatches = logBatches,
                CompletedAt = asked.RequestedAt,
            },
        });
    }

    public static string Digest { get; } = "sha256:" + new string('d', 64);

    public static JsonObject Log(Guid build, int attempt, int sequence, params string[] lines) => new()
    {
        ["buildId"] = build.ToString(),
        ["attempt"] = attempt,
        ["sequence"] = sequence,
        ["runs"] = new JsonArray(new JsonObject
        {
            ["step"] = "building",
            ["at"] = "2026-01-02T03:04:05Z",
            ["text"] = new JsonArray([.. lines.Select(line => (JsonNode)line)]),
        }),
    };

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
    }

    private async Task<TAnswer> AskAsync<TAsk, TAnswer>(TAsk ask)
        where TAsk : class
        where TAnswer : class
    {
        using var scope = _host.Services.CreateScope();
        var client = scope.ServiceProvider.GetRequiredService<IClientFactory>()
            .CreateRequestClient<TAsk>(TimeSpan.FromSeconds(60));
        return (await client.GetResponse<TAnswer>(ask)).Message;
    }
}
