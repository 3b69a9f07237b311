using Builds.Gateway.Queueing;
using Builds.Gateway.Storing;
using Dapper;

namespace Builds.Gateway.Following;

/// <summary>Why a build has not begun.</summary>
public sealed class Waiting(GatewayStore store, WorkerQueue workers)
{
    private const string CountAhead = """
        select count(*) from build where state in ('accepted', 'queued') and number < @Number
        """;

    /// <returns>Null where it waits for nothing any more.</returns>
    public async Task<string?> WhyAsync(BuildRow build, CancellationToken cancel)
    {
        switch (build.State)
        {
            case BuildState.Accepted:
                return "It is on its way to the broker.";
            case BuildState.Waiting:
                return build.Reason;
            case BuildState.Queued:
                var ahead = store.Read(db => db.ExecuteScalar<long>(CountAhead, new { build.Number }));
                var look = await workers.LookAsync(cancel);
                return look switch
                {
                    null => "The broker cannot be asked at the moment, so nothing is known about the workers.",
                    { Workers: 0 } => $"No worker is connected; {Ahead(ahead)}.",
                    _ => $"{Workers(look.Workers)} connected; {Ahead(ahead)}.",
                };
            default:
                return null;
        }
    }

    private static string Workers(uint count) => count == 1 ? "1 worker is" : $"{count} workers are";

    private static string Ahead(long count) => count switch
    {
        0 => "it is the next in the queue",
        1 => "1 build is ahead of it",
        _ => $"{count} builds are ahead of it",
    };
}
