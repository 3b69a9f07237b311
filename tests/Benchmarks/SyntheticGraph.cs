using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Builds.GraphTracker.Layers;
using Builds.GraphTracker.Registries;
using Builds.GraphTracker.Storing;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Builds.Benchmarks;

/// <summary>
/// Trees of 10 000 images of three layers each: a root, 100 on it, 99 on each of those. All but the roots are defined, and
/// were built once. They are written as rows, which is what recording them one by one comes to.
/// </summary>
public static class SyntheticGraph
{
    /// <summary>Of the whole graph.</summary>
    public const int Trees = 66;

    public const int TreeSize = 1 + Branches + (Branches * Leaves);

    /// <summary>The name of their registry, which nobody resolves.</summary>
    public const string Host = "registry.example.org";

    private const int Branches = 100;
    private const int Leaves = 99;
    private const int OwnLayers = 3;

    /// <param name="place">In the tree: empty for the root, <c>/7</c>, <c>/7/12</c>.</param>
    public static SeenImage Image(int tree, string place, string version = "") => new()
    {
        Digest = Digest($"{tree}{place}{version}"),
        MediaType = "application/vnd.oci.image.manifest.v1+json",
        Platform = "linux/amd64",
        DiffIds = [.. Layers(tree, place, version)],
        Content = SHA256.HashData(Encoding.UTF8.GetBytes($"{tree}{place}{version}")),
        History = [],
    };

    public static string Repository(int tree, string place) => $"tree-{tree}/image{place}";

    public static Task GrowAsync(GraphStore store, int tree) =>
        store.WriteAsync(db =>
        {
            var rows = new Rows(db);
            var root = rows.Add(tree, "", null);
            for (var branch = 0; branch < Branches; branch++)
            {
                var above = rows.Add(tree, $"/{branch}", root);
                for (var leaf = 0; leaf < Leaves; leaf++)
                    rows.Add(tree, $"/{branch}/{leaf}", above);
            }

            SyntheticBuilds.Add(db, root.Tag);
        }, CancellationToken.None);

    private static string Digest(string of) => "sha256:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(of)));

    private static IEnumerable<string> Layers(int tree, string place, string version)
    {
        var below = place.Length == 0 ? [] : Layers(tree, place[..place.LastIndexOf('/')], "");
        return below.Concat(Enumerable.Range(0, OwnLayers).Select(layer =>
            Digest(string.Create(CultureInfo.InvariantCulture, $"layer {layer} of {tree}{place}{version}"))));
    }

    private sealed record Written(long Tag, long Manifest);

    private sealed class Rows(SqliteConnection db)
    {
        private const string Insert = """
            insert into image (id, registry, repository) values (@id, @Host, @repository);
            insert into manifest (id, digest, image, state, kind, platform, chain, content, history)
            values (@id, @digest, @id, 'read', 'image', 'linux/amd64', @chain, @content, x'');
            insert into member (index_id, image_id, platform) values (@id, @id, 'linux/amd64');
            insert into tag (id, image, name, manifest, moves, moved_at, asked_at) values (@id, @id, 'latest', @id, 1, 0, 0);
            insert into tag_move (tag, number, new_manifest, at, source) values (@id, 1, @id, 0, 'push');
            insert into tag_past (tag, manifest) values (@id, @id);
            """;

        private const string InsertEdge = """
            insert into edge (child, base, evidence, kind, counts) values (@id, @base, 4, 'finalFrom', 1);
            insert or ignore into base_version (id, base_tag, manifest, platforms) values (@base, @base, @base, 'linux/amd64');
            insert into standing (tag, version, kind, evidence, pinned) values (@id, @base, 'finalFrom', 4, 0);
            """;

        private long _next = db.QuerySingle<long>("select coalesce(max(id), 0) from image");

        public Written Add(int tree, string place, Written? on)
        {
            var (image, id) = (Image(tree, place), ++_next);
            db.Execute(Insert, new
            {
                id,
                Host,
                repository = Repository(tree, place),
                digest = image.Digest,
                chain = Chains.Record(db, image.DiffIds),
                content = image.Content.ToArray(),
            });
            if (on is not null)
                db.Execute(InsertEdge, new { id, @base = on.Manifest });
            return new Written(id, id);
        }
    }
}
