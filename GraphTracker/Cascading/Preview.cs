using Builds.Contracts;
using Builds.GraphTracker.Cascading.Decision;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Builds.GraphTracker.Cascading;

/// <summary>
/// What a push would set off: the same decision, on the tables as if the tag had moved, and again as if each rebuild
/// that comes of it had succeeded.
/// </summary>
internal sealed class Preview(SqliteConnection db, CascadeOptions options, long now)
{
    private const int MostFlagged = 10_000;

    // What a tag never pointed to is no earlier version of it, wherever it moves.
    private const string SelectForeign = """
        select version.base_tag as Tag, manifest.digest as Digest
          from affected join base_version version on version.base_tag = affected.tag
          join manifest on manifest.id = version.manifest
         where not exists (
           select 1 from tag_past
            where tag_past.tag = version.base_tag
              and (tag_past.manifest = version.manifest or tag_past.manifest in
                   (select index_id from member where image_id = version.manifest)))
        """;

    internal CascadePreview Of(long tag, string root)
    {
        var limits = Round.LimitsOf(options) with { Settle = 0, SettleLimit = 0 };
        var imagined = new Imagined(
            new Snapshots(db, limits, now).Read([tag]), db.Query<(long, string)>(SelectForeign).ToHashSet());
        imagined.Push(tag, root);
        var rebuilt = new List<(Unit Unit, Verdict Verdict)>();
        for (var ready = imagined.Decide(); ready.Count > 0; ready = imagined.Decide())
        {
            rebuilt.AddRange(ready);
            imagined.Rebuild(ready);
        }

        return new CascadePreview
        {
            Root = root,
            Known = true,
            Rebuilt =
            [
                .. rebuilt.Select(one => Node(
                    one.Unit, one.Verdict, "waiting",
                    $"stands on {one.Verdict.Cause.Base}, evidence {one.Verdict.Cause.Evidence}")),
            ],
            Flagged =
            [
                .. imagined.Outdated.OrderBy(one => one.Verdict.Depth).Take(MostFlagged)
                    .Select(one => Node(one.Unit, one.Verdict, "flagged", one.Verdict.Next)),
            ],
            Minutes = new Estimate(db, options.MostAtOnce).Minutes(rebuilt),
        };
    }

    private const string SelectTag = "select name from tag where id in @Tags order by id";

    private CascadeNode Node(Unit unit, Verdict verdict, string state, string reason) => new()
    {
        Image = unit.Name[..unit.Name.LastIndexOf(':')],
        Tags = [.. db.Query<string>(SelectTag, unit)],
        Depth = verdict.Depth,
        State = state,
        Reason = reason,
    };
}
