using System.Text.RegularExpressions;
using Builds.Parts;

namespace Builds.Flow.Tests;

/// <summary>The commands under "With curl" in the README, for a bash as its reader has one.</summary>
public sealed partial class ReadmeCommands
{
    private readonly TempFolder _folder;

    /// <param name="folder">Has the <c>.local</c> that <c>deploy/up</c> leaves.</param>
    public ReadmeCommands(string readme, TempFolder folder)
    {
        _folder = folder;
        var section = Section().Match(readme).Value;
        string[] all = [.. Block().Matches(section).SelectMany(block => Command().Matches(block.Groups["code"].Value)).Select(one => one.Value)];
        Preparation = [.. all.Where(one => one.StartsWith("export ", StringComparison.Ordinal))];
        Calls = [.. all.Except(Preparation)];
    }

    public IReadOnlyList<string> Preparation { get; }

    public IReadOnlyList<string> Calls { get; }

    /// <exception cref="PartException">It ended with an error, as every refused call does.</exception>
    public Task<string> RunAsync(string call, IReadOnlyDictionary<string, string> variables)
    {
        File.WriteAllText(_folder.File(".curlrc"), "fail-with-body\nsilent\nshow-error\nmax-time = 180\n");
        var script = string.Join('\n', ["set -eu", $"cd '{_folder.FullPath}'", .. Preparation, call]);
        var environment = new Dictionary<string, string>(variables) { ["CURL_HOME"] = _folder.FullPath };
        return Parts.Command.RunAsync("bash", ["-c", script], input: null, environment);
    }

    [GeneratedRegex(@"^## With curl$.*?(?=^## )", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Section();

    [GeneratedRegex(@"^```sh\n(?<code>.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Block();

    [GeneratedRegex(@"^(.*\\\n)*.+$", RegexOptions.Multiline)]
    private static partial Regex Command();
}
