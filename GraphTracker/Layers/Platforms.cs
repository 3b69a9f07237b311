namespace Builds.GraphTracker.Layers;

/// <summary>
/// Platforms as they are compared: what may be left out is left out or filled in (as containerd does).
/// </summary>
public static class Platforms
{
    public static string Normal(string platform) => platform switch
    {
        "linux/arm64/v8" => "linux/arm64",
        "linux/arm" => "linux/arm/v7",
        "linux/amd64/v1" => "linux/amd64",
        _ => platform,
    };
}
