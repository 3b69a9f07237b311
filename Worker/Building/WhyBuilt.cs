using Builds.Contracts;

namespace Builds.Worker.Building;

/// <summary>The first lines of a log: who or what asked for the build, with the facts that it rests on.</summary>
public static class WhyBuilt
{
    public static IEnumerable<string> Lines(BuildCause? cause)
    {
        if (cause is null)
            yield break;
        if (cause is not { Kind: BuildCauseKind.Cascade, Base: not null })
        {
            var kind = cause.Kind.ToString().ToLowerInvariant();
            yield return cause.Actor is { } actor ? $"asked for by {actor} ({kind})" : $"asked for by {kind}";
        }

        if (cause.Base is { } moved) // of a cascade, or of a retry of what it had asked for
        {
            yield return $"rebuilt because {moved} moved {cause.OldDigest ?? "(nothing)"} → {cause.NewDigest}";
            yield return
                $"evidence: {cause.Evidence ?? "not told"}; cascade {cause.CascadeId}, depth {cause.Depth}";
        }
    }
}
