using System.Reflection;
using System.Text.RegularExpressions;
using Builds.GraphTracker.Layers;
using Dapper;

namespace Builds.GraphTracker.Tests.Layers;

/// <summary>A statement that looks through a whole table is quick in every test, and takes seconds where it matters.</summary>
public sealed partial class When_a_graph_is_large
{
    private static readonly string[] OnceAtAStart = ["DueQuestions.AskForWanted", "DueQuestions.AskForNamed"];

    private static IEnumerable<TestCaseData> Statements =>
        from type in typeof(Recording).Assembly.GetTypes()
        where type.Namespace == typeof(Recording).Namespace
        from constant in type.GetFields(BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public)
        where constant is { IsLiteral: true } && constant.FieldType == typeof(string)
        let sql = (string)constant.GetRawConstantValue()!
        where Statement().IsMatch(sql) && !OnceAtAStart.Contains($"{type.Name}.{constant.Name}")
        select new TestCaseData(sql).SetArgDisplayNames($"{type.Name}.{constant.Name}");

    [TestCaseSource(nameof(Statements))]
    public async Task Should_look_through_no_table(string sql)
    {
        await using var graph = Graph.Empty();
        var tables = graph.Query<string>("select name from sqlite_schema where type = 'table'");
        var plan = graph.Store.Read(db =>
        {
            var parameters = new DynamicParameters();
            foreach (Match parameter in Parameter().Matches(sql))
                parameters.Add(parameter.Value, "1");
            return db.Query("explain query plan " + sql, parameters).Select(row => (string)row.detail).ToList();
        });

        await TestContext.Out.WriteLineAsync(string.Join('\n', plan));
        Assert.That(plan.Where(step => tables.Any(table => step.StartsWith($"SCAN {table}", StringComparison.Ordinal))), Is.Empty);
        Assert.That(plan, Has.None.Contains("AUTOMATIC"));
    }

    // Not the plain insert of a row: its plan shows a look for rows that refer to it already, which is never taken.
    [GeneratedRegex(@"\A\s*(select|with|update|delete|insert[^;]*\bselect)\b")]
    private static partial Regex Statement();

    [GeneratedRegex(@"@\w+")]
    private static partial Regex Parameter();
}
