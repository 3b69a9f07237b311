using Builds.Parts;
using Builds.Worker.Sources;

namespace Builds.Worker.Tests.Sources.Bugs;

/// <summary>It was on the disk for longer than ssh ran.</summary>
public sealed class When_a_deploy_key_was_used
{
    [Test]
    public async Task Should_not_be_on_the_disk_any_more()
    {
        await using var server = await SshGitServer.StartAsync();
        var repository = await server.CreateRepositoryAsync("team/api.git");
        await repository.CommitAsync(("Dockerfile", "FROM scratch\n"));
        using var driver = CheckoutDriver.Create();
        var key = new GitCredential(
            GitCredentialKind.GitSsh,
            "127.0.0.1",
            PrivateKey: await File.ReadAllTextAsync(server.PrivateKeyFile),
            KnownHosts: server.KnownHosts);

        await using var checkout = await driver.CreateAsync(server.UrlOf(repository), credential: key);

        Assert.That(Directory.GetFileSystemEntries(driver.Folder), Is.EqualTo(new[] { checkout.Root }));
    }
}
