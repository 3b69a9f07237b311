using Builds.Parts;

namespace Builds.Worker.Tests.Images;

/// <summary>One daemon and one open registry for all tests of this folder.</summary>
[SetUpFixture]
public sealed class RealParts
{
    public static DockerDaemon Daemon { get; private set; } = null!;

    public static Registry Registry { get; private set; } = null!;

    /// <returns>The digest of something new that all these tags have.</returns>
    public static async Task<string> PushToAllAsync(string repository, string first, params string[] others)
    {
        var digest = await Registry.PushNewBaseAsync(repository, first);
        var manifest = (await Registry.ManifestAsync(repository, first))!;
        foreach (var tag in others)
            await Registry.PutManifestAsync(repository, tag, manifest.MediaType, manifest.Bytes);
        return digest;
    }

    [OneTimeSetUp]
    public static async Task StartAsync()
    {
        Daemon = await DockerDaemon.StartAsync();
        Registry = await Registry.StartAsync();
        await Registry.PushBaseAsync("os", "1");
    }

    [OneTimeTearDown]
    public static async Task StopAsync()
    {
        if (Daemon is not null)
            await Daemon.DisposeAsync();
        if (Registry is not null)
            await Registry.DisposeAsync();
    }
}
