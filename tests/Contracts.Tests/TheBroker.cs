using Builds.Parts;

namespace Builds.Contracts.Tests;

/// <summary>One real broker for all tests; each test uses queues of its own.</summary>
[SetUpFixture]
public sealed class TheBroker
{
    public static Broker Broker { get; private set; } = null!;

    [OneTimeSetUp]
    public static async Task StartAsync() => Broker = await Broker.StartAsync();

    [OneTimeTearDown]
    public static async Task StopAsync() => await Broker.DisposeAsync();
}
