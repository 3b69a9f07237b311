using System.Net;
using System.Net.Sockets;
using Builds.Contracts;
using Builds.Parts;
using Builds.Worker.Sources;

namespace Builds.Worker.Tests.Sources;

public sealed class When_a_source_is_beyond_the_limits
{
    private const long Limit = 64 << 20;
    private GitServer _server = null!;

    [OneTimeSetUp]
    public async Task Start() => _server = await GitServer.StartAsync();

    [OneTimeTearDown]
    public async Task Stop() => await _server.DisposeAsync();

    [Test]
    public async Task Should_refuse_a_file_of_200_megabytes_that_is_small_on_the_wire()
    {
        var repository = await _server.CreateRepositoryAsync("team/zeros.git");
        await repository.CommitAsync(("data/zeros", GitFile.Bytes(new byte[200 << 20])));
        await FailsAsync(
            new SourceOptions { AllowedHosts = CheckoutDriver.Loopback, Retries = 0, MaxFileBytes = Limit },
            _server.UrlOf(repository),
            "The file data/zeros has 200 MiB, more than 64 MiB");
    }

    [Test]
    public async Task Should_stop_receiving_when_it_is_too_much()
    {
        var repository = await _server.CreateRepositoryAsync("team/noise.git");
        await repository.GitAsync("config", "pack.compression", "0");
        await repository.CommitAsync(("noise", GitFile.Random(80 << 20)));
        await FailsAsync(
            new SourceOptions { AllowedHosts = CheckoutDriver.Loopback, Retries = 0, MaxReceivedBytes = Limit },
            _server.UrlOf(repository),
            "sends more than 64 MiB");
    }

    [Test]
    public async Task Should_refuse_more_bytes_than_allowed_together()
    {
        var repository = await _server.CreateRepositoryAsync("team/many.git");
        await repository.CommitAsync(
            [.. Enumerable.Range(0, 5).Select(each => ($"f{each}", GitFile.Random(40_000)))]);
        await FailsAsync(
            new SourceOptions { AllowedHosts = CheckoutDriver.Loopback, Retries = 0, MaxWrittenBytes = 100_000 },
            _server.UrlOf(repository),
            "larger than 97 KiB together");
    }

    [Test]
    public async Task Should_refuse_more_files_than_allowed_also_when_they_are_one()
    {
        var repository = await _server.CreateRepositoryAsync("team/bomb.git");
        await repository.CommitAsync(("f", "x"));
        var blob = await repository.GitAsync("rev-parse", "main:f");
        var (mode, name) = ("100644 blob", blob);
        for (var level = 0; level < 7; level++)
        {
            var list = Path.Combine(repository.FullPath, "list");
            await File.WriteAllLinesAsync(list, Enumerable.Range(0, 10).Select(each => $"{mode} {name}\t{each}"));
            name = await repository.GitAsync("-c", $"alias.make=!git mktree < '{list}'", "make");
            mode = "040000 tree";
        }
        var commit = await repository.GitAsync(
            "-c", "user.name=b", "-c", "user.email=b@example.org", "commit-tree", "-m", "bomb", name);
        await repository.BranchAsync("main", commit);
        await FailsAsync(
            new SourceOptions { AllowedHosts = CheckoutDriver.Loopback, Retries = 0, MaxFiles = 5_000 },
            _server.UrlOf(repository),
            "more than 5000 files and folders");
    }

    [Test]
    public async Task Should_give_up_on_a_server_that_says_nothing()
    {
        await using var server = await BadGitServer.SilentAsync();
        await FailsAsync(Impatient(), server.Url, "has sent nothing for 1 s");
        Assert.That(server.Requests, Is.EqualTo(1));
    }

    [Test]
    public async Task Should_give_up_on_an_ssh_server_that_says_nothing()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var driver = CheckoutDriver.Create(Impatient());
        var key = new GitCredential(GitCredentialKind.GitSsh, "127.0.0.1", PrivateKey: "none", KnownHosts: "none");
        var failure = await driver.FailureAsync($"ssh://git@{listener.LocalEndpoint}/team/api.git", credential: key);
        Assert.That(failure.Class, Is.EqualTo(FailureClass.Limit));
        Assert.That(failure.Message, Does.Contain("has sent nothing for 1 s"));
    }

    [Test]
    public async Task Should_give_up_on_branches_without_an_end()
    {
        await using var server = await BadGitServer.EndlessBranchesAsync();
        await FailsAsync(
            new SourceOptions { AllowedHosts = CheckoutDriver.Loopback, Retries = 0, MaxReceivedBytes = 8 << 20 },
            server.Url,
            "sends more than 8192 KiB");
    }

    [Test]
    public async Task Should_give_up_on_a_pack_without_an_end()
    {
        await using var server = await BadGitServer.EndlessPackAsync();
        await FailsAsync(
            new SourceOptions { AllowedHosts = CheckoutDriver.Loopback, Retries = 0, MaxReceivedBytes = 16 << 20 },
            server.Url,
            "sends more than 16 MiB");
    }

    [Test]
    public async Task Should_give_up_when_its_time_is_over_although_something_comes()
    {
        await using var server = await BadGitServer.EndlessPackAsync();
        await FailsAsync(
            new SourceOptions
            {
                AllowedHosts = CheckoutDriver.Loopback,
                MaxReceivedBytes = 1L << 40,
                TimeLimit = TimeSpan.FromSeconds(2),
            },
            server.Url,
            "was not fetched within 2 s");
    }

    private static SourceOptions Impatient() =>
        new() { AllowedHosts = CheckoutDriver.Loopback, Retries = 0, IdleLimit = TimeSpan.FromSeconds(1) };

    private static async Task FailsAsync(SourceOptions options, Uri url, string because)
    {
        using var driver = CheckoutDriver.Create(options);
        var failure = await driver.FailureAsync(url);
        Assert.That(failure.Message, Does.Contain(because));
        Assert.That(failure.Class, Is.EqualTo(FailureClass.Limit));
    }
}
