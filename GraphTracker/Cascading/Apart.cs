using System.Globalization;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Builds.GraphTracker.Cascading;

/// <summary>
/// A part of a round: where it fails, what it did is taken back, and the other parts go on. A store that fails is no
/// part's fault, and ends the round.
/// </summary>
internal static class Apart
{
    internal static readonly TimeSpan Pause = TimeSpan.FromSeconds(30);

    // https://www.sqlite.org/rescode.html: error (JSON that is none, for one), too big, constraint, mismatch, range.
    private static readonly int[] OfOneRow = [1, 18, 19, 20, 25];

    /// <returns>Why it could not be done; null where it was.</returns>
    internal static Exception? Try(SqliteConnection db, Action part)
    {
        db.Execute("savepoint part");
        try
        {
            part();
        }
        catch (Exception e) when (IsOfThePart(e))
        {
            db.Execute("rollback to part");
            db.Execute("release part");
            return e;
        }

        db.Execute("release part");
        return null;
    }

    /// <summary>For people, who see it where the cascade or the image is shown.</summary>
    internal static string Words(Exception e) => string.Create(
        CultureInfo.InvariantCulture,
        $"it could not be decided, and is tried again every {Pause.TotalSeconds:0} s: {e.Message}");

    /// <summary>Whether others can go on: no store that fails, and nobody who ends all.</summary>
    internal static bool IsOfThePart(Exception e) => e.GetBaseException() switch
    {
        SqliteException sqlite => OfOneRow.Contains(sqlite.SqliteErrorCode),
        OutOfMemoryException or OperationCanceledException or ObjectDisposedException => false,
        _ => true,
    };
}

/// <summary>What could not be done, and is tried again.</summary>
internal sealed record Stuck(string What, Exception Error)
{
    /// <summary>Of the rebuild, where it is one that cannot be told.</summary>
    public string? Build { get; init; }
}
