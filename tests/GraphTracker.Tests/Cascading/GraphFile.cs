using Builds.GraphTracker.Storing;
using Builds.Parts;
using Dapper;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Options;

namespace Builds.GraphTracker.Tests.Cascading;

/// <summary>A store's file without its writer's thread: quick, and a transaction can die in the middle.</summary>
internal sealed class GraphFile : IDisposable
{
    private static readonly byte[] Empty = Make();

    private readonly TempFolder _folder = new("graph-file");
    private SqliteConnection _db;

    public GraphFile()
    {
        File.WriteAllBytes(_folder.File("graph.db"), Empty);
        _db = Open();
    }

    /// <summary>The process ends and starts again.</summary>
    public void Restart()
    {
        _db.Dispose();
        _db = Open();
    }

    public T Read<T>(Func<SqliteConnection, T> work) => work(_db);

    public T Write<T>(Func<SqliteConnection, T> work)
    {
        _db.Execute("begin immediate");
        var result = work(_db);
        _db.Execute("commit");
        return result;
    }

    /// <summary>The process is killed before it commits.</summary>
    public void Lose(Action<SqliteConnection> work)
    {
        _db.Execute("begin immediate");
        work(_db);
        _db.Execute("rollback");
        Restart();
    }

    public List<T> Query<T>(string sql) => _db.Query<T>(sql).AsList();

    public void Dispose()
    {
        _db.Dispose();
        _folder.Dispose();
    }

    private SqliteConnection Open()
    {
        var db = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = _folder.File("graph.db"), ForeignKeys = true, Pooling = false,
        }.ToString());
        db.Open();
        db.Execute("pragma synchronous = off");
        return db;
    }

    private static byte[] Make()
    {
        using var folder = new TempFolder("graph-file");
        var store = new GraphStore(Options.Create(new StoreOptions { Folder = folder.FullPath }));
        store.Read(db => db.Execute("pragma wal_checkpoint(truncate)"));
        return File.ReadAllBytes(folder.File("graph.db"));
    }
}
