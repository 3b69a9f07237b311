namespace Builds.Worker.Images;

/// <summary>What the tags of a build were before it pushed them: what half a push is undone to.</summary>
/// <param name="attempt">From the second on, a tag may be what an earlier attempt at the build has pushed.</param>
public sealed class TagsBefore(int attempt)
{
    private readonly Dictionary<string, string> _digests = [];
    private readonly List<string> _own = [];

    public bool MayBeOwn => attempt > 1;

    /// <summary>By tag; without those that were not there, or of which that is not known.</summary>
    public IReadOnlyDictionary<string, string> Digests => _digests;

    /// <summary>Tags that an earlier attempt at the build had pushed.</summary>
    public IReadOnlyList<string> Own => _own;

    /// <param name="digest">Null where it is not there.</param>
    public void Found(string tag, string? digest)
    {
        if (digest is null)
            _digests.Remove(tag);
        else
            _digests[tag] = digest;
    }

    /// <param name="replaces">What the build is to replace; null where nobody has said.</param>
    public void FoundOwn(string tag, string? replaces)
    {
        if (_own.Contains(tag))
            return;
        _own.Add(tag);
        Found(tag, replaces);
    }
}
