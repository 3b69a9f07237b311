using System.Text.RegularExpressions;

namespace Builds.Contracts.Tests.Documents;

public sealed partial class When_an_operator_looks_something_up
{
    private static readonly string Operating = File.ReadAllText(Path.Combine(Repository.Root, "docs/operating.md"));

    private static readonly string[] Services = ["ServiceDefaults", "Gateway", "Worker", "GraphTracker"];

    [Test]
    public void Should_find_every_setting()
    {
        var settings = Services.SelectMany(service => SettingsOf([.. SourcesOf(service)])).ToList();

        Assert.That(settings, Has.Count.GreaterThan(1));
        Assert.That(settings.Where(setting => !Operating.Contains($"| `{setting}` |", StringComparison.Ordinal)), Is.Empty);
    }

    [Test]
    public void Should_find_every_queue()
    {
        var queues = Found(Queue(), Services.SelectMany(SourcesOf)).Select(match => match.Groups["name"].Value).Distinct().ToList();

        Assert.That(queues, Has.Count.GreaterThan(1));
        Assert.That(queues.Where(queue => !Operating.Contains($"| `{queue}` |", StringComparison.Ordinal)), Is.Empty);
    }

    // Two services may have options of one name.
    private static IEnumerable<string> SettingsOf(string[] sources)
    {
        var classes = Found(OptionsClass(), sources)
            .ToDictionary(match => match.Groups["name"].Value, match => match.Groups["body"].Value);
        return
            from section in Sections(sources, classes)
            from Match property in Property().Matches(classes[section.Class])
            where !IsNested(classes, property)
            select $"{section.Name}:{property.Groups["name"].Value}";
    }

    // A class of options is bound to a section by its slice, or is a part of another, alone or in a list.
    private static List<(string Class, string Name)> Sections(string[] sources, Dictionary<string, string> classes)
    {
        var bound = Found(Binding(), sources)
            .Select(match => (Class: match.Groups["class"].Value, Name: match.Groups["section"].Value))
            .Distinct()
            .ToList();
        var nested =
            from section in bound
            from Match property in Property().Matches(classes[section.Class])
            where IsNested(classes, property)
            let index = IsList(property) ? ":0" : ""
            select (Class: PartOf(property), Name: $"{section.Name}:{property.Groups["name"].Value}{index}");
        var all = bound.Concat(nested).ToList();

        Assert.That(classes.Keys.Except(all.Select(section => section.Class)), Is.Empty, "bound to no section");
        return all;
    }

    private static bool IsNested(Dictionary<string, string> classes, Match property) => classes.ContainsKey(PartOf(property));

    private static bool IsList(Match property) => property.Groups["type"].Value.EndsWith('>');

    private static string PartOf(Match property) =>
        IsList(property) ? property.Groups["type"].Value.Split('<')[1].TrimEnd('>') : property.Groups["type"].Value;

    private static IEnumerable<string> SourcesOf(string service) =>
        Directory.EnumerateFiles(Path.Combine(Repository.Root, service), "*.cs", SearchOption.AllDirectories).Select(File.ReadAllText);

    private static IEnumerable<Match> Found(Regex pattern, IEnumerable<string> sources) =>
        sources.SelectMany(source => pattern.Matches(source));

    [GeneratedRegex(@"public sealed (class|record) (?<name>\w+Options)\b(?<body>.*?)\n}", RegexOptions.Singleline)]
    private static partial Regex OptionsClass();

    [GeneratedRegex(@"AddOptions<(?<class>\w+)>\(\)\s*\.BindConfiguration\(""(?<section>[\w:]+)""\)")]
    private static partial Regex Binding();

    [GeneratedRegex(@"public (required )?(?<type>[^\s=;]+(<[^;=]*>)?\??) (?<name>\w+) \{ get; (init|set); \}")]
    private static partial Regex Property();

    [GeneratedRegex(@"(Feeds<\w+>\(|EndpointName = |ReceiveEndpoint\()""(?<name>[a-z.-]+)""")]
    private static partial Regex Queue();
}
