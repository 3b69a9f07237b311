using System.Security.Cryptography;
using System.Text;
using Builds.Contracts;
using Builds.Worker.Building;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.Extensions.Logging.Abstractions;

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
    public async Task Should_mask_one_that_a_line_of_ours_cuts_in_two()
    {
        var encoded = Convert.ToBase64String(Encoding.UTF8.GetBytes(Secret));
        var spellings = new[] { Secret, Uri.EscapeDataString(Secret), encoded.TrimEnd('=')[..^1] }; // what tells it
        foreach (var spelling in spellings)
            for (var cut = 1; cut < spelling.Length; cut++)
            {
                var lines = await CutByLineAsync($"before {spelling[..cut]}", $"{spelling[cut..]} behind\n");

                Assert.That(lines, Has.Count.EqualTo(3), string.Join('|', lines));
                Assert.That(lines[0], Does.StartWith("before "));
                Assert.That(lines[0][7..], cut < SecretMask.Shortest ? Is.EqualTo(spelling[..cut]) : Is.EqualTo("***"));
                Assert.That(lines[1], Is.EqualTo("ours"));
                Assert.That(lines[2], Is.EqualTo("*** behind"), $"{spelling} at {cut}");
            }
    }

    [Test]
    public async Task Should_mask_one_that_several_lines_of_ours_cut()
    {
        var lines = await CutByLineAsync("s3cr3t", "+pass/w", "ord=\"x\" and s3cr3t+pass", "/word=\"x\"\nend");

        Assert.That(lines, Is.EqualTo(new[] { "***", "ours", "***", "ours", "*** and ***", "ours", "***", "end" }));
    }

    [Test]
    public async Task Should_show_a_line_that_a_line_of_ours_ends()
    {
        var lines = await CutByLineAsync("almost s3", "done\n", "as", " word\n");

        Assert.That(lines, Is.EqualTo(new[] { "almost s3", "ours", "done", "ours", "as", "ours", " word" }));
    }

    [Test]
    public void Should_leave_alone_what_is_too_short_to_be_a_secret() =>
        Assert.That(Lines(["abc abc"], "abc"), Is.EqualTo("abc abc"));

    // The pieces are of one step, with a line of ours between each two.
    private static async Task<List<string>> CutByLineAsync(params string[] pieces)
    {
        var published = new List<BuildLog>();
        await using (var log = new BuildLogStream(
            Guid.NewGuid(), 1, new BuildLogOptions(), [Secret], (batch, _) =>
            {
                lock (published)
                    published.Add(batch);
                return Task.CompletedTask;
            }, TimeProvider.System, NullLogger.Instance))
        {
            await log.WriteAsync("#1", Encoding.UTF8.GetBytes(pieces[0]), CancellationToken.None);
            foreach (var piece in pieces[1..])
            {
                await log.LineAsync("#1", "ours", CancellationToken.None);
                await log.WriteAsync("#1", Encoding.UTF8.GetBytes(piece), CancellationToken.None);
            }

            await log.SealAsync(CancellationToken.None);
        }

        return [.. published.OrderBy(batch => batch.Sequence).SelectMany(batch => batch.Runs).SelectMany(run => run.Text)];
    }

    [Test]
    public void Should_take_little_memory_for_a_long_key()
    {
        using var rsa = RSA.Create(4096);
        var key = rsa.ExportRSAPrivateKeyPem();
        var before = GC.GetAllocatedBytesForCurrentThread();
        var mask = new SecretMask([key]);
        var taken = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.That(mask.Longest, Is.GreaterThan(key.Length / 2), "or it knows nothing of the key");
        Assert.That(taken, Is.LessThan(16 << 20));
    }

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
