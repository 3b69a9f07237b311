using System.Globalization;
using Builds.Gateway.Defining;
using Builds.Gateway.Describing;
using Builds.Gateway.Securing;
using Builds.Gateway.Storing;
using Dapper;

namespace Builds.Gateway.Following;

/// <summary>A page of builds, the newest first, and where the next one is.</summary>
public sealed record BuildPage(IReadOnlyList<SeenBuild> Builds, string? Next);

/// <summary><c>GET /v1/builds</c>: those that the token may read.</summary>
public sealed class ListBuilds(GatewayStore store, Images images, SeeBuild see, Links links)
{
    private static readonly string[] States =
    [
        "accepted", "queued", "waiting", "running",
        "succeeded", "failed", "errored", "cancelled", "timedOut", "superseded",
    ];

    public sealed record Filter(string? Image, string? Registry, string? State, string? Cursor, int? Limit);

    public BuildPage Handle(Caller caller, Filter filter, HttpRequest request)
    {
        if (!caller.IsAdmin)
            caller.Demand(TokenScopes.Read, caller.Namespace!);
        if (filter.State is { } state && !States.Contains(state))
            throw RefusedException.Bad("state", $"state must be one of {string.Join(", ", States)}.");

        var size = Page.Size(filter.Limit);
        var image = filter.Image is null ? null : images.Named(filter.Image, filter.Registry);
        var rows = store.Read(db => db.Query<BuildRow>(Select(caller, filter), new
        {
            before = Before(filter.Cursor),
            ns = caller.Namespace,
            filter.State,
            image?.Registry,
            image?.Repository,
            limit = size + 1,
        }).AsList());
        var shown = rows.Take(size).ToList();
        return new BuildPage(
            [.. shown.Select(row => see.Show(row, FollowingSlice.LinksOf(row, links, request)))],
            rows.Count > size ? links.To(request, Page.Next(request, $"{shown[^1].Number}")) : null);
    }

    // Only the conditions that are asked for: with "or is null" no index would serve.
    private static string Select(Caller caller, Filter filter) => $"""
        select {BuildRow.Columns} from build where number < @before
        {(filter.Image is null ? "" : "and registry = @Registry and repository = @Repository")}
        {(filter.State is null ? "" : "and state = @State")}
        {(caller.IsAdmin ? "" : "and namespace = @ns")}
        order by number desc limit @limit
        """;

    private static long Before(string? cursor)
    {
        if (cursor is null)
            return long.MaxValue;
        var part = Page.Parts(cursor, 1)[0];
        return long.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw Page.BadCursor();
    }
}
