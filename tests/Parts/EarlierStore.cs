using System.Reflection;
using Dapper;
using DbUp;
using Microsoft.Data.Sqlite;

namespace Builds.Parts;

/// <summary>A store as an earlier version has left it: the first scripts of its schema, and a row in each table.</summary>
public sealed class EarlierStore
{
    private readonly string _path;
    private readonly Dictionary<string, long> _tables;

    private EarlierStore(string path) => (_path, _tables) = (path, Count(path));

    /// <summary>Numbers of all scripts but the last: what there may be in the field.</summary>
    public static IEnumerable<int> NumbersOf(Assembly service) =>
        Enumerable.Range(1, service.GetManifestResourceNames().Count(name => NumberOf(name) > 0) - 1);

    /// <param name="path">Of the file, which is not there yet.</param>
    /// <param name="last">The last script that it had.</param>
    public static EarlierStore Write(Assembly service, string path, int last)
    {
        var connection = new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ToString();
        var made = DeployChanges.To.SqliteDatabase(connection)
            .WithScriptsEmbeddedInAssembly(service, name => NumberOf(name) is var number && number > 0 && number <= last)
            .WithTransactionPerScript()
            .LogToNowhere()
            .Build()
            .PerformUpgrade();
        if (!made.Successful)
            throw new PartException($"script {last}: {made.Error.Message}");

        using var db = new SqliteConnection(connection);
        db.Open();
        db.Execute("pragma foreign_keys = off"); // each row names the only one of the other table
        foreach (var table in TablesOf(db))
            db.Execute($"insert into {table} select {string.Join(", ", ValuesOf(db, table))}");
        return new EarlierStore(path);
    }

    /// <summary>What is wrong with it, now that it was opened; empty where all is as it was.</summary>
    public IReadOnlyList<string> Problems()
    {
        using var db = new SqliteConnection($"Data Source={_path};Pooling=false");
        var counts = Count(_path);
        return
        [
            .. db.Query<string>("pragma integrity_check").Where(problem => problem != "ok"),
            .. db.Query<string>("select \"table\" || ' names a row of ' || parent || ' that is not there' "
                + "from pragma_foreign_key_check"),
            .. _tables.Where(table => counts.GetValueOrDefault(table.Key) != table.Value)
                .Select(table => $"{table.Key} has {counts.GetValueOrDefault(table.Key)} rows, and had {table.Value}"),
        ];
    }

    private static int NumberOf(string resource) =>
        resource.Split(".Storing.Schema.") is [_, var script] && int.TryParse(script.Split('-')[0], out var number)
            ? number
            : 0;

    private static List<string> TablesOf(SqliteConnection db) => db.Query<string>("""
        select name from sqlite_schema
         where type = 'table' and name not like 'sqlite_%' and name <> 'SchemaVersions'
        """).AsList();

    private static List<string> ValuesOf(SqliteConnection db, string table) =>
    [
        .. db.Query<string>("select type from pragma_table_info(@table) order by cid", new { table })
            .Select(type => type switch { "INTEGER" => "1", "REAL" => "1.5", "BLOB" => "x'01'", _ => "'x/y'" }),
    ];

    private static Dictionary<string, long> Count(string path)
    {
        using var db = new SqliteConnection($"Data Source={path};Pooling=false");
        return TablesOf(db).ToDictionary(table => table, table => db.QuerySingle<long>($"select count(*) from {table}"));
    }
}
