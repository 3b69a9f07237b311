using System.Text.RegularExpressions;

namespace Builds.Contracts.Tests.Documents;

public sealed partial class When_a_document_is_read
{
    private static IEnumerable<string> Documents =>
        Directory.EnumerateFiles(Repository.Root, "*.md")
            .Concat(Directory.EnumerateFiles(Path.Combine(Repository.Root, "docs"), "*.md", SearchOption.AllDirectories))
            .Select(file => Path.GetRelativePath(Repository.Root, file))
            .Order();

    [TestCaseSource(nameof(Documents))]
    public void Should_have_no_dead_link(string document)
    {
        var folder = Path.GetDirectoryName(Path.Combine(Repository.Root, document))!;
        var dead =
            from Match link in Link().Matches(Read(document))
            let target = link.Groups["file"].Value
            where target != "" && !target.Contains("://", StringComparison.Ordinal)
            where !Path.Exists(Path.Combine(folder, target))
            select target;

        Assert.That(dead, Is.Empty);
    }

    [TestCaseSource(nameof(Documents))]
    public void Should_have_no_dead_link_into_a_document(string document)
    {
        var folder = Path.GetDirectoryName(Path.Combine(Repository.Root, document))!;
        var dead =
            from Match link in Link().Matches(Read(document))
            let target = link.Groups["file"].Value
            let place = link.Groups["place"].Value
            where place != "" && !target.Contains("://", StringComparison.Ordinal)
            let file = target == "" ? document : Path.GetRelativePath(Repository.Root, Path.Combine(folder, target))
            where !Headings(file).Contains(place)
            select $"{target}#{place}";

        Assert.That(dead, Is.Empty);
    }

    [Test]
    public void Should_name_an_existing_file_at_each_arrow_of_the_flow()
    {
        var arrows = Read("docs/flow.md").Split('\n').Where(line => line.Contains("->>", StringComparison.Ordinal)).ToList();

        Assert.That(arrows, Is.Not.Empty);
        Assert.That(
            arrows.Where(arrow => !File.Exists(Path.Combine(Repository.Root, arrow[(arrow.LastIndexOf(' ') + 1)..]))),
            Is.Empty);
    }

    private static string Read(string document) => File.ReadAllText(Path.Combine(Repository.Root, document));

    private static IEnumerable<string> Headings(string document) =>
        from Match heading in Heading().Matches(Read(document))
        select NotInAnchor().Replace(heading.Groups["text"].Value.ToLowerInvariant(), "").Replace(' ', '-');

    [GeneratedRegex(@"\]\((?<file>[^)#\s]*)(#(?<place>[^)\s]+))?\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"^#+ (?<text>.+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"[^a-z0-9 _-]")]
    private static partial Regex NotInAnchor();
}
