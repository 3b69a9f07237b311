using Builds.Contracts;
using Builds.Parts;
using Builds.Worker.Images;

namespace Builds.Worker.Tests.Images.Bugs;

/// <summary>
/// It was pushed to for minutes, four times five tries. On its own, beside the others: the daemon's five tries take it
/// 50 s.
/// </summary>
[Parallelizable]
public sealed class When_a_registry_has_no_space
{
    [Test]
    public async Task Should_leave_it_at_the_tries_of_the_daemon_and_send_its_operator_to_it()
    {
        await using var disk = await TinyDisk.CreateAsync(3 << 20);
        await using var full = await Registry.StartAsync(new RegistryOptions { Storage = disk.FullPath });
        using var scenario = new Scenario(options: new ImageOptions { AllowedRegistries = Scenario.Loopback })
            .With("Dockerfile", $"FROM {RealParts.Registry.Host}/os:1\nRUN head -c 8000000 /dev/urandom > /large\n");
        scenario.Request = scenario.Request with {
            Image = new ImageReference { Registry = full.Host, Repository = "team/api" } };

        var failure = await Assert.ThrowsAsync<RegistryUnavailableException>(() => scenario.PushAsync());

        Assert.That(failure!.Message, Does.Contain(full.Host).And.Contain("its operator").And.Contain("disk"));
        Assert.That(failure.IsLasting);
        var again = scenario.Lines.Where(line => line.EndsWith(": Retrying in 5 seconds", StringComparison.Ordinal));
        Assert.That(again, Is.Not.Empty.And.Unique, "each layer once, and no push a second time");
    }
}
