using System.Text;
using Builds.Worker.Building;

namespace Builds.Worker.Tests.Building;

public sealed class When_output_is_made_into_lines
{
    [TestCase("a\nb", "a|b")]
    [TestCase("a\r\nb\r\n", "a|b")]
    [TestCase("10%\r20%\r\n", "10%|20%")]
    [TestCase("\n\n", "|")]
    [TestCase("", "")]
    [TestCase("tab\tstays", "tab\tstays")]
    [TestCase("\u001b[31mred\u0007\u007f", "␛[31mred␇␡")]
    [TestCase("nul\0 c1\u009b", "nul␀ c1\ufffd")]
    [TestCase("ünï©ödé", "ünï©ödé")]
    public void Should_make_control_characters_visible(string output, string expected) =>
        Assert.That(string.Join('|', Lines(Encoding.UTF8.GetBytes(output))), Is.EqualTo(expected));

    [Test]
    public void Should_replace_what_is_no_utf8() =>
        Assert.That(Lines([0x61, 0xff, 0x62]), Is.EqualTo(new[] { "a\ufffdb" }));

    [Test]
    public void Should_cut_a_line_that_is_too_long_and_say_so()
    {
        var line = Encoding.UTF8.GetBytes(new string('x', 10_000_000) + "\nnext\n");

        Assert.That(Lines(line), Is.EqualTo(new[] { new string('x', 1000) + "… [line cut: 9999000 bytes more]", "next" }));
    }

    private static List<string> Lines(byte[] output)
    {
        var step = new StepOutput(new SecretMask([]), longestLine: 1000);
        var lines = new List<string>();
        foreach (var piece in output.Chunk(16 * 1024))
            step.Add(piece, lines);
        step.Finish(lines);
        return lines;
    }
}
