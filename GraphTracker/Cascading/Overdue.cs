using Builds.Contracts;
using Builds.GraphTracker.Layers;
using Builds.GraphTracker.Registries;
using Builds.GraphTracker.Storing;
using Dapper;
using MassTransit;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Options;

namespace Builds.GraphTracker.Cascading;

/// <summary>
/// Asks the Gateway after rebuilds whose end has not been told for long: one that it does not know is asked for again,
/// under the same id; of one that has ended the end is taken.
/// </summary>
public sealed partial class Overdue(
    GraphStore store, IBusControl bus, IOptions<CascadeOptions> options, IOptions<RegistryOptions> registries,
    TimeProvider clock, ILogger<Overdue> logger) : BackgroundService
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    private readonly IRequestClient<FindBuild> _find =
        bus.CreateRequestClient<FindBuild>(new Uri("queue:gateway.find-build"), Patience);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Pause, clock);
        do
        {
            // a request that is given up without a connection keeps the bus from connecting again
            if (bus.CheckHealth().Status == BusHealthStatus.Healthy)
                await LookAsync(stoppingToken);
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task LookAsync(CancellationToken cancel)
    {
        try
        {
            foreach (var build in store.Read(db => Find(db, clock.GetUtcNow().ToUnixTimeMilliseconds())))
            {
                if (!await IsAnsweredAsync(build, cancel))
                    return; // the next one would get no answer either
            }
        }
        catch (Exception e) when (!cancel.IsCancellationRequested)
        {
            Log.NotFound(logger, e);
        }
    }

    private const string Select = """
        select build from rebuild where state = 'open' and look_at <= @now order by look_at limit 100
        """;

    private static List<Guid> Find(SqliteConnection db, long now) =>
        [
            .. db.Query<string>(Select, new { now })
                .Select(id => Guid.TryParse(id, out var build) ? build : Guid.Empty)
                .Where(build => build != Guid.Empty), // a damaged one is told where its image is decided
        ];

    private async Task<bool> IsAnsweredAsync(Guid build, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(Patience); // without a broker a request waits for its token and nothing else
        try
        {
            var found = await _find.GetResponse<FoundBuild>(new FindBuild { BuildId = build }, limit.Token);
            await TakeAsync(build, found.Message, cancel);
            return true;
        }
        catch (RequestFaultException e)
        {
            // of this one alone
            Log.Faulted(logger, build, e.Message);
            await store.WriteAsync(db => LookLater(db, build, isKnown: true), cancel);
            return true;
        }
        catch (Exception e)
        {
            cancel.ThrowIfCancellationRequested();
            Log.NoAnswer(logger, build, e.Message);
            return false;
        }
    }

    // What cannot be written of one must not keep the others from being asked about.
    private async Task TakeAsync(Guid build, FoundBuild found, CancellationToken cancel)
    {
        try
        {
            await store.WriteAsync(db => Take(db, found), cancel);
            Log.Found(logger, build, found.State ?? "not known to the Gateway: asked for again");
        }
        catch (Exception e) when (!cancel.IsCancellationRequested)
        {
            Log.NotTaken(logger, e, build);
        }
    }

    private void Take(SqliteConnection db, FoundBuild found)
    {
        if (found.Completed is { } completed)
            Recording.Run(db, clock.GetUtcNow(), recording => recording.Build(completed, registries.Value.Default));
        LookLater(db, found.BuildId, isKnown: found.State is not null);
    }

    // One whose end has come meanwhile is not asked for again.
    private const string SetLookAt = """
        update rebuild set look_at = @lookAt, told = iif(@isKnown, told, 0) where build = @id and state = 'open'
        """;

    private void LookLater(SqliteConnection db, Guid build, bool isKnown)
    {
        var lookAt = clock.GetUtcNow().AddMinutes(options.Value.OverdueMinutes).ToUnixTimeMilliseconds();
        db.Execute(SetLookAt, new { id = build.ToString(), isKnown, lookAt });
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "The rebuild {build} is overdue; it is {state}")]
        public static partial void Found(ILogger logger, Guid build, string state);

        [LoggerMessage(LogLevel.Warning, "The rebuild {build} is overdue, and the Gateway does not answer ({why})")]
        public static partial void NoAnswer(ILogger logger, Guid build, string why);

        [LoggerMessage(LogLevel.Error,
            "The rebuild {build} is overdue, and the Gateway fails to look it up; see its log. It is asked again later "
            + "({why})")]
        public static partial void Faulted(ILogger logger, Guid build, string why);

        [LoggerMessage(LogLevel.Error, "What became of the rebuild {build} could not be recorded; it is asked again")]
        public static partial void NotTaken(ILogger logger, Exception e, Guid build);

        [LoggerMessage(LogLevel.Error, "Rebuilds that are overdue could not be looked for; it is tried again")]
        public static partial void NotFound(ILogger logger, Exception e);
    }
}
