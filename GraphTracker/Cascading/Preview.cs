using Builds.Contracts;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Builds.GraphTracker.Cascading;

/// <summary>
/// What a push would set off: the same decision, on the tables as if the tag had moved, and again as if each rebuild
/// that comes of it had succeeded.
/// </summary>
internal sealed class Preview(SqliteConnection db, CascadeOptions options, long now)
{
    private const string NextDigest = "the next push";
    private const int MostFlagged = 10_000;

    internal CascadePreview Of(long tag, string root)
    {
        var limits = Round.LimitsOf(options) with { Settle = 0, SettleLimit = 0 };
        var snapshot = new Snapshots(db, limits, now).Read([tag]);
        var pushed = new Move { Id = long.MaxValue, Name = $"{root}#next", At = now, UnsettledSince = now };
        var units = snapshot.Units.Select(unit => Moved(unit, [tag], pushed)).ToList();
        var rebuilt = new List<(Unit Unit, Verdict Verdict)>();

        var verdicts = Cascade.Decide(snapshot with { Units = units });
        while (units.Where(unit => verdicts.GetValueOrDefault(unit.Id)?.ReadyAt is not null).ToList() is { Count: > 0 } ready)
        {
            foreach (var unit in ready)
            {
                var verdict = verdicts[unit.Id];
                rebuilt.Add((unit, verdict));
                var own = pushed with
                {
                    Id = long.MaxValue - 1, Name = unit.Name + "#next", Cascade = verdict.Cascade, Depth = verdict.Depth,
                };
                units = [.. units.Select(other => other.Id == unit.Id ? Renewed(other) : Moved(other, unit.Tags, own))];
            }

            verdicts = Cascade.Decide(snapshot with { Units = units });
        }

        return new CascadePreview
        {
            Root = root,
            Known = true,
            Rebuilt = [.. rebuilt.Select(one => Node(one.Unit, one.Verdict, "waiting", Why(one.Verdict)))],
            Flagged =
            [
                .. units.Where(unit => verdicts.ContainsKey(unit.Id)).Take(MostFlagged)
                    .Select(unit => Node(unit, verdicts[unit.Id], "flagged", verdicts[unit.Id].Next)),
            ],
            Minutes = Minutes(rebuilt),
        };
    }

    private static string Why(Verdict verdict) => $"stands on {verdict.Cause.Base}, evidence {verdict.Cause.Evidence}";

    private static Unit Moved(Unit unit, IReadOnlyList<long> tags, Move move) =>
        !unit.Bases.Any(footing => tags.Contains(footing.BaseTag))
            ? unit
            : unit with
            {
                Bases =
                [
                    .. unit.Bases.Select(footing => !tags.Contains(footing.BaseTag)
                        ? footing
                        : footing with { Stale = true, NewDigest = NextDigest, Move = move }),
                ],
            };

    private static Unit Renewed(Unit unit) =>
        unit with { Bases = [.. unit.Bases.Select(footing => footing.Pinned ? footing : footing with { Stale = false })] };

    private const string SelectTag = "select name from tag where id in @Tags order by id";

    private CascadeNode Node(Unit unit, Verdict verdict, string state, string reason) => new()
    {
        Image = unit.Name[..unit.Name.LastIndexOf(':')],
        Tags = [.. db.Query<string>(SelectTag, unit)],
        Depth = verdict.Depth,
        State = state,
        Reason = reason,
    };

    private const string SelectSeconds = """
        select (select sum(phase.value ->> '$.seconds') from json_each(build.completed, '$.phases') phase)
          from build join tag on tag.image = build.image
         where tag.id = @Id and build.outcome = 'succeeded'
         order by build.completed_at desc limit 5
        """;

    // Storey by storey, as many at a time as there may be; an image that was never built takes as long as the others.
    private double? Minutes(List<(Unit Unit, Verdict Verdict)> rebuilt)
    {
        var known = rebuilt.ToDictionary(one => one.Unit.Id, one => Median(db.Query<double?>(SelectSeconds, one.Unit)));
        if (Median(known.Values) is not { } usual)
            return null;
        var seconds = rebuilt.GroupBy(one => one.Verdict.Depth).Sum(storey =>
        {
            var each = storey.Select(one => known[one.Unit.Id] ?? usual).ToList();
            return Math.Max(each.Max(), each.Sum() / options.MostAtOnce);
        });
        return Math.Round(seconds / 60, 2);
    }

    private static double? Median(IEnumerable<double?> values)
    {
        var sorted = values.OfType<double>().Order().ToList();
        return sorted.Count == 0 ? null : sorted[sorted.Count / 2];
    }
}
