using Builds.Contracts;
using Builds.Parts;
using Builds.Worker.Images;

namespace Builds.Worker.Tests.Images;

/// <summary>On its own, beside the others: the daemon tries five times, which takes it 50 s.</summary>
[Parallelizable]
public sealed class When_a_registry_has_no_space
{
    [Test]
    public async Task Should_blame_the_service_with_the_words_of_the_registry()
    {
        await using var disk = await TinyDisk.CreateAsync(3 << 20);
        await using var full = await Registry.StartAsync(new RegistryOptions { Storage = disk.FullPath });
        using var scenario = new Scenario(options: new ImageOptions { AllowedRegistries = Scenario.Loopback, RegistryRetries = 0 })
            .With("Dockerfile", $"FROM {RealParts.Registry.Host}/os:1\nRUN head -c 8000000 /dev/urandom > /large\n");
        scenario.Request = scenario.Request with {
            Image = new ImageReference { Registry = full.Host, Repository = "team/api" } };

        await Assert.ThatAsync(() => scenario.PushAsync(), Throws.TypeOf<RegistryUnavailableException>()
            .With.Message.Contains("no space left").Or.Message.Contains("500"));
    }
}
