using Builds.Parts;
using Builds.Worker.Sources;

namespace Builds.Worker.Tests.Sources;

public sealed class When_a_repository_is_reached_by_ssh
{
    private CheckoutDriver _driver = null!;
    private SshGitServer _server = null!;
    private GitRepository _repository = null!;
    private string _tip = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        _driver = CheckoutDriver.Create();
        _server = await SshGitServer.StartAsync();
        _repository = await _server.CreateRepositoryAsync("team/api.git", anyCommit: false);
        await _repository.CommitAsync(("Dockerfile", "one\n"));
        _tip = await _repository.CommitAsync(("Dockerfile", "two\n"));
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        _driver.Dispose();
        await _server.DisposeAsync();
    }

    [Test]
    public async Task Should_log_in_with_the_deploy_key()
    {
        await using var checkout = await _driver.CreateAsync(_server.UrlOf(_repository), credential: Key());
        Assert.That(checkout.Commit, Is.EqualTo(_tip));
        Assert.That(await CheckoutDriver.TextAsync(checkout, "Dockerfile"), Is.EqualTo("two\n"));
    }

    [Test]
    public async Task Should_fetch_an_older_commit_from_a_server_that_gives_tips_only()
    {
        var older = await _repository.GitAsync("rev-parse", "main~1");
        await using var checkout = await _driver.CreateAsync(_server.UrlOf(_repository), "main", older, Key());
        Assert.That(await CheckoutDriver.TextAsync(checkout, "Dockerfile"), Is.EqualTo("one\n"));
    }

    [Test]
    public async Task Should_not_speak_to_a_server_with_another_host_key() =>
        Assert.That(
            (await _driver.FailureAsync(_server.UrlOf(_repository), credential: Key(_server.WrongKnownHosts))).Message,
            Does.Contain("host key that is not the known one"));

    [Test]
    public async Task Should_say_that_the_key_is_not_accepted()
    {
        var strange = Key(file: _server.StrangePrivateKeyFile);
        var failure = await _driver.FailureAsync(_server.UrlOf(_repository), credential: strange);
        Assert.That(failure.Message, Does.Contain("does not accept the deploy key"));
    }

    [Test]
    public async Task Should_say_that_the_key_is_none()
    {
        var broken = Key() with { PrivateKey = "-----BEGIN OPENSSH PRIVATE KEY-----\nnonsense\n" };
        Assert.That(
            (await _driver.FailureAsync(_server.UrlOf(_repository), credential: broken)).Message,
            Does.Contain("does not accept the deploy key").And.Not.Contain("nonsense"));
    }

    [Test]
    public async Task Should_say_that_it_needs_a_key() =>
        Assert.That(
            (await _driver.FailureAsync(_server.UrlOf(_repository))).Message, Does.Contain("needs a deploy key"));

    [Test]
    public async Task Should_say_that_it_needs_to_know_the_host() =>
        Assert.That(
            (await _driver.FailureAsync(_server.UrlOf(_repository), credential: Key(""))).Message,
            Does.Contain("ssh-keyscan"));

    [Test]
    public async Task Should_say_that_the_repository_is_not_there()
    {
        var url = _server.UrlOf(_repository).Replace("api.git", "none.git", StringComparison.Ordinal);
        var failure = await _driver.FailureAsync(url, credential: Key());
        Assert.That(failure.Message, Does.Contain($"no repository at {url}"));
    }

    [Test]
    public async Task Should_say_that_nobody_listens()
    {
        var url = $"ssh://git@127.0.0.1:{FreePort.Next()}/team/api.git";
        Assert.That(
            (await _driver.FailureAsync(url, credential: Key())).Message,
            Does.Contain("cannot be reached").And.Contain("Connection refused"));
    }

    private GitCredential Key(string? knownHosts = null, string? file = null) => new(
        GitCredentialKind.GitSsh,
        "127.0.0.1",
        PrivateKey: File.ReadAllText(file ?? _server.PrivateKeyFile),
        KnownHosts: knownHosts ?? _server.KnownHosts);
}
