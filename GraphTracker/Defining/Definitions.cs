using System.Text.Json;
using Builds.Contracts;
using Builds.GraphTracker.Layers;
using Builds.GraphTracker.Registries;
using Builds.ServiceDefaults;
using Dapper;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Options;

namespace Builds.GraphTracker.Defining;

/// <summary>
/// How images are built. Of words that come in any order the highest version counts; what the Gateway lists counts as
/// it is.
/// </summary>
public sealed class Definitions(IOptions<RegistryOptions> registries)
{
    private static readonly JsonSerializerOptions Json = BuildsBus.Plain(new JsonSerializerOptions());

    private const string Put = """
        insert into definition (image, version, definition, change)
        values (@image, @version, @definition, (select coalesce(max(change), 0) + 1 from definition))
            on conflict (image) do update
           set version = excluded.version, definition = excluded.definition, change = excluded.change
         where excluded.version > definition.version
            or definition.change <= @lastChange
               and (excluded.version < definition.version or definition.definition is null)
        """;

    private const string Undecide = "insert or replace into undecided (tag) select id from tag where image = @image";

    public void Define(SqliteConnection db, ImageDefined message) => Take(db, message, null);

    /// <summary>
    /// From a list: what has not changed since it was asked for is as it says, also where the version is lower. A
    /// Gateway may have been restored from an older copy.
    /// </summary>
    /// <param name="lastChange">When it was asked for; null where this comes from no list.</param>
    internal void Take(SqliteConnection db, ImageDefined message, long? lastChange) =>
        Set(db, message.Image, message.Version, JsonSerializer.Serialize(message, Json), lastChange);

    public void Forget(SqliteConnection db, ImageReference reference, long version) =>
        Set(db, reference, version, null, null);

    private const string SelectLastChange = "select coalesce(max(change), 0) from definition";

    /// <summary>Grows with each change of a definition.</summary>
    internal static long LastChange(SqliteConnection db) => db.QuerySingle<long>(SelectLastChange);

    // What is behind all names is a blob: SQLite sorts those behind all texts.
    private const string SelectDefined = """
        select image.id as Id, image.registry as Registry, image.repository as Repository
          from image cross join definition on definition.image = image.id
         where (image.registry, image.repository) > (@registry, @repository)
           and (image.registry, image.repository) <= (coalesce(@toRegistry, x''), coalesce(@toRepository, x''))
           and definition.definition is not null and definition.change <= @lastChange
         order by image.registry, image.repository limit @most
        """;

    /// <param name="after">Those behind this image; from the first where it is null.</param>
    /// <param name="to">Up to this one; to the last where it is null.</param>
    /// <param name="lastChange">Those that have not changed since.</param>
    internal List<DefinedImage> Defined(
        SqliteConnection db, ImageReference? after, ImageReference? to, long lastChange, int most) =>
        db.Query<DefinedImage>(SelectDefined, new
        {
            registry = after is null ? "" : RegistryOf(after),
            repository = after?.Repository ?? "",
            toRegistry = to is null ? null : RegistryOf(to),
            toRepository = to?.Repository,
            lastChange,
            most,
        }).AsList();

    private const string ForgetOne = """
        update definition set definition = null, change = 1 + (select max(change) from definition)
         where image = @image and definition is not null and change <= @lastChange
        """;

    /// <summary>Those of them that have not changed since.</summary>
    internal static void ForgetMissing(SqliteConnection db, IReadOnlyList<long> images, long lastChange)
    {
        foreach (var image in images)
        {
            if (db.Execute(ForgetOne, new { image, lastChange }) > 0)
                db.Execute(Undecide, new { image });
        }
    }

    internal string RegistryOf(ImageReference reference) => reference.Registry ?? registries.Value.Default;

    private void Set(
        SqliteConnection db, ImageReference reference, long version, string? definition, long? lastChange)
    {
        var image = Names.ImageOf(db, RegistryOf(reference), reference.Repository);
        if (db.Execute(Put, new { image, version, definition, lastChange }) > 0)
            db.Execute(Undecide, new { image });
    }
}

/// <summary>An image that is defined here.</summary>
internal sealed record DefinedImage(long Id, string Registry, string Repository)
{
    public ImageReference Reference => new() { Registry = Registry, Repository = Repository };
}
