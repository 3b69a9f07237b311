using System.Text.Json;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Builds.GraphTracker.Cascading;

/// <summary>Writes what was decided. What has not changed is left alone, and told to nobody again.</summary>
internal static class Verdicts
{
    private const string Upsert = """
        insert into verdict (tag, outdated, since, digest, base, base_tag, old_digest, new_digest, evidence, through,
                             outlook, next, depth, cascade, move, bases, unit, ready_at, build)
        select @tag, 1, @now, manifest.digest, @Base, @BaseTag, @OldDigest, @NewDigest, @Evidence, @through,
               @outlook, @next, @depth, @cascade, @move, @bases, @unit, @readyAt, @build
          from tag join manifest on manifest.id = tag.manifest where tag.id = @tag
            on conflict (tag) do update
           set outdated = 1, since = iif(verdict.outdated, verdict.since, excluded.since), digest = excluded.digest,
               base = excluded.base, base_tag = excluded.base_tag, old_digest = excluded.old_digest,
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

    private const string Lower = """
        update verdict
           set outdated = 0, since = @now, ready_at = null, cascade = null, version = version + 1,
               digest = coalesce((select manifest.digest from tag join manifest on manifest.id = tag.manifest
                                   where tag.id = verdict.tag), digest)
         where outdated = 1 and tag in (select tag from affected)
           and tag not in (select value from json_each(@outdated))
        """;

    internal static void Write(SqliteConnection db, Snapshot snapshot, IReadOnlyDictionary<long, Verdict> verdicts)
    {
        var outdated = new List<long>();
        foreach (var unit in snapshot.Units)
        {
            if (!verdicts.TryGetValue(unit.Id, out var verdict))
                continue;
            CascadeRows.Begin(db, verdict, snapshot.Now);
            var bases = Cascade.BasesOf(unit);
            foreach (var tag in unit.Tags)
            {
                outdated.Add(tag);
                Put(db, tag, unit, verdict, bases, snapshot.Now);
            }
        }

        db.Execute(Lower, new { now = snapshot.Now, outdated = JsonSerializer.Serialize(outdated) });
    }

    private static void Put(SqliteConnection db, long tag, Unit unit, Verdict verdict, string bases, long now) =>
        db.Execute(Upsert, new
        {
            tag,
            now,
            verdict.Cause.Base,
            verdict.Cause.BaseTag,
            verdict.Cause.OldDigest,
            verdict.Cause.NewDigest,
            verdict.Cause.Evidence,
            through = verdict.Through,
            outlook = JsonNamingPolicy.CamelCase.ConvertName(verdict.Outlook.ToString()),
            next = verdict.Next,
            depth = verdict.Depth,
            cascade = verdict.Cascade,
            move = verdict.Cause.Move.Id,
            bases,
            unit = unit.Id,
            readyAt = verdict.ReadyAt,
            build = verdict.BuildId?.ToString(),
        });
}
