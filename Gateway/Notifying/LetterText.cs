using System.Globalization;
using System.Net;
using System.Text;
using Builds.Contracts;
using Builds.Gateway.Describing;

namespace Builds.Gateway.Notifying;

/// <summary>The words of a mail, plain and as HTML. Everything that comes from outside is escaped there.</summary>
/// <param name="mostExplained">Of those after them only the names are given.</param>
internal sealed class LetterText(string name, IReadOnlyList<LetterItem> items, int mostExplained, Links links)
{
    private const int LongestText = 500;

    public string Subject
    {
        get
        {
            var first = Clean($"{items[0].Flag.Image.Repository}:{items[0].Flag.Tag}");
            var others = items.Count == 1 ? "" : $" and {items.Count - 1} more";
            return Failed == 0 ? $"{first}{others}: outdated" : $"{first}{others}: outdated, {Failed} not rebuilt";
        }
    }

    public string Plain()
    {
        var text = new StringBuilder($"Hello {name},\n\n{Opening}\n");
        foreach (var item in items.Take(mostExplained))
        {
            text.Append('\n').Append(NameOf(item.Flag)).Append('\n');
            foreach (var (label, value, _) in Clean(Facts(item)))
                text.Append("  ").Append(label).Append(": ").Append(value).Append('\n');
        }

        if (HasNamedOnly)
            text.Append('\n').Append(AndTheseToo).Append('\n');
        foreach (var item in items.Skip(mostExplained))
            text.Append("  ").Append(NameOf(item.Flag)).Append('\n');
        return text.Append('\n').Append(Closing).Append('\n').ToString();
    }

    public string Html()
    {
        var html = new StringBuilder("<!DOCTYPE html>\n<html><body style=\"font-family:sans-serif\">\n")
            .Append("<p>Hello ").Append(Escaped(name)).Append(",</p>\n<p>").Append(Escaped(Opening)).Append("</p>\n");
        foreach (var item in items.Take(mostExplained))
        {
            html.Append("<h3>").Append(Escaped(NameOf(item.Flag))).Append("</h3>\n<table>\n");
            foreach (var (label, value, isLink) in Clean(Facts(item)))
            {
                html.Append("<tr><th align=\"left\" valign=\"top\">").Append(Escaped(label)).Append("</th><td>")
                    .Append(isLink ? Link(value) : Escaped(value))
                    .Append("</td></tr>\n");
            }

            html.Append("</table>\n");
        }

        if (HasNamedOnly)
            html.Append("<p>").Append(Escaped(AndTheseToo)).Append("</p>\n");
        foreach (var item in items.Skip(mostExplained))
            html.Append(Escaped(NameOf(item.Flag))).Append("<br>\n");
        return html.Append("<p>").Append(Escaped(Closing)).Append("</p>\n</body></html>\n").ToString();
    }

    private int Failed => items.Count(item => item.Flag.Outlook is OutdatedOutlook.Failed or OutdatedOutlook.Blocked);

    private string Opening => items.Count == 1
        ? "this image stands on an old version of another:"
        : $"these {items.Count} images stand on old versions of others:";

    private bool HasNamedOnly => items.Count > mostExplained;

    private string AndTheseToo => $"and these {items.Count - mostExplained} too, of which one mail cannot say more:";

    private string Closing =>
        "You get this because you may write to these images. "
        + (links.Public("/v1/images?outdated=true") is { } all ? $"All that is outdated: {all}" : "");

    private static IEnumerable<Fact> Clean(IEnumerable<Fact> facts) =>
        facts.Select(fact => fact with { Value = Clean(fact.Value) });

    // A line stays a line, whatever it was made of; and no reason of a build fills a mail.
    private static string Clean(string text) =>
        string.Concat(text.Take(LongestText).Select(c => char.IsControl(c) ? ' ' : c))
        + (text.Length > LongestText ? "…" : "");

    private IEnumerable<Fact> Facts(LetterItem item)
    {
        var flag = item.Flag;
        yield return new("base", $"{flag.Base} moved {flag.OldDigest} → {flag.NewDigest}");
        var how = flag.Through is { } through ? $"through {through}" : "directly";
        yield return new("how", $"{how}, known by {flag.Evidence}");
        var since = flag.Since.ToUniversalTime().ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);
        yield return new("since", $"{since} UTC");
        yield return new("now", flag.Next);
        if (flag.BuildId is not { } build)
            yield break;
        if (item.BuildState is { } state)
            yield return new("rebuild", item.BuildReason is { } reason ? $"{state}: {reason}" : state);
        if (links.Public($"/v1/builds/{build}/log") is { } log)
            yield return new("log", log, IsLink: true);
    }

    private static string NameOf(ImageOutdated flag) =>
        Clean($"{flag.Image.Registry}/{flag.Image.Repository}:{flag.Tag}");

    private static string Link(string url) => $"<a href=\"{Escaped(url)}\">{Escaped(url)}</a>";

    private static string Escaped(string text) => WebUtility.HtmlEncode(text);

    /// <param name="IsLink">It is an address of ours. A name of somebody else's may look like one.</param>
    private sealed record Fact(string Label, string Value, bool IsLink = false);
}
