using System.Text.RegularExpressions;
using Builds.Contracts;

namespace Builds.GraphTracker.Layers;

/// <summary>What a push has to look like before a registry is asked about it (distribution specification).</summary>
public static partial class PushRules
{
    /// <exception cref="FormatException">With what is wrong; the message is for the error queue.</exception>
    public static void Check(ImagePushed push)
    {
        if (push.Image.Repository.Length > 255 || !Repository().IsMatch(push.Image.Repository))
            throw Wrong("image.repository", push.Image.Repository, "the name of a repository, such as team/api");
        if (push.Image.Registry is { } registry && !Host().IsMatch(registry))
            throw Wrong("image.registry", registry, "a host[:port], such as registry.example.org");
        if (push.Tag is { } tag && !Tag().IsMatch(tag))
            throw Wrong("tag", tag, "the name of a tag");
        var isDeletion = push.Digest.Length == 0 && push.Tag is not null; // of a tag: registries name no digest then
        if (!isDeletion && !Digest().IsMatch(push.Digest))
            throw Wrong("digest", push.Digest, "a digest, such as sha256:…");
    }

    private static FormatException Wrong(string field, string value, string expected) =>
        new($"ImagePushed.{field} is \"{value[..Math.Min(value.Length, 300)]}\", which is not {expected}. Mend what "
            + "publishes it; the push itself is found when the registry is next looked through.");

    [GeneratedRegex(@"\A[a-z0-9]+((\.|__?|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|__?|-+)[a-z0-9]+)*)*\z",
        RegexOptions.NonBacktracking)]
    private static partial Regex Repository();

    [GeneratedRegex(@"\A(\[[0-9a-fA-F:]+\]|[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?)(:[0-9]{1,5})?\z",
        RegexOptions.NonBacktracking)]
    private static partial Regex Host();

    [GeneratedRegex(@"\A[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}\z")]
    private static partial Regex Tag();

    [GeneratedRegex(@"\A(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})\z")]
    private static partial Regex Digest();
}
