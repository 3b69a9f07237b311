namespace Builds.GraphTracker.Layers;

/// <summary>A base as a build record names it: in full, with a tag or, where only that is written, a digest.</summary>
/// <param name="Tag">Null where only the digest is named.</param>
public sealed record BaseName(string Registry, string Repository, string? Tag)
{
    /// <returns>Null where it is no name in full.</returns>
    public static BaseName? Parse(string reference)
    {
        var name = reference.Split('@')[0];
        var slash = name.IndexOf('/', StringComparison.Ordinal);
        if (slash <= 0 || slash == name.Length - 1)
            return null;

        var colon = name.IndexOf(':', slash);
        return colon < 0
            ? new BaseName(name[..slash], name[(slash + 1)..], null)
            : new BaseName(name[..slash], name[(slash + 1)..colon], name[(colon + 1)..]);
    }
}
