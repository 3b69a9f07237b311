using System.Reflection;
using System.Text.RegularExpressions;
using Builds.GraphTracker.Cascading;
using Builds.GraphTracker.Layers;
using Builds.GraphTracker.Tests.Layers;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Builds.GraphTracker.Tests;

/// <summary>A statement that looks through a whole table is quick in every test, and takes seconds where it matters.</summary>
public sealed partial class When_a_graph_is_large
{
    private static readonly string[] Slices = ["Layers", "Cascading", "Defining", "Registries"];

    private static readonly string[] MayLookThroughATable =
    [
        "DueQuestions.AskForWanted", // once at a start
        "DueQuestions.AskForNamed",
        "CascadeSummaries.SelectPage", // a page of them, the newest first
    ];

    // What is under way: it hardly grows with the graph.
    private static readonly string[] Few =
    [
        "undecided", "cascade_open", "cascade_cancelled", "cascade_untold", "rebuild_open", "rebuild_untold",
        "rebuild_superseded", "verdict_untold", "verdict_next",
    ];

    private static IEnumerable<TestCaseData> Statements =>
        from type in typeof(Recording).Assembly.GetTypes()
        where Slices.Contains(type.Namespace?.Replace("Builds.GraphTracker.", "", StringComparison.Ordinal))
        from constant in type.GetFields(BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public)
        where constant is { IsLiteral: true } && constant.FieldType == typeof(string)
        let sql = (string)constant.GetRawConstantValue()!
        where Statement().IsMatch(sql) && !MayLookThroughATable.Contains($"{type.Name}.{constant.Name}")
        select new TestCaseData(sql).SetArgDisplayNames($"{type.Name}.{constant.Name}");

    [TestCaseSource(nameof(Statements))]
    public async Task Should_look_through_no_table(string sql)
    {
        await using var graph = Graph.Empty();
        var tables = graph.Query<string>("select name from sqlite_schema where type = 'table'");
        var plan = graph.Store.Read(db => PlanOf(db, sql));

        await TestContext.Out.WriteLineAsync(string.Join('\n', plan));
        Assert.That(plan.Where(step => IsScan(step, tables, sql) && !Few.Any(step.Split(' ').Contains)), Is.Empty);
        Assert.That(plan, Has.None.Contains("AUTOMATIC"));
    }

    // SCAN and the name that the table has in the statement.
    private static bool IsScan(string step, IReadOnlyList<string> tables, string sql) =>
        step.Split(' ') is ["SCAN", var name, ..]
        && tables.Any(table => table == name || Regex.IsMatch(sql, $@"\b(from|join)\s+{table}\s+{name}\b"));

    private static List<string> PlanOf(SqliteConnection db, string sql)
    {
        Affected.Find(db, []);
        var parameters = new DynamicParameters();
        foreach (Match parameter in Parameter().Matches(sql))
            parameters.Add(parameter.Value, "1");
        return db.Query("explain query plan " + sql, parameters).Select(row => (string)row.detail).ToList();
    }

    // Not the plain insert of a row: its plan shows a look for rows that refer to it already, which is never taken.
    [GeneratedRegex(@"\A\s*(select|with|update|delete|insert[^;]*\bselect)\b")]
    private static partial Regex Statement();

    [GeneratedRegex(@"@\w+")]
    private static partial Regex Parameter();
}
