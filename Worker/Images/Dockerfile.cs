using System.Text.RegularExpressions;
using Builds.Contracts;

namespace Builds.Worker.Images;

/// <summary>What of a Dockerfile says on which images a build stands (Dockerfile reference, as BuildKit reads
/// it).</summary>
/// <param name="Path">As its author knows it, from the root of the repository.</param>
/// <param name="Text">To be given to the daemon.</param>
/// <param name="Frontend">The image of the <c># syntax=</c> line, where there is one and it counts.</param>
/// <param name="Arguments">Those before the first FROM, with their defaults as written.</param>
/// <param name="Declared">Names of all build arguments that some ARG declares.</param>
public sealed partial record Dockerfile(
    string Path,
    string Text,
    char Escape,
    DockerfileSyntax? Frontend,
    IReadOnlyList<DockerfileArgument> Arguments,
    IReadOnlyList<DockerfileStage> Stages,
    IReadOnlySet<string> Declared)
{
    private static readonly HashSet<string> Keywords =
    [
        "ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "MAINTAINER",
        "ONBUILD", "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR",
    ];

    /// <exception cref="BuildFailedException">With the line, where it cannot be read.</exception>
    public static Dockerfile Parse(string path, string text, FrontendChoice frontend)
    {
        if (string.IsNullOrWhiteSpace(text))
            throw new BuildFailedException($"The Dockerfile \"{path}\" is empty: it needs at least a FROM line.");

        var lines = text.TrimStart('\uFEFF').Split('\n').Select(line => line.TrimEnd('\r')).ToArray();
        var head = DockerfileHead.Read(path, lines);
        if (frontend == FrontendChoice.Daemon)
            (head, text) = (head with { Syntax = null }, head.Syntax is null ? text : head.WithoutSyntax(lines));

        var arguments = new List<DockerfileArgument>();
        var stages = new List<DockerfileStage>();
        var declared = new HashSet<string>(StringComparer.Ordinal);
        var instructions = DockerfileLines.Read(lines, head.Lines, head.Escape,
            (line, reason) => Wrong(path, line, reason));
        foreach (var instruction in instructions)
        {
            if (instruction.Keyword == "FROM")
                stages.Add(DockerfileStage.From(instruction, stages.Count, path, head.Escape));
            else if (instruction.Keyword == "ARG")
            {
                var found = DockerfileArgument.Of(instruction, head.Escape).ToList();
                declared.UnionWith(found.Select(argument => argument.Name));
                if (stages.Count == 0)
                    arguments.AddRange(found);
            }
            else if (!Keywords.Contains(instruction.Keyword))
            {
                // Another frontend may know more instructions than we do.
                if (head.Syntax is null)
                    throw Wrong(path, instruction.Line, $"unknown instruction {instruction.Keyword}");
            }
            else if (stages.Count == 0)
                throw Wrong(path, instruction.Line,
                    $"{instruction.Keyword} stands before the first FROM; only ARG may");
            else
                stages[^1].Uses.AddRange(DockerfileStage.UsesOf(instruction, head.Escape));
        }

        if (stages.Count == 0)
            throw new BuildFailedException(
                $"The Dockerfile \"{path}\" has no FROM line, so there is nothing to build.");
        return new Dockerfile(path, text, head.Escape, head.Syntax, arguments, stages, declared);
    }

    public BuildFailedException Wrong(int line, string reason) => Wrong(Path, line, reason);

    internal static BuildFailedException Wrong(string path, int line, string reason) =>
        new($"The Dockerfile \"{path}\" cannot be used, line {line}: {reason}.");
}

/// <summary>An ARG and its default as written, null where it has none.</summary>
public sealed record DockerfileArgument(string Name, string? Default, int Line)
{
    internal static IEnumerable<DockerfileArgument> Of(Instruction instruction, char escape) =>
        DockerfileLines.Words(instruction.Arguments, escape)
            .Select(word => word.Split('=', 2))
            .Select(parts => new DockerfileArgument(parts[0], parts.ElementAtOrDefault(1), instruction.Line));
}

/// <summary>A FROM and what its stage takes from elsewhere; nothing is substituted yet.</summary>
public sealed partial record DockerfileStage(int Index, string? Name, string Image, string? Platform, int Line)
{
    public List<DockerfileUse> Uses { get; } = [];

    /// <summary>The name or, where it has none, the number.</summary>
    public string Label => Name ?? Index.ToString(System.Globalization.CultureInfo.InvariantCulture);

    internal static DockerfileStage From(Instruction instruction, int index, string path, char escape)
    {
        var words = DockerfileLines.Words(instruction.Arguments, escape).ToArray();
        var isNamed = words.Length == 3 && words[1].Equals("AS", StringComparison.OrdinalIgnoreCase);
        if (words.Length != 1 && !isNamed)
            throw Dockerfile.Wrong(path, instruction.Line, "FROM takes an image, or an image, AS and a name");
        var name = isNamed ? words[2].ToLowerInvariant() : null;
        if (name is not null && !StageName().IsMatch(name))
            throw Dockerfile.Wrong(path, instruction.Line,
                $"a stage cannot be named \"{words[2]}\": a letter first, then letters, digits, - _ .");
        return new DockerfileStage(index, name, words[0], Flag(instruction, "platform"), instruction.Line);
    }

    internal static IEnumerable<DockerfileUse> UsesOf(Instruction instruction, char escape) =>
        instruction.Keyword switch
    {
        "COPY" or "ADD" when Flag(instruction, "from") is { Length: > 0 } from =>
            [new DockerfileUse(BaseImageKind.CopyFrom, from, instruction.Line)],
        "RUN" => from flag in instruction.Flags
                 where flag.StartsWith("--mount=", StringComparison.Ordinal)
                 from field in flag["--mount=".Length..].Split(',')
                 let parts = field.Split('=', 2)
                 where parts[0].Trim().Equals("from", StringComparison.OrdinalIgnoreCase)
                     && parts.ElementAtOrDefault(1) is { Length: > 0 }
                 select new DockerfileUse(BaseImageKind.Mount, parts[1], instruction.Line),
        _ => [],
    };

    private static string? Flag(Instruction instruction, string name) =>
        instruction.Flags.LastOrDefault(
            flag => flag.StartsWith($"--{name}=", StringComparison.Ordinal))?[(name.Length + 3)..];

    [GeneratedRegex(@"\A[a-z][a-z0-9_.-]*\z")]
    private static partial Regex StageName();
}

/// <summary>A COPY or a mount from a stage or an image.</summary>
public sealed record DockerfileUse(BaseImageKind Kind, string From, int Line);

/// <summary>The <c># syntax=</c> line.</summary>
public sealed record DockerfileSyntax(string Image, int Line);
