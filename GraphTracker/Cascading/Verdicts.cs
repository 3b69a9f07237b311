using System.Text.Json;
using Builds.GraphTracker.Cascading.Decision;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Builds.GraphTracker.Cascading;

/// <summary>Writes what was decided. What has not changed is left alone, and told to nobody again.</summary>
internal static class Verdicts
{
    // A row of values, and not one that is selected: those could be many, of which SQLite keeps in a file what it would
    // take back where one breaks a constraint, for each of a hundred thousand.
    private const string Upsert = """
        insert into verdict (tag, outdated, since, digest, base, base_tag, old_digest, new_digest, evidence, through,
                             outlook, next, depth, cascade, move, bases, unit, ready_at, build)
        values (@tag, 1, @since,
                (select manifest.digest from tag join manifest on manifest.id = tag.manifest where tag.id = @tag),
                @Base, @BaseTag, @OldDigest, @NewDigest, @Evidence, @through,
                @outlook, @next, @depth, @cascade, @move, @bases, @unit, @readyAt, @build)
            on conflict (tag) do update
           set outdated = 1, digest = excluded.digest, base = excluded.base,
               since = iif(verdict.outdated, verdict.since, max(verdict.since + 1, excluded.since)),
               base_tag = excluded.base_tag, old_digest = excluded.old_digest,
               new_digest = excluded.new_digest, evidence = excluded.evidence, through = excluded.through,
               outlook = excluded.outlook, next = excluded.next, depth = excluded.depth, cascade = excluded.cascade,
               move = excluded.move, bases = excluded.bases, unit = excluded.unit, ready_at = excluded.ready_at,
               build = excluded.build,
               version = version + (verdict.outdated = 0 or verdict.digest <> excluded.digest
                 or verdict.base <> excluded.base or verdict.old_digest <> excluded.old_digest
                 or verdict.new_digest <> excluded.new_digest or verdict.evidence <> excluded.evidence
                 or verdict.through is not excluded.through or verdict.outlook <> excluded.outlook
                 or verdict.next <> excluded.next or verdict.build is not excluded.build)
        """;

    // A tag that was released anew, or deleted, has left what it was to be renewed with.
    private const string Lower = """
        update verdict
           set outdated = 0, since = max(since + 1, @now), ready_at = null, cascade = null, unit = tag,
               version = version + 1,
               digest = coalesce((select manifest.digest from tag join manifest on manifest.id = tag.manifest
                                   where tag.id = verdict.tag), digest)
         where outdated = 1 and tag in (select tag from affected)
           and tag not in (select value from json_each(@outdated))
        """;

    private static readonly string[] Names =
    [
        "@tag", "@since", "@Base", "@BaseTag", "@OldDigest", "@NewDigest", "@Evidence", "@through", "@outlook", "@next",
        "@depth", "@cascade", "@move", "@bases", "@unit", "@readyAt", "@build",
    ];

    internal static void Write(SqliteConnection db, Snapshot snapshot, IReadOnlyDictionary<long, Verdict> verdicts)
    {
        var outdated = new List<long>();
        var begun = new HashSet<string>();
        using var upsert = db.CreateCommand(); // prepared once: there can be a hundred thousand rows
        upsert.CommandText = Upsert;
        foreach (var name in Names)
            upsert.Parameters.AddWithValue(name, DBNull.Value);
        foreach (var unit in snapshot.Units)
        {
            if (!verdicts.TryGetValue(unit.Id, out var verdict))
                continue;
            if (verdict.Cascade is { } cascade && !begun.Contains(cascade)
                && CascadeRows.Begin(db, verdict, snapshot.Now))
                begun.Add(cascade);
            var values = ValuesOf(unit, verdict);
            foreach (var tag in unit.Tags)
            {
                outdated.Add(tag);
                values[0] = tag;
                for (var place = 0; place < values.Length; place++)
                    upsert.Parameters[place].Value = values[place] ?? DBNull.Value;
                upsert.ExecuteNonQuery();
            }
        }

        db.Execute(Lower, new { now = snapshot.Now, outdated = JsonSerializer.Serialize(outdated) });
    }

    // In the order of their names; the tag is put in for each.
    private static object?[] ValuesOf(Unit unit, Verdict verdict)
    {
        var cause = verdict.Cause;
        return
        [
            null, Math.Max(cause.Moved!.LeftAt, unit.Since), cause.Base, cause.BaseTag, cause.OldDigest,
            cause.NewDigest, cause.Evidence, verdict.Through,
            JsonNamingPolicy.CamelCase.ConvertName(verdict.Outlook.ToString()),
            verdict.Next, verdict.Depth, verdict.Cascade, cause.Moved.Id, Cascade.BasesOf(unit), unit.Id,
            verdict.ReadyAt, verdict.BuildId?.ToString(),
        ];
    }
}
