using System.Text.Json;
using Builds.Contracts;
using Builds.GraphTracker.Cascading.Decision;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Builds.GraphTracker.Cascading;

/// <summary>
/// What a push would set off: the same decision, on the tables as if the tag had moved, and again as if each rebuild
/// that comes of it had succeeded. All are counted, and as many named as an answer has room for.
/// </summary>
internal sealed class Preview(SqliteConnection db, CascadeOptions options, long now, int most = Preview.MostNamed)
{
    internal const int MostNamed = 10_000;

    // What a tag never pointed to is no earlier version of it, wherever it moves.
    private const string SelectForeign = """
        select version.base_tag as Tag, manifest.digest as Digest
          from affected cross join base_version version on version.base_tag = affected.tag
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

        var flagged = imagined.Outdated.OrderBy(one => one.Verdict.Depth).ToList();
        var first = rebuilt.Take(most).ToList();
        var flaggedFirst = flagged.Take(most - first.Count).ToList();
        // What is rebuilt and keeps an old base all the same is in both.
        var tags = TagsOf([.. first.Concat(flaggedFirst).SelectMany(one => one.Unit.Tags).Distinct()]);
        return new CascadePreview
        {
            Root = root,
            Known = true,
            Rebuilt =
            [
                .. first.Select(one => Node(one, tags, "waiting",
                    $"stands on {one.Verdict.Cause.Base}, evidence {one.Verdict.Cause.Evidence}")),
            ],
            RebuiltCount = rebuilt.Count,
            Flagged = [.. flaggedFirst.Select(one => Node(one, tags, "flagged", one.Verdict.Next))],
            FlaggedCount = flagged.Count,
            Minutes = new Estimate(db, options.MostAtOnce).Minutes(rebuilt, most),
        };
    }

    private const string SelectTags = """
        select tag.id, tag.name from json_each(@tags) named cross join tag on tag.id = named.value
        """;

    private Dictionary<long, string> TagsOf(IReadOnlyList<long> tags) =>
        db.Query<(long Id, string Name)>(SelectTags, new { tags = JsonSerializer.Serialize(tags) })
            .ToDictionary(tag => tag.Id, tag => tag.Name);

    private static CascadeNode Node(
        (Unit Unit, Verdict Verdict) one, Dictionary<long, string> tags, string state, string reason) => new()
    {
        Image = one.Unit.Name[..one.Unit.Name.LastIndexOf(':')],
        Tags = [.. one.Unit.Tags.Order().Select(tag => tags[tag])],
        Depth = one.Verdict.Depth,
        State = state,
        Reason = reason,
    };
}
