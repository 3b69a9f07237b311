using System.Text;
using Builds.Worker.Building;
using FsCheck;
using FsCheck.Fluent;

namespace Builds.Worker.Tests.Building;

public sealed class When_output_holds_a_secret
{
    private const string Secret = "s3cr3t+pass/word=\"x\"";

    [TestCase("before s3cr3t+pass/word=\"x\" behind", "before *** behind")]
    [TestCase("s3cr3t+pa\nss/word=\"x\"", "***\n***")]
    [TestCase("s3cr3t+pa\r\nss/word=\"x\"", "***\n***")]
    [TestCase("s3cr3t+pas s/word", "s3cr3t+pas s/word")]
    [TestCase("s3cr3t+pass", "s3cr3t+pass", Description = "only its beginning")]
    [TestCase("a=s3cr3t%2Bpass%2Fword%3D%22x%22", "a=***")]
    [TestCase("a=s3cr3t%2bpass%2fword%3d%22x%22", "a=***")]
    [TestCase("{\"a\":\"s3cr3t\\u002Bpass/word=\\u0022x\\u0022\"}", "{\"a\":\"***\"}")]
    public void Should_mask_every_spelling(string output, string expected) =>
        Assert.That(Lines([output], Secret), Is.EqualTo(expected));

    [Test]
    public void Should_mask_base64_at_any_offset([Values("", "u:", "user:", "ab")] string before, [Values("", "x", "yz")] string behind)
    {
        var encoded = Convert.ToBase64String(Encoding.UTF8.GetBytes(before + Secret + behind));

        var line = Lines(["Authorization: Basic " + encoded], Secret);

        Assert.That(line, Does.StartWith("Authorization: Basic ").And.Contain("***"));
        Assert.That(line, Does.Not.Contain(encoded[8..^8]));
    }

    [Test]
    public void Should_mask_each_line_of_a_key()
    {
        var key = "-----BEGIN KEY-----\nMIIBVgIBADANBgkqhkiG9w0BAQ\nEFAASCAUAwggE8AgEAAkEAq7BF\n-----END KEY-----\n";

        Assert.That(Lines(["cat: EFAASCAUAwggE8AgEAAkEAq7BF."], key), Is.EqualTo("cat: ***."));
    }

    [Test]
    public void Should_find_it_however_the_output_is_cut()
    {
        var cuts = Gen.Choose(1, 9).NonEmptyListOf();
        var noise = Gen.Elements("a", "s3c", "\n", "s3cr3t+pass/word=", "é", "\"x\"").ListOf().Select(string.Concat);
        var cases = from before in noise from behind in noise from sizes in cuts select (before, behind, sizes);

        Prop.ForAll(cases.ToArbitrary(), it =>
        {
            var whole = it.before + Secret + it.behind + "\n";
            var cut = Lines(Cut(whole, it.sizes), Secret);
            return !cut.Replace("\n", "").Contains(Secret) && cut == Lines([whole], Secret);
        }).QuickCheckThrowOnFailure();
    }

    [Test]
    public void Should_leave_alone_what_is_too_short_to_be_a_secret() =>
        Assert.That(Lines(["abc abc"], "abc"), Is.EqualTo("abc abc"));

    private static string Lines(IEnumerable<string> pieces, string secret) =>
        Lines(pieces.Select(Encoding.UTF8.GetBytes), secret);

    private static string Lines(IEnumerable<byte[]> pieces, string secret)
    {
        var output = new StepOutput(new SecretMask([secret]), longestLine: 64 * 1024);
        var lines = new List<string>();
        foreach (var piece in pieces)
            output.Add(piece, lines);
        output.Finish(lines);
        return string.Join("\n", lines);
    }

    private static IEnumerable<byte[]> Cut(string text, IEnumerable<int> sizes)
    {
        var rest = Encoding.UTF8.GetBytes(text);
        foreach (var size in sizes.Concat(Enumerable.Repeat(3, rest.Length)))
        {
            yield return rest[..Math.Min(size, rest.Length)];
            rest = rest[Math.Min(size, rest.Length)..];
        }
    }
}
