using System.Text.Json;
using Builds.Contracts;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Builds.GraphTracker.Cascading;

/// <summary>Something that was decided and not published yet.</summary>
/// <param name="Version">Of the row: what changes meanwhile is told again.</param>
internal sealed record Untold(string Table, string Key, long Version, object Message)
{
    private const int Most = 200; // of each kind at a time

    private const string SelectRebuilds = """
        select build as Id, request as Json from rebuild indexed by rebuild_untold where told = 0 order by id
        """;

    private const string SelectCascades = """
        select cascade.id as Id, image.registry || '/' || image.repository || ':' || tag.name as Root, state as State,
               counts as Counts, version as Version
          from cascade join tag on tag.id = cascade.root join image on image.id = tag.image
         where told < version
        """;

    internal const string VerdictColumns = """
        verdict.tag as Tag, image.registry as Registry, image.repository as Repository, tag.name as Name,
        verdict.digest as Digest, verdict.base as Base, verdict.old_digest as OldDigest,
        verdict.new_digest as NewDigest, verdict.evidence as Evidence, verdict.through as Through,
        verdict.since as Since, verdict.outlook as Outlook, verdict.next as Next, verdict.build as Build,
        verdict.outdated as Outdated, verdict.version as Version
        """;

    private const string SelectVerdicts = $"""
        select {VerdictColumns}
          from verdict join tag on tag.id = verdict.tag join image on image.id = tag.image
         where verdict.told < verdict.version
        """;

    /// <summary>Rebuilds first: they take longest.</summary>
    /// <param name="stuck">Takes what cannot be read: it stays untold, and all else is told.</param>
    internal static IReadOnlyList<Untold> Select(SqliteConnection db, List<Stuck> stuck) =>
    [
        .. Select<(string Id, string Json)>(
            db, SelectRebuilds, stuck, row => $"The rebuild {row.Id}", row => row.Id,
            row => new Untold("rebuild", row.Id, 1, Read<BuildRequested>(row.Json))),
        .. Select<VerdictRow>(
            db, SelectVerdicts, stuck,
            row => $"What was decided of {row.Registry}/{row.Repository}:{row.Name}", _ => null,
            row => new Untold("verdict", $"{row.Tag}", row.Version, row.Outdated != 0 ? row.Outdating : row.Renewed)),
        .. Select<(string Id, string Root, string State, string Counts, long Version)>(
            db, SelectCascades, stuck, row => $"How far cascade {row.Id} has come", _ => null,
            row => new Untold("cascade", row.Id, row.Version, new CascadeChanged
            {
                CascadeId = Guid.Parse(row.Id),
                Root = row.Root,
                State = row.State,
                Counts = Read<Dictionary<string, int>>(row.Counts),
            })),
    ];

    // However many cannot be read, those after them are found.
    private static IEnumerable<Untold> Select<TRow>(
        SqliteConnection db, string sql, List<Stuck> stuck, Func<TRow, string> name, Func<TRow, string?> build,
        Func<TRow, Untold> read) =>
        db.Query<TRow>(sql, buffered: false)
            .Select(row => Try(row, stuck, name, build, read)).OfType<Untold>().Take(Most);

    private static Untold? Try<TRow>(
        TRow row, List<Stuck> stuck, Func<TRow, string> name, Func<TRow, string?> build, Func<TRow, Untold> read)
    {
        try
        {
            return read(row);
        }
        catch (Exception e) when (Apart.IsOfThePart(e))
        {
            stuck.Add(new Stuck(name(row), e) { Build = build(row) });
            return null;
        }
    }

    private static T Read<T>(string json) =>
        JsonSerializer.Deserialize<T>(json, Snapshots.Json) ?? throw new JsonException("It is null.");

    private const string RebuildTold = "update rebuild set told = 1 where build = @Key";
    private const string VerdictTold = "update verdict set told = @Version where tag = cast(@Key as integer)";
    private const string CascadeTold = "update cascade set told = @Version where id = @Key";

    internal static void SetTold(SqliteConnection db, IReadOnlyList<Untold> told)
    {
        foreach (var one in told)
            db.Execute(one.Table switch { "rebuild" => RebuildTold, "verdict" => VerdictTold, _ => CascadeTold }, one);
    }

    /// <summary>A row of <c>verdict</c>, as others are told it.</summary>
    internal sealed record VerdictRow
    {
        public required long Tag { get; init; }
        public required string Registry { get; init; }
        public required string Repository { get; init; }
        public required string Name { get; init; }
        public required string Digest { get; init; }
        public required string Base { get; init; }
        public required string OldDigest { get; init; }
        public required string NewDigest { get; init; }
        public required string Evidence { get; init; }
        public string? Through { get; init; }
        public required long Since { get; init; }
        public required string Outlook { get; init; }
        public required string Next { get; init; }
        public string? Build { get; init; }
        public required long Outdated { get; init; }
        public required long Version { get; init; }

        private ImageReference Image => new() { Registry = Registry, Repository = Repository };

        public ImageOutdated Outdating => new()
        {
            Image = Image,
            Tag = Name,
            Digest = Digest,
            Base = Base,
            OldDigest = OldDigest,
            NewDigest = NewDigest,
            Evidence = Evidence,
            Through = Through,
            Since = DateTimeOffset.FromUnixTimeMilliseconds(Since),
            Next = Next,
            Outlook = Enum.Parse<OutdatedOutlook>(Outlook, ignoreCase: true),
            BuildId = Build is null ? null : Guid.Parse(Build),
            Version = Version,
        };

        public ImageCurrent Renewed => new()
        {
            Image = Image,
            Tag = Name,
            Digest = Digest,
            Since = DateTimeOffset.FromUnixTimeMilliseconds(Since),
        };
    }
}
