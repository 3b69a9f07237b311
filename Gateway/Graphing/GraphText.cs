using System.Globalization;
using System.Text;
using Builds.Contracts;

namespace Builds.Gateway.Graphing;

/// <summary>A graph as people read it: two trees, what the image stands on and what stands on it.</summary>
internal sealed class GraphText(ImageGraph graph)
{
    private const int ShownDigest = 12;

    private readonly StringBuilder _text = new();

    public string Render()
    {
        var name = $"{graph.Image.Registry}/{graph.Image.Repository}";
        _text.Append(name).Append('\n');
        foreach (var tag in graph.Tags)
            Line(1, TagWords(tag));
        var tags = graph.Tags.Select(tag => $"{name}:{tag.Tag}").ToList();
        Tree("stands on", tags, graph.Ancestors.ToLookup(edge => edge.Child), edge => edge.Base);
        Tree("stands under", tags, graph.Descendants.ToLookup(edge => edge.Base), edge => edge.Child);
        if (graph.Truncated)
            _text.Append("\nThere is more than an answer can hold: ask with &tag=, or for one of the images above.\n");
        return _text.ToString();
    }

    private void Tree(
        string title, List<string> tags, ILookup<string, GraphEdge> edges, Func<GraphEdge, string> next)
    {
        _text.Append('\n').Append(title).Append(edges.Count == 0 ? " nothing that is known\n" : "\n");
        var shown = new HashSet<string>();
        foreach (var tag in tags.Where(tag => edges[tag].Any()))
        {
            Line(1, tag);
            Branch(2, tag, edges, next, shown, [tag]);
        }
    }

    // What stands at two places is opened at the first; a circle is named where it closes.
    private void Branch(
        int depth,
        string from,
        ILookup<string, GraphEdge> edges,
        Func<GraphEdge, string> next,
        HashSet<string> shown,
        List<string> path)
    {
        foreach (var edge in edges[from])
        {
            var to = next(edge);
            var circle = path.Contains(to);
            var again = !circle && edges[to].Any() && !shown.Add(to);
            Line(depth, $"{to}  {EdgeWords(edge)}{(circle ? ", in a circle" : again ? ", see above" : "")}");
            if (circle || again)
                continue;
            path.Add(to);
            Branch(depth + 1, to, edges, next, shown, path);
            path.RemoveAt(path.Count - 1);
        }
    }

    private static string TagWords(GraphTag tag)
    {
        var words = new List<string> { tag.Tag, tag.Digest is { } digest ? Short(digest) : "deleted" };
        words.AddRange(tag.Platforms);
        if (tag.MovedAt is { } at)
        {
            var instant = at.ToUniversalTime().ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);
            words.Add($"moved {tag.Moves} {(tag.Moves == 1 ? "time" : "times")}, last at {instant} UTC");
        }

        if (tag.SameLayers.Count > 0)
            words.Add($"same layers as {string.Join(", ", tag.SameLayers)}");
        return string.Join("  ", words);
    }

    private static string EdgeWords(GraphEdge edge) =>
        $"{KindWords(edge.Kind)} {Short(edge.BaseDigest)}, by {edge.Evidence}"
        + (edge.Pinned ? ", pinned" : "") + (edge.Outdated ? ", OUTDATED" : "");

    private static string KindWords(string kind) => kind switch
    {
        "finalFrom" => "final FROM",
        "from" => "FROM",
        "copyFrom" => "COPY --from",
        "mount" => "RUN --mount",
        _ => kind,
    };

    private static string Short(string digest)
    {
        var start = digest.IndexOf(':') + 1;
        return digest[..Math.Min(digest.Length, start + ShownDigest)];
    }

    private void Line(int depth, string words) => _text.Append(' ', 2 * depth).Append(words).Append('\n');
}
