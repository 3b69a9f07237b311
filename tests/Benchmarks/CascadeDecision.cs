using System.Diagnostics;
using Builds.GraphTracker.Cascading;
using Builds.GraphTracker.Storing;
using Builds.Parts;
using Dapper;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Options;

namespace Builds.Benchmarks;

/// <summary>
/// A base on which 100 000 defined images stand, on two storeys, is pushed: read what that concerns, decide, write it. And
/// the decisions that come after: each takes the end of one rebuild, and asks for the next.
/// </summary>
public static class CascadeDecision
{
    private const int Images = 100_000;
    private const int Branches = 1_000;

    private static readonly CascadeOptions Settings = new() { SettleSeconds = 0, MostImages = 1_000_000 };

    public static async Task<IEnumerable<Row>> RunAsync(int rounds)
    {
        using var folder = new TempFolder("cascade-decision");
        await using var store = new GraphStore(Options.Create(new StoreOptions { Folder = folder.FullPath }));
        await store.WriteAsync(Grow, CancellationToken.None);
        var (first, next) = (new List<double>(), new List<double>());
        for (var round = 0; round <= rounds; round++)
        {
            await store.WriteAsync(Reset, CancellationToken.None);
            var seconds = await DecideAsync(store, Images);
            await store.WriteAsync(End, CancellationToken.None);
            var milliseconds = 1000 * await DecideAsync(store, 1);
            if (round == 0)
                continue; // warms up
            first.Add(seconds);
            next.Add(milliseconds);
        }

        return
        [
            new Row("a cascade of 100 000 images: read, decided, written", "s", first, "at most 5 s"),
            new Row("the next decision in it, when one rebuild has failed", "ms", next, "–"),
        ];
    }

    private static async Task<double> DecideAsync(GraphStore store, int atLeast)
    {
        var watch = Stopwatch.StartNew();
        var decided = await store.WriteAsync(
            db => Round.Run(db, Settings, TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds()), CancellationToken.None);
        return decided.Outdated >= atLeast && decided.Asked.Count > 0
            ? watch.Elapsed.TotalSeconds
            : throw new PartException($"only {decided.Outdated} are outdated, and {decided.Asked.Count} were asked for");
    }

    // The first is the base; as many as there are branches stand on it, all others on those.
    private const string GrowRows = """
        create temp table each (id integer primary key, base integer);
        with recursive number(id) as (select 0 union all select id + 1 from number where id < @Images)
        insert into each select id + 1, iif(id = 0, null, iif(id <= @Branches, 1, 2 + id % @Branches)) from number;
        insert into image (id, registry, repository) select id, 'registry.example.org', 'team/image-' || id from each;
        insert into manifest (id, digest, image, state, kind, platform, content)
        select id, printf('sha256:%064d', id), id, 'read', 'image', 'linux/amd64', cast(id as blob) from each;
        insert into manifest (id, digest, image, state, kind, platform, content)
        values (-1, printf('sha256:%064d', 0), 1, 'read', 'image', 'linux/amd64', x'00');
        insert into tag (id, image, name, manifest, moves, moved_at) select id, id, 'latest', id, 1, 0 from each;
        update tag set manifest = -1, moves = 2 where id = 1;
        insert into tag_move (tag, number, new_manifest, at, source) select id, 1, id, 0, 'push' from each;
        insert into tag_move (tag, number, old_manifest, new_manifest, at, source) values (1, 2, 1, -1, 1, 'push');
        insert into base_version (id, base_tag, manifest, platforms, stale)
        select distinct base, base, base, 'linux/amd64', base = 1 from each where base is not null;
        insert into standing (tag, version, kind, evidence, pinned)
        select id, base, 'finalFrom', 1, 0 from each where base is not null;
        insert into definition (image, version, definition)
        select id, 1, json_object('image', json_object('registry', 'registry.example.org', 'repository', 'team/image-' || id),
                 'version', 1, 'source', json_object('git', 'https://git.example.org/x.git', 'ref', 'main'),
                 'tags', json_array('latest'), 'rebuild', json_object('on', 'everyFrom', 'source', 'asBuilt'))
          from each where base is not null;
        insert into build (id, image, digest, outcome, completed, completed_at)
        select 'build-' || id, id, printf('sha256:%064d', id), 'succeeded',
               json_object('buildId', '00000000-0000-0000-0000-000000000000', 'attempt', 1, 'outcome', 'succeeded',
                 'image', json_object('repository', 'team/image-' || id), 'tags', json_array('latest'),
                 'source', json_object('git', 'https://git.example.org/x.git', 'ref', 'main', 'commit', 'c0ffee'),
                 'pushed', json_array('latest'), 'bases', json_array(), 'phases', json_array(), 'logBatches', 0,
                 'completedAt', '2026-01-02T03:04:05Z'), 0
          from each where base is not null;
        drop table each;
        """;

    private static void Grow(SqliteConnection db) => db.Execute(GrowRows, new { Images, Branches });

    private const string Forget = """
        delete from rebuilt_tag; delete from rebuild; delete from verdict; delete from cascade;
        delete from build where id not like 'build-%';
        insert or replace into undecided (tag) values (1);
        """;

    private static void Reset(SqliteConnection db) => db.Execute(Forget);

    private const string EndOne = """
        insert into build (id, image, outcome, completed, completed_at)
        select build, image, 'failed', '{"reason":"RUN ended with 7"}', 1 from rebuild where state = 'open' limit 1
        """;

    private static void End(SqliteConnection db) => db.Execute(EndOne);
}
