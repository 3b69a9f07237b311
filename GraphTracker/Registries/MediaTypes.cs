namespace Builds.GraphTracker.Registries;

internal static class MediaTypes
{
    public const string DockerImage = "application/vnd.docker.distribution.manifest.v2+json";
    public const string DockerList = "application/vnd.docker.distribution.manifest.list.v2+json";
    public const string OciImage = "application/vnd.oci.image.manifest.v1+json";
    public const string OciIndex = "application/vnd.oci.image.index.v1+json";
    public const string Schema1 = "application/vnd.docker.distribution.manifest.v1+prettyjws";

    private const string Schema1Unsigned = "application/vnd.docker.distribution.manifest.v1+json";

    public static readonly string[] Manifests = [OciIndex, OciImage, DockerList, DockerImage, Schema1];

    private static readonly string[] Configs =
        ["application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"];

    public static bool IsIndex(string type) => type is DockerList or OciIndex;

    public static bool IsImage(string type) => type is DockerImage or OciImage;

    public static bool IsSchema1(string type) => type is Schema1 or Schema1Unsigned;

    /// <param name="manifest">Docker's first schema 2 manifests did not say of what type their configuration
    /// is.</param>
    public static bool IsConfig(string? type, string manifest) =>
        Configs.Contains(type) || manifest == DockerImage && type == "application/octet-stream";
}
