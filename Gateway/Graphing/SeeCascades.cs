using Builds.Contracts;
using Builds.Gateway.Describing;
using Builds.Gateway.Queueing;
using Builds.Gateway.Securing;

namespace Builds.Gateway.Graphing;

/// <summary>A page of cascades, the newest first, and where the next one is.</summary>
public sealed record CascadePage(IReadOnlyList<CascadeSummary> Cascades, string? Next);

/// <summary><c>/v1/cascades</c>: GraphTracker knows them, and the token says which are shown.</summary>
public sealed partial class SeeCascades(GraphClient graph, Links links, ILogger<SeeCascades> logger)
{
    private static readonly string[] States = ["running", "blocked", "done", "cancelled"];

    /// <summary>A token of a namespace sees the cascades that began there; pages may then be short.</summary>
    public async Task<CascadePage> ListAsync(
        Caller caller, string? state, string? cursor, HttpRequest request, CancellationToken cancel)
    {
        if (!caller.IsAdmin)
            caller.Demand(TokenScopes.Read, caller.Namespace!);
        if (state is not null && !States.Contains(state))
            throw RefusedException.Bad("state", $"state must be one of {string.Join(", ", States)}.");
        Guid? after = cursor is null ? null
            : Guid.TryParse(Page.Parts(cursor, 1)[0], out var id) ? id
            : throw Page.BadCursor();

        var page = await graph.AskAsync(new ListCascades { State = state, After = after }, cancel);
        return new CascadePage(
            [.. page.Items.Where(one => caller.IsAdmin || NamespaceOf(one.Root) == caller.Namespace)],
            page.Next is { } next ? links.To(request, Page.Next(request, next.ToString())) : null);
    }

    /// <summary>Shown to the namespace of its root and to those of all images in it.</summary>
    public async Task<CascadeDetails> SeeAsync(Caller caller, Guid id, CancellationToken cancel)
    {
        var details = await graph.AskAsync(new ReadCascade { CascadeId = id }, cancel);
        if (details.Cascade is not { } cascade)
            throw NotThere();
        if (!details.Nodes.Any(node => NamespaceOf(node.Image) == caller.Namespace))
            caller.Demand(TokenScopes.Read, NamespaceOf(cascade.Root));
        else
            caller.Demand(TokenScopes.Read, caller.Namespace!);
        return details;
    }

    public async Task<CascadeSummary> ChangeAsync(
        Caller caller, Guid id, CascadeChange change, CancellationToken cancel)
    {
        var known = (await graph.AskAsync(new ReadCascade { CascadeId = id }, cancel)).Cascade ?? throw NotThere();
        caller.Demand(TokenScopes.Trigger, NamespaceOf(known.Root));

        Log.Changing(logger, caller.Name, change, id, known.Root);
        var taken = await graph.AskAsync(
            new ChangeCascade { CascadeId = id, Change = change, By = caller.Name }, cancel);
        if (taken.Problem is { } problem)
            throw RefusedException.Conflict(problem);
        return taken.Cascade ?? throw NotThere();
    }

    /// <param name="image"><c>registry/repository[:tag]</c></param>
    public static string NamespaceOf(string image) => BuildQueue.NamespaceOf(RepositoryOf(image));

    private static string RepositoryOf(string image)
    {
        var repository = image[(image.IndexOf('/') + 1)..];
        return repository.LastIndexOf(':') is var colon and > 0 ? repository[..colon] : repository;
    }

    private static RefusedException NotThere() =>
        RefusedException.NotFound("There is no cascade of that id; GET /v1/cascades lists them.");

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "{by} asks to {change} the cascade {cascade} of {root}")]
        public static partial void Changing(ILogger logger, string by, CascadeChange change, Guid cascade, string root);
    }
}
