using System.Security.Cryptography;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Builds.GraphTracker.Registries;

/// <summary>What an image's configuration says (image-spec, config.md).</summary>
/// <param name="Content">Equal for two images that differ in times and in where they were built from only.</param>
internal sealed partial record ImageConfig(
    string Platform, IReadOnlyList<string> DiffIds, byte[] Content, IReadOnlyList<string> History, JsonElement Labels)
{
    /// <summary>They change with each build, whether anything else does or not.</summary>
    private static readonly string[] PassingLabels =
    [
        "org.opencontainers.image.created", "org.opencontainers.image.revision", "org.opencontainers.image.base.name",
        "org.opencontainers.image.base.digest", "builds.build",
    ];

    public static ImageConfig Read(JsonElement root)
    {
        var listed = ManifestReader.Property(ManifestReader.Property(root, "rootfs"), "diff_ids");
        if (listed.ValueKind != JsonValueKind.Array)
            throw new ManifestBadException("Its configuration names no diff_ids (rootfs.diff_ids).");
        var diffIds = listed.EnumerateArray().Select(layer => layer.GetString() ?? "").ToList();
        if (diffIds.Find(layer => !NameRules.IsDigest(layer)) is { } strange)
            throw new ManifestBadException($"Its configuration names the diff_id \"{strange}\", which is none.");
        var history = ManifestReader.Property(root, "history");
        return new ImageConfig(
            PlatformOf(root),
            diffIds,
            ContentOf(root),
            history.ValueKind == JsonValueKind.Array
                ? [.. history.EnumerateArray().Select(step => ManifestReader.Text(step, "created_by") ?? "")]
                : [],
            ManifestReader.Property(ManifestReader.Property(root, "config"), "Labels"));
    }

    private static string PlatformOf(JsonElement root)
    {
        var platform = (ManifestReader.Text(root, "os") ?? "linux") + "/"
            + (ManifestReader.Text(root, "architecture") ?? "amd64");
        return ManifestReader.Text(root, "variant") is { Length: > 0 } variant ? $"{platform}/{variant}" : platform;
    }

    // The members in order, whatever the order they were written in.
    internal static byte[] ContentOf(JsonElement root)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
            Write(writer, root, "");
        return SHA256.HashData(stream.GetBuffer().AsSpan(0, (int)stream.Length));
    }

    private static void Write(Utf8JsonWriter writer, JsonElement value, string path)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                writer.WriteStartObject();
                foreach (var member in value.EnumerateObject().OrderBy(member => member.Name, StringComparer.Ordinal))
                {
                    if (IsPassing(path, member.Name))
                        continue;
                    writer.WritePropertyName(member.Name);
                    Write(writer, member.Value, $"{path}/{member.Name}");
                }

                writer.WriteEndObject();
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (var item in value.EnumerateArray())
                {
                    if (path != "/history" || !IsLabelling(item))
                        Write(writer, item, path);
                }

                writer.WriteEndArray();
                break;
            default:
                value.WriteTo(writer);
                break;
        }
    }

    // The classic builder makes a step of each label that it is given. What labels come to is compared with the others.
    private static bool IsLabelling(JsonElement step) =>
        ManifestReader.Property(step, "empty_layer").ValueKind == JsonValueKind.True
        && ManifestReader.Text(step, "created_by") is { } by && LabelStep().IsMatch(by);

    // By the classic builder, after the shell of the image, and by BuildKit.
    [GeneratedRegex(@"\A(\S.* #\(nop\) +)?LABEL ")]
    private static partial Regex LabelStep();

    // Also what old builders left there: the container and the configuration that the image was made in.
    private static bool IsPassing(string path, string name) => path switch
    {
        "" => name is "created" or "container" or "container_config" or "docker_version" or "id" or "parent"
            or "throwaway" or "moby.buildkit.buildinfo.v1" or "moby.buildkit.cache.v0",
        "/history" => name == "created",
        "/config/Labels" => PassingLabels.Contains(name),
        "/config" => name == "Image",
        _ => false,
    };
}
