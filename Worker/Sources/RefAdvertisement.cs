using Builds.Contracts;

namespace Builds.Worker.Sources;

/// <summary>
/// What a git server has to offer: its refs and what it can do (gitprotocol-pack, reference discovery).
/// </summary>
internal sealed class RefAdvertisement
{
    private const int MaxRefs = 1_000_000;
    private const string Peeled = "^{}";
    private const string Heads = "refs/heads/";
    private const string Tags = "refs/tags/";
    private readonly Dictionary<string, string> _refs = new(StringComparer.Ordinal);
    private HashSet<string> _capabilities = [];

    public bool IsEmpty => _refs.Count == 0;

    /// <summary>It gives any commit that one of its refs leads to.</summary>
    public bool GivesSingleCommits =>
        _capabilities.Contains("allow-reachable-sha1-in-want") || _capabilities.Contains("allow-any-sha1-in-want");

    public bool Can(string capability) => _capabilities.Contains(capability);

    public IEnumerable<string> Branches => Names(Heads);

    /// <summary>All branches and tags.</summary>
    public IReadOnlyList<GitTip> Tips =>
    [
        .. Branches.Select(name => Tip(Heads + name)!),
        .. Names(Tags)
            .Where(name => !name.EndsWith(Peeled, StringComparison.Ordinal))
            .Select(name => Tip(Tags + name)!),
    ];

    public static RefAdvertisement Read(Stream from, byte[] buffer)
    {
        var read = new RefAdvertisement();
        while (PktLine.ReadText(from, buffer) is { } line)
        {
            if (!line.StartsWith("shallow ", StringComparison.Ordinal))
                read.Add(line);
        }
        return read;
    }

    /// <summary>A branch before a tag of the same name, as git has it; or a full name.</summary>
    public GitTip? Find(string name) => name == "HEAD" || name.StartsWith("refs/", StringComparison.Ordinal)
        ? Tip(name)
        : Tip(Heads + name) ?? Tip(Tags + name);

    /// <summary>Something that may be asked for and that is, or leads straight to, the commit.</summary>
    public GitTip? At(string commit) =>
        _refs.FirstOrDefault(each => each.Value == commit).Key is not { } name ? null
            : Tip(name.EndsWith(Peeled, StringComparison.Ordinal) ? name[..^Peeled.Length] : name);

    private GitTip? Tip(string name) => _refs.TryGetValue(name, out var id)
        ? new GitTip(id, _refs.GetValueOrDefault(name + Peeled, id))
        : null;

    private IEnumerable<string> Names(string prefix) =>
        _refs.Keys
            .Where(name => name.StartsWith(prefix, StringComparison.Ordinal))
            .Select(name => name[prefix.Length..]);

    private void Add(string line)
    {
        if (_capabilities.Count == 0 && line.Split('\0', 2) is [var first, var capabilities])
            (line, _capabilities) = (first, [.. capabilities.Split(' ')]);
        if (Can("object-format=sha256"))
        {
            throw new BuildFailedException(
                "The repository names its objects by SHA-256, which is not supported; use one with SHA-1.");
        }
        if (line.Length < 42 || line[40] != ' ' || !GitText.IsCommit(line[..40]))
            throw new GitProtocolException($"its list of refs contains \"{GitText.Shown(line, 60)}\"");
        if (line[41..] != "capabilities^{}")
            _refs[line[41..]] = line[..40];
        if (_refs.Count > MaxRefs)
            throw new BuildFailedException($"The repository has more than {MaxRefs} refs.", FailureClass.Limit);
    }
}

/// <param name="Id">What is asked for: a commit, or an annotated tag.</param>
/// <param name="Commit">What it leads to.</param>
internal sealed record GitTip(string Id, string Commit);
