using Dapper;
using Microsoft.Data.Sqlite;

namespace Builds.GraphTracker.Layers;

/// <summary>Tags of which something has changed since it was last decided what is outdated.</summary>
public static class Undecided
{
    // A new number each time: what is deleted by its number is what was seen.
    private const string Insert = "insert or replace into undecided (tag) values (@tag)";

    public static void Add(SqliteConnection db, long tag) => db.Execute(Insert, new { tag });
}
