using Dapper;
using Microsoft.Data.Sqlite;

namespace Builds.Benchmarks;

/// <summary>
/// A base on which 100 000 defined images stand, beside all that the graph has already. They have no layers: that each was
/// built once says what it stands on.
/// </summary>
/// <param name="Base">Its tag.</param>
/// <param name="Pushed">The manifest of its next push.</param>
public sealed record SyntheticCascade(long Base, long Pushed)
{
    public const int Images = 100_000;

    private static readonly Dictionary<int, int[]> Sizes = new()
    {
        [2] = [1_000, 99_000],
        [4] = [100, 1_000, 10_000, 88_900],
    };

    private const string Begin = """
        create temp table each (id integer primary key, base integer);
        insert into each (id) select 1 + max(id) from manifest
        """;

    private const string AddStorey = """
        with recursive number(n) as (select 0 union all select n + 1 from number where n + 1 < @size)
        insert into each select @first + n, @below + n % @sizeBelow from number
        """;

    private const string WriteRows = """
        insert into image (id, registry, repository) select id, 'registry.example.org', 'team/image-' || id from each;
        insert into manifest (id, digest, image, state, kind, platform, content)
        select id, printf('sha256:%064d', id), id, 'read', 'image', 'linux/amd64', cast(id as blob) from each;
        insert into manifest (id, digest, image, state, kind, platform, content)
        select 1 + max(id), printf('sha256:%064d', 1 + max(id)), min(id), 'read', 'image', 'linux/amd64', x'00' from each;
        insert into tag (id, image, name, manifest, moves, moved_at) select id, id, 'latest', id, 1, 0 from each;
        insert into tag_move (tag, number, new_manifest, at, source) select id, 1, id, 0, 'push' from each;
        insert into tag_past (tag, manifest) select id, id from each;
        insert into base_version (id, base_tag, manifest, platforms)
        select distinct base, base, base, 'linux/amd64' from each where base is not null;
        insert into standing (tag, version, kind, evidence, pinned)
        select id, base, 'finalFrom', 1, 0 from each where base is not null;
        """;

    private const string End = "select min(id), 1 + max(id) from each; drop table each";

    public static SyntheticCascade Grow(SqliteConnection db, int storeys)
    {
        db.Execute(Begin);
        var (below, sizeBelow) = (db.QuerySingle<long>("select id from each"), 1);
        foreach (var size in Sizes[storeys])
        {
            var first = below + sizeBelow;
            db.Execute(AddStorey, new { size, first, below, sizeBelow });
            (below, sizeBelow) = (first, size);
        }

        db.Execute(WriteRows);
        var (root, pushed) = db.QuerySingle<(long, long)>(End);
        SyntheticBuilds.Add(db, root);
        return new SyntheticCascade(root, pushed);
    }

    private const string PushBase = """
        update tag set manifest = @Pushed, moves = 2 where id = @Base;
        insert into tag_move (tag, number, old_manifest, new_manifest, at, source) values (@Base, 2, @Base, @Pushed, 1, 'push');
        update base_version set stale = 1 where base_tag = @Base;
        insert or replace into undecided (tag) values (@Base);
        """;

    public void Push(SqliteConnection db) => db.Execute(PushBase, this);

    private const string UndoPush = """
        delete from rebuilt_tag; delete from rebuild; delete from verdict; delete from cascade; delete from undecided;
        delete from build where id not like 'build-%';
        update base_version set stale = 0 where base_tag = @Base;
        delete from tag_move where tag = @Base and number = 2;
        update tag set manifest = @Base, moves = 1 where id = @Base;
        """;

    /// <summary>With all that came of it.</summary>
    public void Undo(SqliteConnection db) => db.Execute(UndoPush, this);

    private const string EndOne = """
        insert into build (id, image, outcome, completed, completed_at)
        select build, image, 'failed', '{"reason":"RUN ended with 7"}', 1 from rebuild where state = 'open' limit 1
        """;

    /// <summary>The end of a rebuild is told: it has failed.</summary>
    public static void EndRebuild(SqliteConnection db) => db.Execute(EndOne);
}
