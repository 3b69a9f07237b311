using System.Text.Json;
using Builds.GraphTracker.Cascading.Decision;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Builds.GraphTracker.Cascading;

/// <summary>
/// Decides what stands on tags that have changed: all together, and where that cannot be done, in ever smaller parts.
/// What is left over stays undecided, so that nothing is forgotten. Inside a write to the store.
/// </summary>
internal sealed class Seeds(SqliteConnection db, CascadeLimits limits, long now)
{
    private const int MostFailures = 32; // other writes wait
    private const int MostNamed = 5;

    private static readonly TimeSpan BetweenRounds = TimeSpan.FromSeconds(1);

    private int _failures;

    /// <summary>Units that were looked at and are outdated.</summary>
    internal int Outdated { get; private set; }

    internal List<Stuck> Stuck { get; } = [];

    internal void Decide(IReadOnlyList<long> seeds)
    {
        if (seeds.Count == 0 || Apart.Try(db, () => DecideTogether(seeds)) is not { } error)
            return;

        if (seeds.Count == 1 || ++_failures >= MostFailures)
        {
            Keep(seeds, error);
            return;
        }

        Decide([.. seeds.Take(seeds.Count / 2)]);
        Decide([.. seeds.Skip(seeds.Count / 2)]);
    }

    private void DecideTogether(IReadOnlyList<long> seeds)
    {
        var snapshot = new Snapshots(db, limits, now).Read(seeds);
        var verdicts = Cascade.Decide(snapshot);
        Verdicts.Write(db, snapshot, verdicts);
        Outdated += verdicts.Count;
    }

    private const string SelectNames = """
        select image.registry || '/' || image.repository || ':' || tag.name
          from tag join image on image.id = tag.image
         where tag.id in (select value from json_each(@tags)) order by tag.id limit @most
        """;

    private void Keep(IReadOnlyList<long> seeds, Exception error)
    {
        // Those that were not looked at one by one are soon, so that every round tells more of them apart; in between
        // others may write.
        var pause = seeds.Count > 1 ? BetweenRounds : Apart.Pause;
        Postpone(db, seeds, now + (long)pause.TotalMilliseconds, error);
        var tags = JsonSerializer.Serialize(seeds);
        var names = string.Join(", ", db.Query<string>(SelectNames, new { tags, most = MostNamed }));
        Stuck.Add(new Stuck(
            seeds.Count > MostNamed ? $"What stands on {names} and others" : $"What stands on {names}", error));
    }

    private const string SetDue = """
        insert into undecided (tag, due_at, problem) select value, @due, @problem from json_each(@tags) where true
            on conflict (tag) do update set due_at = excluded.due_at, problem = excluded.problem
        """;

    /// <summary>They stay undecided, and what stands on them is not asked for.</summary>
    /// <param name="due">When they are tried again, Unix milliseconds.</param>
    internal static void Postpone(SqliteConnection db, IReadOnlyList<long> tags, long due, Exception error) =>
        db.Execute(SetDue, new { tags = JsonSerializer.Serialize(tags), due, problem = Apart.Words(error) });
}
