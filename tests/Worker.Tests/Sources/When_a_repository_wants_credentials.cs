using Builds.Parts;
using Builds.Worker.Sources;

namespace Builds.Worker.Tests.Sources;

public sealed class When_a_repository_wants_credentials
{
    private CheckoutDriver _driver = null!;
    private GitServer _server = null!;
    private GitRepository _repository = null!;

    [SetUp]
    public async Task Start()
    {
        _driver = CheckoutDriver.Create();
        _server = await GitServer.StartAsync(new GitServerOptions { User = "bob", Password = "hunter2" });
        _repository = await _server.CreateRepositoryAsync("team/api.git");
        await _repository.CommitAsync(("Dockerfile", "FROM scratch\n"));
    }

    [TearDown]
    public async Task Stop()
    {
        _driver.Dispose();
        await _server.DisposeAsync();
    }

    [TestCase("127.0.0.1")]
    [TestCase("127.0.0.1:{port}")]
    public async Task Should_log_in_with_name_and_password(string host)
    {
        await using var checkout = await _driver.CreateAsync(
            _server.UrlOf(_repository),
            credential: Basic("hunter2", host.Replace("{port}", $"{_server.Url.Port}", StringComparison.Ordinal)));
        Assert.That(File.Exists(Path.Combine(checkout.Root, "Dockerfile")));
    }

    [Test]
    public async Task Should_log_in_with_a_token()
    {
        await using var server = await GitServer.StartAsync(new GitServerOptions { Token = "t0ken" });
        var repository = await server.CreateRepositoryAsync("team/api.git");
        await repository.CommitAsync(("Dockerfile", "FROM scratch\n"));
        await using var checkout = await _driver.CreateAsync(
            server.UrlOf(repository),
            credential: GitCredential.Read("""{"kind":"gitToken","host":"127.0.0.1","token":"t0ken"}"""u8));
        Assert.That(File.Exists(Path.Combine(checkout.Root, "Dockerfile")));
    }

    [Test]
    public async Task Should_say_that_it_needs_some()
    {
        var failure = await _driver.FailureAsync(_server.UrlOf(_repository));
        Assert.That(failure.Message, Does.Contain($"{_server.UrlOf(_repository)} needs credentials"));
    }

    [Test]
    public async Task Should_say_that_they_are_wrong_without_telling_them()
    {
        var failure = await _driver.FailureAsync(_server.UrlOf(_repository), credential: Basic("hunter3"));
        Assert.That(failure.Message, Does.Contain("does not accept the credentials of bob").And.Not.Contain("hunter3"));
        Assert.That(_driver.Said, Has.None.Contain("hunter3"));
    }

    [TestCase("git.example.org")]
    [TestCase("127.0.0.1:1")]
    [TestCase("127.0.0.2")]
    public async Task Should_not_send_those_of_another_host(string host) =>
        Assert.That(
            (await _driver.FailureAsync(_server.UrlOf(_repository), credential: Basic("hunter2", host))).Message,
            Does.Contain("needs credentials"));

    [Test]
    public async Task Should_not_take_them_along_to_where_it_is_redirected()
    {
        await using var other = await RecordingServer.StartAsync();
        await using var here = await BadGitServer.RedirectingAsync(other.Url);
        var failure = await _driver.FailureAsync(here.Url, credential: Basic("hunter2"));
        Assert.That(failure.Message, Does.Contain($"127.0.0.1:{other.Url.Port}").And.Contain("needs credentials"));
        Assert.That(other.Authorizations, Is.EqualTo(new[] { "" }));
    }

    [Test]
    public void Should_not_print_secrets() =>
        Assert.That(
            new GitCredential(GitCredentialKind.GitBasic, "h", "bob", "secret", "secret", "secret").ToString(),
            Does.Not.Contain("secret"));

    private static GitCredential Basic(string password, string host = "127.0.0.1") =>
        new(GitCredentialKind.GitBasic, host, "bob", password);
}
