using System.Text.Json;
using Builds.Contracts;
using Builds.GraphTracker.Cascading.Decision;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Builds.GraphTracker.Cascading;

/// <summary>Reads the affected tags, joined to what is built together.</summary>
internal sealed class Units(SqliteConnection db, UnitBases bases)
{
    // A few texts are those of nearly all.
    private readonly Dictionary<(string, string), RebuildPolicy> _policies = [];
    private readonly Dictionary<string, List<string>> _names = [];

    private const string SelectTags = """
        select tag.id as Id, tag.name as Name, image.registry || '/' || image.repository as Image,
               tag.manifest as Manifest, tag.moved_at as MovedAt,
               definition.definition ->> '$.rebuild.on' as RebuildOn,
               definition.definition ->> '$.rebuild.source' as Source,
               definition.definition ->> '$.tags' as Defined,
               (select iif(json_valid(build.completed), build.completed ->> '$.tags', null)
                  from build join manifest on manifest.digest = build.digest
                 where manifest.id = tag.manifest and build.image = tag.image and build.outcome = 'succeeded'
                 order by +build.completed_at desc limit 1) as Recorded,
               rebuild.id as Rebuild, rebuild.state as State, rebuild.build as Build, rebuild.bases as Bases,
               rebuild.cascade as Cascade, rebuild.reason as Reason
          from affected cross join tag on tag.id = affected.tag
          join image on image.id = tag.image
          left join definition on definition.image = tag.image
          left join rebuilt_tag on rebuilt_tag.tag = tag.id
          left join rebuild on rebuild.id = rebuilt_tag.rebuild
                and (rebuild.state = 'open' or tag.manifest in (rebuild.old_manifest,
                       (select made.id from build join manifest made on made.digest = build.digest
                         where build.id = rebuild.build)))
         where tag.manifest is not null
         order by affected.tag
        """;

    internal List<Unit> Read()
    {
        var footings = bases.Read();
        return
        [
            .. Rows()
                .GroupBy(row => (row.Image, row.Manifest, Unknown: Naming(row, () => Unknown(row))))
                .Select(rows => Naming(rows.First(), () => UnitOf([.. rows], rows.Key.Unknown, footings))),
        ];
    }

    private const string SelectNoJson = """
        select image.registry || '/' || image.repository || ':' || tag.name
          from affected cross join tag on tag.id = affected.tag join image on image.id = tag.image
          join manifest on manifest.id = tag.manifest
          left join definition on definition.image = tag.image
         where not json_valid(definition.definition) or exists (
           select 1 from build
            where build.digest = manifest.digest and build.image = tag.image and not json_valid(build.completed))
         limit 1
        """;

    private IEnumerable<TagRow> Rows()
    {
        try
        {
            return db.Query<TagRow>(SelectTags);
        }
        catch (SqliteException e) when (e.SqliteErrorCode == 1) // https://www.sqlite.org/rescode.html#error
        {
            if (db.QueryFirstOrDefault<string>(SelectNoJson) is not { } name)
                throw;
            throw Named(name, e);
        }
    }

    // Much can stand on one base, and one of it be at fault.
    private static T Naming<T>(TagRow row, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (Apart.IsOfThePart(e))
        {
            throw Named($"{row.Image}:{row.Name}", e);
        }
    }

    private static InvalidDataException Named(string image, Exception e) =>
        new($"what is known of {image} cannot be used ({e.Message})", e);

    private Unit UnitOf(List<TagRow> tags, string? unknown, Dictionary<long, List<Footing>> footings)
    {
        var first = tags[0];
        var last = tags.Find(tag => tag.State == "open") ?? tags.MaxBy(tag => tag.Rebuild);
        return new Unit
        {
            Id = first.Id,
            Name = $"{first.Image}:{first.Name}",
            Tags = [.. tags.Select(tag => tag.Id)],
            Since = tags.Max(tag => tag.MovedAt ?? 0),
            Bases = footings.GetValueOrDefault(first.Id) ?? [],
            Policy = unknown is null ? PolicyOf(first) : null,
            Unknown = unknown,
            Rebuild = last?.State is { } state
                ? new Rebuild(StateOf(state), Guid.Parse(last.Build!), last.Bases!, last.Cascade!, last.Reason)
                : null,
        };
    }

    private static RebuildState StateOf(string state) => state switch
    {
        "open" => RebuildState.Open,
        "failed" => RebuildState.Failed,
        "superseded" => RebuildState.Superseded,
        "resumed" => RebuildState.Resumed,
        _ => RebuildState.Done,
    };

    // Tags that nobody's recipe names were set by hand, and are left where they are.
    private string? Unknown(TagRow row)
    {
        if (row.Defined is null)
            return "how to build it is not known here: define it, or build it where it came from";
        var names = NamesIn(PolicyOf(row).Source == RebuildSource.AsBuilt ? row.Recorded ?? row.Defined : row.Defined);
        return names.Contains(row.Name)
            ? null
            : $"the tag {row.Name} was set by hand: no build of this image is known to push it";
    }

    private RebuildPolicy PolicyOf(TagRow row)
    {
        var key = (row.RebuildOn!, row.Source!);
        return _policies.TryGetValue(key, out var known) ? known : _policies[key] = new RebuildPolicy
        {
            On = Enum.Parse<RebuildOn>(row.RebuildOn!, ignoreCase: true),
            Source = Enum.Parse<RebuildSource>(row.Source!, ignoreCase: true),
        };
    }

    private List<string> NamesIn(string json) => _names.TryGetValue(json, out var known)
        ? known
        : _names[json] = JsonSerializer.Deserialize<List<string>>(json)!;

    private sealed record TagRow
    {
        public required long Id { get; init; }
        public required string Name { get; init; }
        public required string Image { get; init; }
        public required long Manifest { get; init; }
        public long? MovedAt { get; init; }
        public string? RebuildOn { get; init; }
        public string? Source { get; init; }
        public string? Defined { get; init; }
        public string? Recorded { get; init; }
        public long? Rebuild { get; init; }
        public string? State { get; init; }
        public string? Build { get; init; }
        public string? Bases { get; init; }
        public string? Cascade { get; init; }
        public string? Reason { get; init; }
    }
}
