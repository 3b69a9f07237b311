using System.Text.Json;
using Builds.Contracts;
using Builds.GraphTracker.Layers;
using Builds.GraphTracker.Registries;
using Builds.ServiceDefaults;
using Dapper;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Options;

namespace Builds.GraphTracker.Defining;

/// <summary>How images are built. The highest version counts, in whichever order the words arrive.</summary>
public sealed class Definitions(IOptions<RegistryOptions> registries)
{
    private static readonly JsonSerializerOptions Json = BuildsBus.Plain(new JsonSerializerOptions());

    private const string Put = """
        insert into definition (image, version, definition) values (@image, @version, @definition)
            on conflict (image) do update set version = excluded.version, definition = excluded.definition
         where excluded.version > definition.version
        """;

    private const string Undecide = "insert or replace into undecided (tag) select id from tag where image = @image";

    public void Define(SqliteConnection db, ImageDefined message) =>
        Set(db, message.Image, message.Version, JsonSerializer.Serialize(message, Json));

    public void Forget(SqliteConnection db, ImageReference reference, long version) =>
        Set(db, reference, version, null);

    private const string ForgetMissing = """
        update definition set definition = null
         where definition is not null and image in (select value from json_each(@missing))
        """;

    private const string SelectDefined = """
        select image.id as Id, image.registry as Registry, image.repository as Repository, definition.version as Version
          from definition join image on image.id = definition.image where definition.definition is not null
        """;

    /// <summary>
    /// Takes all that there are: what is not among them, and was here before they were listed, is forgotten.
    /// </summary>
    public void Replace(SqliteConnection db, IReadOnlyList<ImageDefined> all, IReadOnlyDictionary<long, long> before)
    {
        foreach (var one in all)
            Define(db, one);
        var listed = all.Select(one => (one.Image.Registry ?? registries.Value.Default, one.Image.Repository)).ToHashSet();
        var missing = db.Query<Row>(SelectDefined)
            .Where(row => before.GetValueOrDefault(row.Id) == row.Version && !listed.Contains((row.Registry, row.Repository)))
            .Select(row => row.Id).ToList();
        db.Execute(ForgetMissing, new { missing = JsonSerializer.Serialize(missing) });
        foreach (var image in missing)
            db.Execute(Undecide, new { image });
    }

    private const string SelectVersions = """
        select image as Image, version as Version from definition where definition is not null
        """;

    /// <returns>Version by image.</returns>
    public static IReadOnlyDictionary<long, long> Versions(SqliteConnection db) =>
        db.Query<(long Image, long Version)>(SelectVersions, buffered: false)
            .ToDictionary(row => row.Image, row => row.Version); // without names: there can be a great many

    private void Set(SqliteConnection db, ImageReference reference, long version, string? definition)
    {
        var image = Names.ImageOf(db, reference.Registry ?? registries.Value.Default, reference.Repository);
        if (db.Execute(Put, new { image, version, definition }) > 0)
            db.Execute(Undecide, new { image });
    }

    private sealed record Row(long Id, string Registry, string Repository, long Version);
}
