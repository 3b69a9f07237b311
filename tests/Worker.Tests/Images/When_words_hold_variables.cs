using Builds.Worker.Images;
using FsCheck;
using FsCheck.Fluent;

namespace Builds.Worker.Tests.Images;

[Parallelizable]
public sealed class When_words_hold_variables
{
    private static readonly Dictionary<string, string> Values = new() { ["SET"] = "value", ["EMPTY"] = "",
        ["a1_"] = "x y" };

    /// <summary>A word as written, and what a simple reading of the rules makes of it.</summary>
    private sealed record Word(string Text, string Meaning);

    [Test]
    public void Should_mean_what_the_rules_say() =>
        Prop.ForAll(Arb.From(Words(3)), word => Expand(word.Text) == word.Meaning).QuickCheckThrowOnFailure();

    [TestCase("'$SET'", "$SET")]
    [TestCase("\"$SET\"", "value")]
    [TestCase("\\$SET", "$SET")]
    [TestCase("\"a\\b\"", "a\\b")]
    [TestCase("$SET-$", "value-$")]
    [TestCase("${SET:+\"a}b\"}", "a}b")]
    public void Should_take_quotes_and_escapes_away(string text, string meaning) =>
        Assert.That(Expand(text), Is.EqualTo(meaning));

    [TestCase("${NONE:?must be given}", "NONE: must be given")]
    [TestCase("${NONE?}", "NONE: is not set")]
    [TestCase("${SET", "not a variable")]
    [TestCase("${SET##x}", "a modifier that cannot be used")]
    [TestCase("'open", "not closed")]
    [TestCase("\"open", "not closed")]
    public void Should_say_what_cannot_be_read(string text, string said) =>
        Assert.That(() => Expand(text), Throws.TypeOf<FormatException>().With.Message.Contains(said));

    private static string Expand(string text) =>
        DockerfileWords.Expand(text, '\\', name => Values.GetValueOrDefault(name));

    private static Gen<Word> Words(int depth) =>
        from parts in Gen.ListOf(
            depth == 0 ? Gen.OneOf(Literal(), Plain()) : Gen.OneOf(Literal(), Plain(), Modified(depth)), 3)
        select new Word(string.Concat(parts.Select(part => part.Text)),
            string.Concat(parts.Select(part => part.Meaning)));

    private static Gen<Word> Literal() => Gen.Elements(".", "/", "-x", ":1.2", "").Select(text => new Word(text, text));

    private static Gen<Word> Plain() =>
        from name in Name()
        from braced in Gen.Elements(true, false)
        select new Word(braced ? $"${{{name}}}" : $"${name}", Values.GetValueOrDefault(name) ?? "");

    private static Gen<Word> Modified(int depth) =>
        from name in Name()
        from colon in Gen.Elements("", ":")
        from sign in Gen.Elements('-', '+')
        from other in Words(depth - 1)
        let value = Values.GetValueOrDefault(name)
        let counts = value is not null && (colon == "" || value != "")
        select new Word($"${{{name}{colon}{sign}{other.Text}}}",
            sign == '-' ? counts ? value! : other.Meaning : counts ? other.Meaning : "");

    private static Gen<string> Name() => Gen.Elements("SET", "EMPTY", "NONE", "a1_");
}
