using Builds.Gateway.Describing;
using Builds.Gateway.Securing;
using Builds.Gateway.Storing;
using Dapper;

namespace Builds.Gateway.Defining;

/// <summary>A page of images, and where the next one is.</summary>
public sealed record ImagePage(IReadOnlyList<ListedImage> Images, string? Next);

public sealed record ListedImage(
    string Image, string Registry, string Git, string Ref, long Version, bool Outdated, string Self);

/// <summary><c>GET /v1/images</c>: those that the token may read, by name.</summary>
public sealed class ListImages(GatewayStore store, Links links)
{
    private const string Select = """
        select repository as Image, registry as Registry, definition ->> '$.git' as Git, definition ->> '$.ref' as Ref,
               version as Version, exists (select 1 from outdated where outdated.registry = image.registry
                                           and outdated.repository = image.repository) as Outdated
          from image
         where (@ns is null or namespace = @ns)
           and (@q is null or instr(repository, @q) > 0)
           and (@outdated is null or Outdated = @outdated)
           and (repository, registry) > (@repository, @registry)
         order by repository, registry
         limit @limit
        """;

    public ImagePage Handle(Caller caller, string? q, bool? outdated, string? cursor, int? limit, HttpRequest request)
    {
        if (!caller.IsAdmin)
            caller.Demand(TokenScopes.Read, caller.Namespace!);
        var size = Page.Size(limit);
        var after = cursor is null ? ["", ""] : Page.Parts(cursor, 2);
        var rows = store.Read(db => db.Query<Row>(Select, new
        {
            ns = caller.Namespace,
            q = q?.ToLowerInvariant(),
            outdated,
            repository = after[0],
            registry = after[1],
            limit = size + 1,
        }).AsList());

        var shown = rows.Take(size).Select(row => Show(row, request)).ToList();
        return new ImagePage(shown, rows.Count > size
            ? links.To(request, Page.Next(request, shown[^1].Image, shown[^1].Registry))
            : null);
    }

    private ListedImage Show(Row row, HttpRequest request) => new(
        row.Image, row.Registry, row.Git, row.Ref, row.Version, row.Outdated,
        links.To(request, $"/v1/images/{row.Image}?registry={row.Registry}"));

    // Not by a constructor: of what is computed SQLite knows no type while there is no row.
    private sealed record Row
    {
        public required string Image { get; init; }
        public required string Registry { get; init; }
        public required string Git { get; init; }
        public required string Ref { get; init; }
        public required long Version { get; init; }
        public required bool Outdated { get; init; }
    }
}
