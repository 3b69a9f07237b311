using Builds.Worker.Images;
using FsCheck;
using FsCheck.Fluent;

namespace Builds.Worker.Tests.Images;

[Parallelizable]
public sealed class When_files_are_ignored
{
    [TestCase("*.md", "README.md", true)]
    [TestCase("*.md", "docs/README.md", false)]
    [TestCase("**/*.md", "docs/a/README.md", true)]
    [TestCase("**/*.md", "README.md", true)]
    [TestCase("/docs", "docs/a", true)]
    [TestCase("docs/", "docs", true)]
    [TestCase("./docs/../x", "x/y", true)]
    [TestCase("docs/**", "docs", false)]
    [TestCase("docs/**", "docs/a/b", true)]
    [TestCase("a/**/z", "a/z", true)]
    [TestCase("*\n!keep", "keep/all", false)]
    [TestCase("!a\n*", "a", true)]
    [TestCase("# a\n", "# a", false)]
    [TestCase(" # a", "# a", true)]
    [TestCase("A", "a", false)]
    [TestCase("[a-c]x", "bx", true)]
    [TestCase("[^a-c]x", "bx", false)]
    [TestCase("[b-a]x", "bx", false)]
    [TestCase("\\*", "x", false)]
    [TestCase("\\*", "*", true)]
    [TestCase("a.b", "axb", false)]
    [TestCase("a+(b)|{c}$", "a+(b)|{c}$", true)]
    [TestCase("\uFEFFa\r\n", "a", true)]
    [TestCase("  a b  ", "a b", true)]
    [TestCase(".", "a", false)]
    public void Should_follow_the_last_pattern_that_matches(string text, string path, bool leftOut) =>
        Assert.That(DockerIgnore.Parse(".dockerignore", text).LeavesOut(path), Is.EqualTo(leftOut));

    [TestCase("a\n[", 2)]
    [TestCase("!", 1)]
    [TestCase("[]x", 1)]
    [TestCase("x[a-]", 1)]
    public void Should_say_which_line_is_no_pattern(string text, int line) =>
        Assert.That(
            () => DockerIgnore.Parse(".dockerignore", text),
            Throws.TypeOf<BuildFailedException>().With.Message.Contains($"line {line}"));

    [Test]
    public void Should_not_be_slowed_down_by_a_pattern_made_for_it()
    {
        var ignore = DockerIgnore.Parse(".dockerignore", string.Concat(Enumerable.Repeat("**/*a", 40)) + "b");
        Assert.That(ignore.LeavesOut(new string('a', 3_000)), Is.False);
    }

    [Test]
    public void Should_agree_with_a_matcher_of_whole_segments()
    {
        var segment = Gen.Elements("a", "b", "ab", "*", "?", "a*", "**");
        var pattern = from segments in Some(segment, 3)
                      from keeps in Gen.Elements(false, false, true)
                      select (Keeps: keeps, Segments: segments);
        var scene = from patterns in Some(pattern, 4)
                    from path in Some(Gen.Elements("a", "b", "ab", "c"), 4)
                    select (Patterns: patterns, Path: path);

        Prop.ForAll(Arb.From(scene), s =>
        {
            var text = string.Join('\n', s.Patterns.Select(p => (p.Keeps ? "!" : "") + string.Join('/', p.Segments)));
            var last = s.Patterns.LastOrDefault(
                p => Enumerable.Range(1, s.Path.Length).Any(n => Matches(p.Segments, s.Path.AsSpan(0, n))));
            var leftOut = last.Segments is not null && !last.Keeps;
            return DockerIgnore.Parse(".dockerignore", text).LeavesOut(string.Join('/', s.Path)) == leftOut;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(1_000));
    }

    private static Gen<T[]> Some<T>(Gen<T> one, int most) => Gen.Choose(1, most).SelectMany(one.ArrayOf);

    /// <summary>Segment by segment, with <c>**</c> for any number of them, at the end for at least one.</summary>
    private static bool Matches(ReadOnlySpan<string> pattern, ReadOnlySpan<string> path)
    {
        if (pattern.Length == 0)
            return path.Length == 0;
        if (pattern[0] != "**")
            return path.Length > 0 && MatchesOne(pattern[0], path[0]) && Matches(pattern[1..], path[1..]);
        if (pattern.Length == 1)
            return path.Length > 0;
        for (var skipped = 0; skipped <= path.Length; skipped++)
            if (Matches(pattern[1..], path[skipped..]))
                return true;
        return false;
    }

    private static bool MatchesOne(string pattern, string segment) => pattern switch
    {
        "*" => true,
        "?" => segment.Length == 1,
        "a*" => segment[0] == 'a',
        _ => pattern == segment,
    };
}
