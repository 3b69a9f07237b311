using System.Net.Http.Json;
using Builds.Parts;

namespace Builds.Flow.Tests;

[TestFixture("engine")]
[TestFixture("dockerd")]
[TestFixture("docker-machine")]
public sealed class When_source_and_registry_are_private(string provider)
{
    private const string GitPassword = "git-pa$$word/1";
    private const string RegistryPassword = "registry-pa$$word/2";

    private Installation _builds = null!;
    private SshGitServer _ssh = null!;

    [OneTimeSetUp]
    public async Task An_installation()
    {
        _ssh = await SshGitServer.StartAsync();
        _builds = await Installation.StartAsync(new InstallationOptions
        {
            Provider = provider,
            Git = new GitServerOptions { User = "reader", Password = GitPassword },
            Registry = new RegistryOptions { User = "pusher", Password = RegistryPassword },
        });
        await SealAsync("team-git", new
        {
            @namespace = "team", kind = "gitBasic", host = _builds.Git.Host, username = "reader", password = GitPassword,
        });
        await SealAsync("team-key", new
        {
            @namespace = "team", kind = "gitSsh", host = _ssh.Host, knownHosts = _ssh.KnownHosts,
            privateKey = await File.ReadAllTextAsync(_ssh.PrivateKeyFile),
        });
        await SealAsync("team-registry", new
        {
            @namespace = "team", kind = "registryBasic", host = _builds.Registry.Host, username = "pusher", password = RegistryPassword,
        });
    }

    [OneTimeTearDown]
    public async Task Gone()
    {
        if (_builds is not null)
            await _builds.DisposeAsync();
        await _ssh.DisposeAsync();
    }

    private string Dockerfile => $"FROM {_builds.Registry.Host}/library/busybox:1\nRUN echo built; echo {GitPassword} {RegistryPassword}\n";

    [Test]
    public async Task Should_build_with_a_password_and_never_show_it()
    {
        var repository = await _builds.Git.CreateRepositoryAsync("private.git");
        await repository.CommitAsync(("Dockerfile", Dockerfile));
        await DefineAsync("team/private", _builds.Git.UrlOf(repository).ToString(), "team-git");

        var id = await _builds.RequestAsync("team/private");
        var build = await _builds.EndOfAsync(id);
        var log = await _builds.LogOfAsync(id);

        Assert.That(build.State, Is.EqualTo("succeeded"), build.Json + log);
        Assert.That(await _builds.Registry.DigestOfAsync("team/private", "latest"), Is.EqualTo(build.Digest));
        Assert.That(log, Does.Contain("built"));
        foreach (var secret in new[] { GitPassword, RegistryPassword })
        {
            Assert.That(log, Does.Not.Contain(secret));
            Assert.That(_builds.Outputs(), Does.Not.Contain(secret));
        }
    }

    [Test]
    public async Task Should_not_show_a_password_in_the_reason_of_a_failure()
    {
        var repository = await _builds.Git.CreateRepositoryAsync("failing.git");
        await repository.CommitAsync(("Dockerfile", Dockerfile + $"RUN false {RegistryPassword}\n"));
        await DefineAsync("team/failing", _builds.Git.UrlOf(repository).ToString(), "team-git");

        var build = await _builds.EndOfAsync(await _builds.RequestAsync("team/failing"));

        Assert.That(build.State, Is.EqualTo("failed"), build.Json.ToString());
        Assert.That(build.Reason, Does.Contain("false").And.Contain("***").And.Not.Contain(RegistryPassword));
    }

    [Test]
    public async Task Should_build_with_a_deploy_key()
    {
        var repository = await _ssh.CreateRepositoryAsync("private.git");
        await repository.CommitAsync(("Dockerfile", Dockerfile));
        await DefineAsync("team/by-ssh", _ssh.UrlOf(repository), "team-key");

        var build = await _builds.EndOfAsync(await _builds.RequestAsync("team/by-ssh"));

        Assert.That(build.State, Is.EqualTo("succeeded"), build.Json.ToString());
    }

    [Test]
    public async Task Should_not_give_credentials_to_a_foreign_git_url()
    {
        await using var thief = await GitServer.StartAsync(new GitServerOptions { User = "reader", Password = GitPassword });
        var repository = await _builds.Git.CreateRepositoryAsync("victim.git");
        await repository.CommitAsync(("Dockerfile", Dockerfile));
        await DefineAsync("team/victim", _builds.Git.UrlOf(repository).ToString(), "team-git");
        var copy = await thief.CreateRepositoryAsync("victim.git");
        await copy.CommitAsync(("Dockerfile", Dockerfile));

        await using var portus = await Publisher.ConnectAsync(_builds.Broker);
        var id = await portus.RequestAsync("team/victim", thief.UrlOf(copy).ToString());
        var build = await _builds.EndOfAsync(id);

        Assert.That((build.State, build.Class), Is.EqualTo(("failed", "author")), build.Json.ToString());
        Assert.That(build.Reason, Does.Contain("credential"), "the thief's server wants a log-in, and gets none");
        Assert.That(await _builds.Registry.DigestOfAsync("team/victim", "latest"), Is.Null);
    }

    private async Task SealAsync(string name, object credential)
    {
        using var answer = await _builds.Api.PutAsJsonAsync($"v1/credentials/{name}", credential);
        Assert.That(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }

    private Task DefineAsync(string image, string git, string credential) => _builds.DefineAsync(image, new
    {
        git, @ref = "main", tags = new[] { "latest" }, credentials = new { git = credential, registries = new[] { "team-registry" } },
    });
}
