using Dapper;
using Microsoft.Data.Sqlite;

namespace Builds.GraphTracker.Layers;

/// <summary>Repositories and tags, each a row from the first time that it is named.</summary>
public static class Names
{
    private const string SelectImage = "select id from image where registry = @registry and repository = @repository";

    private const string InsertImage = """
        insert into image (registry, repository) values (@registry, @repository) returning id
        """;

    /// <param name="registry">Canonical, filled in.</param>
    public static long ImageOf(SqliteConnection db, string registry, string repository)
    {
        var image = new { registry, repository };
        return db.QueryFirstOrDefault<long?>(SelectImage, image) ?? db.QuerySingle<long>(InsertImage, image);
    }

    private const string SelectTag = "select id from tag where image = @image and name = @name";

    private const string InsertTag = "insert into tag (image, name) values (@image, @name) returning id";

    public static long TagOf(SqliteConnection db, long image, string name) =>
        FindTag(db, image, name) ?? db.QuerySingle<long>(InsertTag, new { image, name });

    /// <returns>Null where nobody has named it yet.</returns>
    public static long? FindTag(SqliteConnection db, long image, string name) =>
        db.QueryFirstOrDefault<long?>(SelectTag, new { image, name });
}
