using Builds.Contracts;
using Builds.Gateway.Describing;
using Builds.Gateway.Flagging;
using Builds.Gateway.Securing;
using Builds.Gateway.Storing;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Builds.Gateway.Defining;

/// <summary>A page of images, and where the next one is.</summary>
public sealed record ImagePage(IReadOnlyList<ListedImage> Images, string? Next);

/// <param name="Git">Left out, as Ref and Version, where it is not built here but known to be outdated.</param>
/// <param name="Why">By which bases, and what happens now; where ?outdated=true asks for it.</param>
public sealed record ListedImage(
    string Image,
    string Registry,
    string? Git,
    string? Ref,
    long? Version,
    bool Outdated,
    IReadOnlyList<ImageOutdated>? Why,
    string Self);

/// <summary><c>GET /v1/images</c>: those that the token may read, by name.</summary>
public sealed class ListImages(GatewayStore store, Links links)
{
    // What is not built here is listed only where it is asked for what is outdated.
    private const string Select = """
        select repository as Image, registry as Registry, git as Git, ref as Ref, version as Version,
               is_outdated as Outdated
          from (select repository, registry, namespace, definition ->> '$.git' as git, definition ->> '$.ref' as ref,
                       version,
                       exists (select 1 from outdated where outdated.registry = image.registry
                                  and outdated.repository = image.repository) as is_outdated
                  from image
                union all
                select distinct repository, registry, namespace, null, null, null, 1
                  from outdated
                 where @Outdated and not exists (select 1 from image where image.registry = outdated.registry
                                                    and image.repository = outdated.repository))
         where (@ns is null or namespace = @ns)
           and (@q is null or instr(repository, @q) > 0)
           and (@Outdated is null or is_outdated = @Outdated)
           and (repository, registry) > (@repository, @registry)
         order by repository, registry
         limit @limit
        """;

    public sealed record Filter(string? Q, bool? Outdated, string? Cursor, int? Limit);

    public ImagePage Handle(Caller caller, Filter filter, HttpRequest request)
    {
        if (!caller.IsAdmin)
            caller.Demand(TokenScopes.Read, caller.Namespace!);
        var size = Page.Size(filter.Limit);
        var after = filter.Cursor is null ? ["", ""] : Page.Parts(filter.Cursor, 2);
        var rows = store.Read(db => Rows(db, new
        {
            ns = caller.Namespace,
            q = filter.Q?.ToLowerInvariant(),
            filter.Outdated,
            repository = after[0],
            registry = after[1],
            limit = size + 1,
        }, why: filter.Outdated == true));

        var shown = rows.Take(size).Select(row => Show(row, request)).ToList();
        return new ImagePage(shown, rows.Count > size
            ? links.To(request, Page.Next(request, shown[^1].Image, shown[^1].Registry))
            : null);
    }

    private static List<(Row Row, IReadOnlyList<ImageOutdated>? Why)> Rows(
        SqliteConnection db, object where, bool why) =>
    [
        .. db.Query<Row>(Select, where).AsList().Select(row => (
            row, why ? Flags.Of(db, new ImageReference { Registry = row.Registry, Repository = row.Image }) : null)),
    ];

    private ListedImage Show((Row, IReadOnlyList<ImageOutdated>?) shown, HttpRequest request)
    {
        var (row, why) = shown;
        return new ListedImage(
            row.Image, row.Registry, row.Git, row.Ref, row.Version, row.Outdated, why,
            links.To(request, $"/v1/images/{row.Image}?registry={row.Registry}"));
    }

    // Not by a constructor: of what is computed SQLite knows no type while there is no row.
    private sealed record Row
    {
        public required string Image { get; init; }
        public required string Registry { get; init; }
        public string? Git { get; init; }
        public string? Ref { get; init; }
        public long? Version { get; init; }
        public required bool Outdated { get; init; }
    }
}
