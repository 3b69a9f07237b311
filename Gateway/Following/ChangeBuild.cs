using Builds.Gateway.Describing;
using Builds.Gateway.Queueing;
using Builds.Gateway.Securing;
using Builds.Gateway.Storing;

namespace Builds.Gateway.Following;

/// <summary><c>POST /v1/builds/{id}/cancel</c> and <c>/retry</c>.</summary>
public sealed class ChangeBuild(GatewayStore store, SeeBuild see, Cancellation cancellation, Retrying retrying)
{
    /// <summary>Ends what has not begun at once; asks the worker to end the rest.</summary>
    public async Task<BuildRow> CancelAsync(Caller caller, Guid id, CancellationToken cancel)
    {
        caller.Demand(TokenScopes.Trigger, see.Row(id).Namespace);
        var result = await store.WriteAsync(db => cancellation.Cancel(db, id, caller.Name), cancel)
            ?? throw SeeBuild.NotThere();
        return result.Done ? see.Row(id) : throw RefusedException.Conflict(result.Reason!);
    }

    /// <returns>The id of the new build.</returns>
    public async Task<Guid> RetryAsync(Caller caller, Guid id, CancellationToken cancel)
    {
        caller.Demand(TokenScopes.Trigger, see.Row(id).Namespace);
        var result = await store.WriteAsync(db => retrying.Retry(db, id, caller.Name), cancel)
            ?? throw SeeBuild.NotThere();
        return result.Request?.BuildId ?? throw RefusedException.Conflict(result.Reason!);
    }
}
