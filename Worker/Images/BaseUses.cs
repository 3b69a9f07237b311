using System.Globalization;
using Builds.Contracts;

namespace Builds.Worker.Images;

/// <summary>An image that a build needs, and the line that says so.</summary>
/// <param name="Platform">Where one was asked for; the daemon's own otherwise.</param>
public sealed record BaseUse(ImageName Image, Platform? Platform, string Stage, BaseImageKind Kind, int Line);

/// <summary>Which images a build of one target needs.</summary>
/// <param name="All">In the order of the Dockerfile, the frontend first.</param>
/// <param name="Final">The image that the target's stage stands on in the end; null for scratch.</param>
public sealed record BaseUses(IReadOnlyList<BaseUse> All, BaseUse? Final)
{
    /// <param name="machine">What the daemon runs on.</param>
    /// <param name="inOrder">The classic builder makes every stage up to the target, needed or not.</param>
    /// <exception cref="BuildFailedException">With the line of what cannot be.</exception>
    public static BaseUses Of(Dockerfile file, BuildRequested request, Platform machine, bool inOrder)
    {
        var variables = DockerfileVariables.Of(file, request, machine);
        var stages = new List<Resolved>();
        var names = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase);
        foreach (var stage in file.Stages)
        {
            stages.Add(Resolve(file, stage, names, variables));
            if (stage.Name is { } name)
                names[name] = stage.Index;
        }

        var target = Target(file, request.Target);
        var needed = inOrder ? [.. Enumerable.Range(0, target + 1)] : new SortedSet<int>();
        Reach(file, stages, names, target, needed);

        var uses = needed.SelectMany(index => Images(file, names, stages[index])).ToList();
        if (file.Frontend is { } frontend)
            uses.Insert(0, new BaseUse(Name(file, frontend.Image, frontend.Line), null, "syntax",
                BaseImageKind.Frontend, frontend.Line));

        var bottom = stages[target];
        while (bottom.Parent is { } parent)
            bottom = stages[parent];
        var final = uses.FirstOrDefault(use => use.Kind == BaseImageKind.From && use.Line == bottom.Stage.Line);
        return new BaseUses(uses, final);
    }

    private sealed record Resolved(DockerfileStage Stage, string Image, int? Parent, Platform? Platform);

    private static Resolved Resolve(
        Dockerfile file, DockerfileStage stage, Dictionary<string, int> earlier, DockerfileVariables variables)
    {
        var image = variables.Expand(stage.Image, stage.Line);
        if (image.Length == 0)
            throw file.Wrong(stage.Line,
                $"FROM {stage.Image} names nothing; give the ARG a default before the first FROM, or the " +
                "build an argument");
        var platform = stage.Platform is null ? variables.Target : variables.Expand(stage.Platform, stage.Line) switch
        {
            "" => variables.Target,
            var text => Platform.TryParse(text, out var written) ? written
                : throw file.Wrong(stage.Line, $"\"{text}\" is not a platform such as linux/amd64"),
        };
        return new Resolved(stage, image, earlier.TryGetValue(image, out var parent) ? parent : null, platform);
    }

    private static int Target(Dockerfile file, string? target)
    {
        if (string.IsNullOrEmpty(target))
            return file.Stages.Count - 1;

        var found = file.Stages.LastOrDefault(
            stage => target.Equals(stage.Name, StringComparison.OrdinalIgnoreCase))?.Index;
        if (found is null && int.TryParse(target, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && number < file.Stages.Count)
            found = number;
        return found ?? throw new BuildFailedException(
            $"The Dockerfile \"{file.Path}\" has no stage \"{target}\"; its stages are " +
                $"{string.Join(", ", file.Stages.Select(stage => stage.Label))}.");
    }

    /// <summary>Without recursion: the depth is the author's.</summary>
    private static void Reach(Dockerfile file, List<Resolved> stages, Dictionary<string, int> names, int target,
        SortedSet<int> needed)
    {
        var seen = new HashSet<int>();
        var open = new Stack<int>(needed.Append(target));
        while (open.TryPop(out var index))
        {
            if (!seen.Add(index))
                continue;
            needed.Add(index);
            if (stages[index].Parent is { } parent)
                open.Push(parent);
            foreach (var use in stages[index].Stage.Uses)
                if (Source(file, names, index, use) is { } source)
                    open.Push(source);
        }
    }

    private static IEnumerable<BaseUse> Images(Dockerfile file, Dictionary<string, int> names, Resolved resolved)
    {
        var stage = resolved.Stage;
        if (resolved.Parent is null && resolved.Image != "scratch")
            yield return new BaseUse(Name(file, resolved.Image, stage.Line), resolved.Platform, stage.Label,
                BaseImageKind.From, stage.Line);
        foreach (var use in stage.Uses
            .Where(use => use.From != "scratch" && Source(file, names, stage.Index, use) is null))
            yield return new BaseUse(Name(file, use.From, use.Line), resolved.Platform, stage.Label, use.Kind,
                use.Line);
    }

    /// <summary>The stage that is meant; null where it is an image. Only COPY takes numbers.</summary>
    private static int? Source(Dockerfile file, Dictionary<string, int> names, int index, DockerfileUse use)
    {
        if (use.Kind == BaseImageKind.CopyFrom
            && int.TryParse(use.From, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            return number < index ? number
                : throw file.Wrong(use.Line, $"--from={use.From}: there is no stage {use.From} before this one");

        if (!names.TryGetValue(use.From, out var found))
            return null;
        return found != index ? found : throw file.Wrong(use.Line, $"from={use.From}: a stage cannot take from itself");
    }

    private static ImageName Name(Dockerfile file, string text, int line) =>
        ImageName.TryParse(text, out var name) ? name
        : text.Contains('$', StringComparison.Ordinal)
            ? throw file.Wrong(line,
                $"from={text}: no variables here; name the image in a FROM … AS stage and take from that")
            : throw file.Wrong(line, $"\"{text}\" is not the name of an image or of a stage");
}
