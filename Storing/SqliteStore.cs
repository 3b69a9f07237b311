using System.Threading.Channels;
using Dapper;
using DbUp;
using Microsoft.Data.Sqlite;

namespace Builds.Storing;

/// <summary>
/// One SQLite file with one writer. Writes that wait together are committed together: under load one sync to disk
/// answers for many, and nothing is acknowledged before it.
/// </summary>
public abstract class SqliteStore : IAsyncDisposable
{
    private const int Together = 256;

    // 32 MiB: under load the same pages are written again and again, and only their last state need reach the database.
    private const int PagesBetweenCheckpoints = 8192;

    private readonly Channel<Write> _waiting = Channel.CreateBounded<Write>(
        new BoundedChannelOptions(4 * Together) { SingleReader = true });

    private readonly string _connectionString;
    private readonly string _readingString;
    private readonly string _synchronous;
    private readonly int _cache;
    private readonly Task _writer;

    /// <param name="schema">The folder in the resources of the store's own assembly whose numbered scripts make the
    /// schema.</param>
    /// <param name="synchronous">FULL where an answer promises durability, else NORMAL.</param>
    /// <param name="cache">MiB of the file that the writer keeps in memory at most.</param>
    protected SqliteStore(string path, string schema, string synchronous, int cache = 2)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        var connection = new SqliteConnectionStringBuilder { DataSource = path, DefaultTimeout = 30 };
        _readingString = connection.ToString();
        connection.ForeignKeys = true; // asks for it anew each time one is opened
        _connectionString = connection.ToString();
        (_synchronous, _cache) = (synchronous, cache);

        using (var db = OpenToWrite())
            db.Execute("pragma journal_mode = wal");
        var upgraded = DeployChanges.To.SqliteDatabase(_connectionString)
            .WithScriptsEmbeddedInAssembly(GetType().Assembly, name => name.Contains(schema))
            .WithTransactionPerScript()
            .LogToNowhere()
            .Build()
            .PerformUpgrade();
        if (!upgraded.Successful)
            throw new InvalidOperationException($"The schema of {path} could not be updated.", upgraded.Error);

        _writer = Task.Factory.StartNew(WriteAll, TaskCreationOptions.LongRunning);
    }

    /// <summary>Raised on the writer's thread after each commit; must be quick and must not throw.</summary>
    public event Action? Committed;

    /// <summary>
    /// Runs in a transaction and returns once it is on disk. The work is all or nothing, quick, and asks nobody else.
    /// </summary>
    public async Task<T> WriteAsync<T>(Func<SqliteConnection, T> work, CancellationToken cancel)
    {
        var write = new Write<T>(work);
        await _waiting.Writer.WriteAsync(write, cancel);
        return await write.Done; // not cancellable from here on: it will be committed
    }

    public Task WriteAsync(Action<SqliteConnection> work, CancellationToken cancel) =>
        WriteAsync(db => { work(db); return true; }, cancel);

    /// <summary>
    /// Reads one committed state with all its statements, beside the writer: neither waits for the other.
    /// </summary>
    public T Read<T>(Func<SqliteConnection, T> query)
    {
        using var db = new SqliteConnection(_readingString);
        db.Open();
        db.Execute("begin deferred");
        try
        {
            return query(db);
        }
        finally
        {
            if (SQLitePCL.raw.sqlite3_get_autocommit(db.Handle) == 0)
                db.Execute("rollback"); // the connection is used again
        }
    }

    public async ValueTask DisposeAsync()
    {
        _waiting.Writer.TryComplete();
        await _writer;
        GC.SuppressFinalize(this);
    }

    private SqliteConnection OpenToWrite()
    {
        var db = new SqliteConnection(_connectionString);
        db.Open();
        db.Execute($"""
            pragma synchronous = {_synchronous};
            pragma wal_autocheckpoint = {PagesBetweenCheckpoints};
            pragma cache_size = -{1024 * _cache}
            """);
        return db;
    }

    private void WriteAll()
    {
        try
        {
            WriteWhatComes();
        }
        catch (Exception e)
        {
            // Nobody may wait for a writer that is gone.
            _waiting.Writer.TryComplete(e);
            while (_waiting.Reader.TryRead(out var write))
                write.Fail(e);
            throw;
        }
    }

    private void WriteWhatComes()
    {
        using var db = OpenToWrite();
        using var savepoint = new Savepoint(db);
        var batch = new List<Write>(Together);

        while (_waiting.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
        {
            while (batch.Count < Together && _waiting.Reader.TryRead(out var write))
                batch.Add(write);
            Commit(db, savepoint, batch);
            batch.Clear();
        }
    }

    private void Commit(SqliteConnection db, Savepoint savepoint, List<Write> batch)
    {
        try
        {
            db.Execute("begin immediate");
            foreach (var write in batch)
                write.Run(db, savepoint);
            db.Execute("commit");
        }
        catch (Exception e)
        {
            foreach (var write in batch)
                write.Fail(e);
            if (SQLitePCL.raw.sqlite3_get_autocommit(db.Handle) == 0)
                db.Execute("rollback"); // a full disk has done that already
            return;
        }

        foreach (var write in batch)
            write.Finish();
        Committed?.Invoke();
    }

    private abstract class Write
    {
        public abstract void Run(SqliteConnection db, Savepoint savepoint);
        public abstract void Finish();
        public abstract void Fail(Exception e);
    }

    private sealed class Write<T>(Func<SqliteConnection, T> work) : Write
    {
        private readonly TaskCompletionSource<T> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private T _result = default!;
        private Exception? _error;

        public Task<T> Done => _done.Task;

        // A failing write takes back its own changes and leaves the others of the batch alone.
        public override void Run(SqliteConnection db, Savepoint savepoint)
        {
            savepoint.Set();
            try
            {
                _result = work(db);
            }
            catch (Exception e)
            {
                _error = e;
                savepoint.RollBack();
            }

            savepoint.Release();
        }

        public override void Finish()
        {
            if (_error is null)
                _done.SetResult(_result);
            else
                _done.SetException(_error);
        }

        public override void Fail(Exception e) => _done.TrySetException(_error ?? e);
    }
}
