using Builds.Contracts;
using Builds.GraphTracker.Registries;

namespace Builds.GraphTracker.Layers;

/// <summary>What a push has to look like before a registry is asked about it (distribution specification).</summary>
public static class PushRules
{
    /// <exception cref="FormatException">With what is wrong; the message is for the error queue.</exception>
    public static void Check(ImagePushed push)
    {
        if (!NameRules.IsRepository(push.Image.Repository))
            throw Wrong("image.repository", push.Image.Repository, "the name of a repository, such as team/api");
        if (push.Image.Registry is { } registry && !NameRules.IsHost(registry))
            throw Wrong("image.registry", registry, "a host[:port], such as registry.example.org");
        if (push.Tag is { } tag && !NameRules.IsTag(tag))
            throw Wrong("tag", tag, "the name of a tag");
        var isDeletion = push.Digest.Length == 0 && push.Tag is not null; // of a tag: registries name no digest then
        if (!isDeletion && !NameRules.IsDigest(push.Digest))
            throw Wrong("digest", push.Digest, "a digest, such as sha256:…");
    }

    private static FormatException Wrong(string field, string value, string expected) =>
        new($"ImagePushed.{field} is \"{value[..Math.Min(value.Length, 300)]}\", which is not {expected}. Mend what "
            + "publishes it; the push itself is found when the registry is next looked through.");
}
