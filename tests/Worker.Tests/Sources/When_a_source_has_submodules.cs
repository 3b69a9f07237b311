using Builds.Contracts;
using Builds.Parts;
using Builds.Worker.Sources;

namespace Builds.Worker.Tests.Sources;

public sealed class When_a_source_has_submodules
{
    private static readonly GitCredential Bob = new(GitCredentialKind.GitBasic, "127.0.0.1", "bob", "hunter2");
    private CheckoutDriver _driver = null!;
    private GitServer _server = null!;
    private GitRepository _library = null!;
    private string _libraryCommit = null!;

    [SetUp]
    public async Task Start()
    {
        _driver = CheckoutDriver.Create();
        _server = await GitServer.StartAsync(new GitServerOptions { User = "bob", Password = "hunter2" });
        _library = await _server.CreateRepositoryAsync("team/library.git", anyCommit: false);
        _libraryCommit = await _library.CommitAsync(("library", "old\n"));
        await _library.CommitAsync(("library", "new\n"));
    }

    [TearDown]
    public async Task Stop()
    {
        _driver.Dispose();
        await _server.DisposeAsync();
    }

    [Test]
    public async Task Should_leave_them_alone_unless_asked()
    {
        var url = await RepositoryAsync("../library.git");
        await using var checkout = await _driver.CreateAsync(url, credential: Bob);
        Assert.That(Directory.GetFileSystemEntries(Path.Combine(checkout.Root, "sub/library")), Is.Empty);
    }

    [TestCase("../library.git")]
    [TestCase("../../team/./library")]
    [TestCase("{server}team/library.git")]
    public async Task Should_check_them_out_with_the_credentials_of_their_own_server(string relative)
    {
        var url = await RepositoryAsync(relative.Replace("{server}", _server.Url.ToString(), StringComparison.Ordinal));
        await using var checkout = await _driver.CreateAsync(url, credential: Bob, submodules: true);
        Assert.That(await CheckoutDriver.TextAsync(checkout, "sub/library/library"), Is.EqualTo("old\n"));
        Assert.That(Directory.Exists(Path.Combine(checkout.Root, "sub/library/.git")), Is.False);
    }

    [Test]
    public async Task Should_check_out_submodules_of_submodules()
    {
        var (_, middle) = await CommitAsync("../library.git", "team/middle.git", _libraryCommit);
        var (url, _) = await CommitAsync("../middle.git", "team/api.git", middle);
        await using var checkout = await _driver.CreateAsync(url, credential: Bob, submodules: true);
        Assert.That(
            await CheckoutDriver.TextAsync(checkout, "sub/library/sub/library/library"), Is.EqualTo("old\n"));
        using var shallow = CheckoutDriver.Create(
            new SourceOptions { AllowedHosts = CheckoutDriver.Loopback, Retries = 0, MaxSubmoduleDepth = 1 });
        Assert.That(
            (await shallow.FailureAsync(url, credential: Bob, submodules: true)).Message,
            Does.Contain("is more than 1 submodules deep"));
    }

    [Test]
    public async Task Should_not_send_credentials_to_another_server()
    {
        await using var other = await RecordingServer.StartAsync();
        var url = await RepositoryAsync($"{other.Url}team/library.git");
        var failure = await _driver.FailureAsync(url, credential: Bob, submodules: true);
        Assert.That(failure.Message, Does.StartWith("Submodule sub/library: ").And.Contain("needs credentials"));
        Assert.That(other.Authorizations, Is.EqualTo(new[] { "" }));
    }

    [TestCase("file:///srv/git/x.git", "does not allow")]
    [TestCase("/srv/git/x.git", "not of the form")]
    [TestCase("http://127.0.0.2:9/x.git", "private network")]
    [TestCase("--upload-pack=touch${IFS}/tmp/x", "does not belong there")]
    [TestCase("ssh://-oProxyCommand=x/y", "not of the form")]
    public async Task Should_judge_their_urls_like_any_other(string submodule, string because)
    {
        var url = await RepositoryAsync(submodule);
        var failure = await _driver.FailureAsync(url, credential: Bob, submodules: true);
        Assert.That(failure.Class, Is.EqualTo(FailureClass.Policy));
        Assert.That(failure.Message, Does.StartWith("Submodule sub/library: ").And.Contain(because));
    }

    [Test]
    public async Task Should_say_that_one_has_no_url()
    {
        var repository = await _server.CreateRepositoryAsync("team/odd.git");
        await repository.CommitAsync(("sub/library", GitFile.Submodule(_libraryCommit)));
        Assert.That(
            (await _driver.FailureAsync(_server.UrlOf(repository), credential: Bob, submodules: true)).Message,
            Does.StartWith("Submodule sub/library: It has no URL"));
    }

    private async Task<Uri> RepositoryAsync(string submodule) =>
        (await CommitAsync(submodule, "team/api.git", _libraryCommit)).Url;

    private async Task<(Uri Url, string Commit)> CommitAsync(string submodule, string name, string its)
    {
        var repository = await _server.CreateRepositoryAsync(name);
        var commit = await repository.CommitAsync(
            ("Dockerfile", "FROM scratch\n"),
            (".gitmodules", $"[submodule \"library\"]\n\tpath = sub/library\n\turl = {submodule}\n"),
            ("sub/library", GitFile.Submodule(its)));
        return (_server.UrlOf(repository), commit);
    }
}
