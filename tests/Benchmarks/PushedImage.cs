using System.Text.Json;
using Builds.GraphTracker.Registries;

namespace Builds.Benchmarks;

/// <summary>A further version of an image of the graph, or a new one in it, as a registry has it.</summary>
public sealed class PushedImage
{
    public const string MediaType = "application/vnd.oci.image.manifest.v1+json";

    private const string Version = "-pushed";

    /// <param name="place">As of <see cref="SyntheticGraph.Image"/>.</param>
    public PushedImage(int tree, string place)
    {
        Repository = SyntheticGraph.Repository(tree, place);
        var diffIds = SyntheticGraph.Image(tree, place, Version).DiffIds;
        Config = JsonSerializer.SerializeToUtf8Bytes(ConfigOf(diffIds));
        ConfigDigest = ContentDigest.Of(Config);
        Manifest = JsonSerializer.SerializeToUtf8Bytes(ManifestOf(diffIds));
        Digest = ContentDigest.Of(Manifest);
    }

    public string Repository { get; }

    public byte[] Config { get; }

    public string ConfigDigest { get; }

    public byte[] Manifest { get; }

    public string Digest { get; }

    // Some kilobytes, as those that builders write.
    private static object ConfigOf(IReadOnlyList<string> diffIds) => new
    {
        architecture = "amd64",
        os = "linux",
        created = "2026-01-02T03:04:05Z",
        config = new
        {
            Env = Enumerable.Range(0, 12).Select(number => $"SETTING_{number}=/usr/local/lib/of/the/image/{number}"),
            Cmd = new[] { "/bin/sh", "-c", "exec /usr/local/bin/serve" },
            Labels = Enumerable.Range(0, 8).ToDictionary(
                number => $"org.example.label-{number}", number => $"what label {number} says"),
        },
        rootfs = new { type = "layers", diff_ids = diffIds },
        history = diffIds.SelectMany(diffId => new object[]
        {
            new { created = "2026-01-02T03:04:05Z", created_by = $"RUN /bin/sh -c install what makes up {diffId}" },
            new { created = "2026-01-02T03:04:05Z", created_by = "ENV PATH=/usr/local/bin:/usr/bin:/bin", empty_layer = true },
        }),
    };

    private object ManifestOf(IReadOnlyList<string> diffIds) => new
    {
        schemaVersion = 2,
        mediaType = MediaType,
        config = new
        {
            mediaType = "application/vnd.oci.image.config.v1+json",
            digest = ConfigDigest,
            size = Config.Length,
        },
        layers = diffIds.Select(diffId => new
        {
            mediaType = "application/vnd.oci.image.layer.v1.tar+gzip",
            digest = diffId, // nobody asks for a layer
            size = 12_345_678,
        }),
    };
}
