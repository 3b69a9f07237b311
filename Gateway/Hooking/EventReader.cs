using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Builds.Contracts;
using Builds.Gateway.Queueing;

namespace Builds.Gateway.Hooking;

/// <summary>One event of a notification: a hint to pass on, or why not.</summary>
/// <param name="Pushed">Null for what is ignored or cannot be used.</param>
/// <param name="Rejection">Null for what is merely ignored.</param>
public sealed record ReadEvent(ImagePushed? Pushed, string? Rejection);

/// <summary>
/// Reads an event of a registry as it comes: what is of no use is told apart from what was never meant for us.
/// </summary>
internal static partial class EventReader
{
    private const int LongestText = 256;

    private static readonly HashSet<string> Manifests =
    [
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.distribution.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.oci.image.index.v1+json",
    ];

    private static readonly ReadEvent Ignored = new(null, null);

    public static ReadEvent Read(JsonElement given, string registry)
    {
        if (given.ValueKind != JsonValueKind.Object || Child(given, "target") is not { } target)
            return Rejected("an event has no target");

        var isDelete = Text(given, "action") == "delete";
        if (!isDelete && (Text(given, "action") != "push" || IsNoManifest(target) || IsAttestation(target)))
            return Ignored;
        return isDelete && IsNoManifest(target) && Text(target, "mediaType") is not null
            ? Ignored
            : Hint(given, target, registry, isDelete);
    }

    private static ReadEvent Hint(JsonElement given, JsonElement target, string registry, bool isDelete)
    {
        var image = new ImageReference { Registry = registry, Repository = Text(target, "repository") ?? "" };
        var tag = Text(target, "tag") is { Length: > 0 } name ? name : null;
        var digest = Text(target, "digest") ?? "";
        if (RequestRules.ImageProblem(image) is not null)
            return Rejected($"no repository may be called {Shown(image.Repository)}");
        if (tag is not null && RequestRules.TagsProblem([tag]) is not null)
            return Rejected($"no tag may be called {Shown(tag)}, as one of {image.Repository} is");
        // a tag that is deleted is named without what it pointed to
        if (!Digest().IsMatch(digest) && !(isDelete && digest == "" && tag is not null))
            return Rejected($"{Shown(digest)} of {image.Repository} is no digest");

        return new ReadEvent(
            new ImagePushed
            {
                Image = image,
                Digest = digest,
                Tag = tag,
                MediaType = Text(target, "mediaType"),
                At = DateTimeOffset.TryParse(Text(given, "timestamp"), null, out var at) ? at : null,
                EventId = IdOf(given),
                Actor = Child(given, "actor") is { } actor ? Text(actor, "name") : null,
            },
            Rejection: null);
    }

    private static bool IsNoManifest(JsonElement target) => !Manifests.Contains(Text(target, "mediaType") ?? "");

    // Visible only where the registry is told to include references; else GraphTracker sees it when it reads it.
    private static bool IsAttestation(JsonElement target) =>
        Child(target, "references", JsonValueKind.Array) is { } references
        && references.EnumerateArray().Any(one => Text(one, "mediaType") == "application/vnd.in-toto+json");

    private static string IdOf(JsonElement given) => Text(given, "id") is { Length: > 0 and <= LongestText } id
        ? id
        : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(given.GetRawText())));

    private static JsonElement? Child(JsonElement of, string name, JsonValueKind kind = JsonValueKind.Object) =>
        of.TryGetProperty(name, out var child) && child.ValueKind == kind ? child : null;

    private static string? Text(JsonElement of, string name)
    {
        if (of.ValueKind != JsonValueKind.Object || Child(of, name, JsonValueKind.String) is not { } text)
            return null;
        try
        {
            return text.GetString() is { Length: > LongestText } longer
                ? longer[..(LongestText + 1)]
                : text.GetString();
        }
        catch (InvalidOperationException)
        {
            return "\ufffd"; // half a surrogate pair is no text, and no name either
        }
    }

    private static ReadEvent Rejected(string why) => new(null, why);

    // It comes from outside, and operators look at it.
    private static string Shown(string text) =>
        $"'{string.Concat(text.Take(64).Select(c => c is < ' ' or > '~' ? '?' : c))}{(text.Length > 64 ? "…" : "")}'";

    [GeneratedRegex(@"\A(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})\z")]
    private static partial Regex Digest();
}
