using System.Text.RegularExpressions;

namespace Builds.Contracts.Tests.Documents;

public sealed partial class When_an_operator_looks_something_up
{
    private static readonly string Operating = File.ReadAllText(Path.Combine(Repository.Root, "docs/operating.md"));

    private static readonly string[] Sources =
        [.. from service in new[] { "ServiceDefaults", "Gateway", "Worker", "GraphTracker" }
            from file in Directory.EnumerateFiles(
                Path.Combine(Repository.Root, service), "*.cs", SearchOption.AllDirectories)
            select File.ReadAllText(file)];

    [Test]
    public void Should_find_every_setting()
    {
        var classes = Found(OptionsClass()).ToDictionary(match => match.Groups["name"].Value, match => match.Groups["body"].Value);
        var settings =
            from section in Sections(classes)
            from Match property in Property().Matches(classes[section.Class])
            where !classes.ContainsKey(property.Groups["type"].Value)
            select $"{section.Name}:{property.Groups["name"].Value}";

        Assert.That(classes, Has.Count.GreaterThan(1));
        Assert.That(settings.Where(setting => !Operating.Contains($"| `{setting}` |", StringComparison.Ordinal)), Is.Empty);
    }

    [Test]
    public void Should_find_every_queue()
    {
        var queues = Found(Queue()).Select(match => match.Groups["name"].Value).Distinct().ToList();

        Assert.That(queues, Has.Count.GreaterThan(1));
        Assert.That(queues.Where(queue => !Operating.Contains($"| `{queue}` |", StringComparison.Ordinal)), Is.Empty);
    }

    // A class of options is bound to a section by its slice, or is a part of another.
    private static List<(string Class, string Name)> Sections(Dictionary<string, string> classes)
    {
        var bound = Found(Binding())
            .Select(match => (Class: match.Groups["class"].Value, Name: match.Groups["section"].Value))
            .Distinct()
            .ToList();
        var nested =
            from section in bound
            from Match property in Property().Matches(classes[section.Class])
            where classes.ContainsKey(property.Groups["type"].Value)
            select (Class: property.Groups["type"].Value, Name: $"{section.Name}:{property.Groups["name"].Value}");
        var all = bound.Concat(nested).ToList();

        Assert.That(classes.Keys.Except(all.Select(section => section.Class)), Is.Empty, "bound to no section");
        return all;
    }

    private static IEnumerable<Match> Found(Regex pattern) => Sources.SelectMany(source => pattern.Matches(source));

    [GeneratedRegex(@"public sealed (class|record) (?<name>\w+Options)\b(?<body>.*?)\n}", RegexOptions.Singleline)]
    private static partial Regex OptionsClass();

    [GeneratedRegex(@"AddOptions<(?<class>\w+)>\(\)\s*\.BindConfiguration\(""(?<section>[\w:]+)""\)")]
    private static partial Regex Binding();

    [GeneratedRegex(@"public (required )?(?<type>[^\s=;]+(<[^;=]*>)?\??) (?<name>\w+) \{ get; (init|set); \}")]
    private static partial Regex Property();

    [GeneratedRegex(@"(Feeds<\w+>\(|EndpointName = |ReceiveEndpoint\()""(?<name>[a-z.-]+)""")]
    private static partial Regex Queue();
}
