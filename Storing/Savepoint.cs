using Microsoft.Data.Sqlite;

namespace Builds.Storing;

/// <summary>Where one write of several in a transaction begins; its statements are prepared once.</summary>
internal sealed class Savepoint(SqliteConnection db) : IDisposable
{
    private readonly SqliteCommand _set = Prepare(db, "savepoint one");
    private readonly SqliteCommand _rollBack = Prepare(db, "rollback to one");
    private readonly SqliteCommand _release = Prepare(db, "release one");

    public void Set() => _set.ExecuteNonQuery();

    public void RollBack() => _rollBack.ExecuteNonQuery();

    /// <summary>After <see cref="RollBack"/> too: that leaves it set.</summary>
    public void Release() => _release.ExecuteNonQuery();

    public void Dispose()
    {
        _set.Dispose();
        _rollBack.Dispose();
        _release.Dispose();
    }

    private static SqliteCommand Prepare(SqliteConnection db, string sql)
    {
        var command = db.CreateCommand();
        command.CommandText = sql;
        command.Prepare();
        return command;
    }
}
