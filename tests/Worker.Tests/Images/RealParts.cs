using Builds.Parts;

namespace Builds.Worker.Tests.Images;

/// <summary>One daemon and one open registry for all tests of this folder.</summary>
[SetUpFixture]
public sealed class RealParts
{
    public static DockerDaemon Daemon { get; private set; } = null!;

    public static Registry Registry { get; private set; } = null!;

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
