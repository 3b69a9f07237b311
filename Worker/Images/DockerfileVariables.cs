using Builds.Contracts;

namespace Builds.Worker.Images;

/// <summary>What can be substituted in a FROM: the platforms, and each ARG before the first FROM with the build's
/// argument or its default.</summary>
internal sealed class DockerfileVariables
{
    private static readonly HashSet<string> Predefined =
    [
        "HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "FTP_PROXY", "ftp_proxy", "NO_PROXY", "no_proxy",
        "ALL_PROXY", "all_proxy", "SOURCE_DATE_EPOCH",
    ];

    private readonly Dockerfile _file;
    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);

    private DockerfileVariables(Dockerfile file, Platform? target) => (_file, Target) = (file, target);

    /// <summary>The platform that the build asks for; null for the machine's own.</summary>
    public Platform? Target { get; }

    public static DockerfileVariables Of(Dockerfile file, BuildRequested request, Platform machine)
    {
        Platform? target = null;
        if (request.Platform is { Length: > 0 } asked && !Platform.TryParse(asked, out target))
            throw new BuildFailedException($"The platform \"{asked}\" cannot be built for; write it like linux/amd64.");

        var variables = new DockerfileVariables(file, target);
        variables.Describe("BUILD", machine);
        variables.Describe("TARGET", target ?? machine);
        var given = request.BuildArgs ?? new Dictionary<string, string>();
        foreach (var name in variables._values.Keys.Where(given.ContainsKey).ToList())
            variables._values[name] = given[name];
        foreach (var argument in file.Arguments)
            if (given.TryGetValue(argument.Name, out var value))
                variables._values[argument.Name] = value;
            else if (argument.Default is not null)
                variables._values[argument.Name] = variables.Expand(argument.Default, argument.Line);
        return variables;
    }

    public string Expand(string word, int line)
    {
        try
        {
            return DockerfileWords.Expand(word, _file.Escape, name => _values.GetValueOrDefault(name));
        }
        catch (FormatException e)
        {
            throw _file.Wrong(line, e.Message);
        }
    }

    /// <summary>Build arguments that no ARG declares, in order.</summary>
    public static IReadOnlyList<string> Unused(Dockerfile file, BuildRequested request) =>
    [
        .. (request.BuildArgs ?? new Dictionary<string, string>()).Keys
            .Where(name => !file.Declared.Contains(name) && !Predefined.Contains(name))
            .Where(name => !name.StartsWith("BUILDKIT_", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal),
    ];

    private void Describe(string side, Platform platform)
    {
        _values[side + "PLATFORM"] = platform.ToString();
        _values[side + "OS"] = platform.Os;
        _values[side + "ARCH"] = platform.Architecture;
        _values[side + "VARIANT"] = platform.Variant ?? "";
    }
}
