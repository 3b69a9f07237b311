using Builds.Contracts;
using Builds.Parts;
using Builds.Worker.Sources;

namespace Builds.Worker.Tests.Sources;

public sealed class When_a_repository_is_checked_out
{
    private CheckoutDriver _driver = null!;
    private GitServer _server = null!;
    private GitRepository _repository = null!;
    private string _first = null!;
    private string _tip = null!;

    [SetUp]
    public async Task Start()
    {
        _driver = CheckoutDriver.Create();
        _server = await GitServer.StartAsync();
        _repository = await _server.CreateRepositoryAsync("team/api.git");
        _first = await _repository.CommitAsync(
            ("Dockerfile", "FROM scratch\n"), ("app/run.sh", GitFile.Executable("#!/bin/sh\n")));
        await _repository.TagAsync("v1", _first);
        await _repository.TagAsync("v1-annotated", _first, annotated: true);
        await _repository.CommitAsync(new Dictionary<string, GitFile> { ["Dockerfile"] = "other\n" }, "feature/x");
        _tip = await _repository.CommitAsync(("Dockerfile", "FROM debian\n"));
    }

    [TearDown]
    public async Task Stop()
    {
        _driver.Dispose();
        await _server.DisposeAsync();
    }

    [TestCase("main", "FROM debian\n")]
    [TestCase("refs/heads/main", "FROM debian\n")]
    [TestCase("HEAD", "FROM debian\n")]
    [TestCase("feature/x", "other\n")]
    [TestCase("v1", "FROM scratch\n")]
    [TestCase("v1-annotated", "FROM scratch\n")]
    public async Task Should_have_the_files_of_a_branch_or_tag(string name, string dockerfile)
    {
        await using var checkout = await _driver.CreateAsync(_server.UrlOf(_repository), name);
        Assert.That(await CheckoutDriver.TextAsync(checkout, "Dockerfile"), Is.EqualTo(dockerfile));
        Assert.That(checkout.Commit, Is.EqualTo(await _repository.GitAsync("rev-parse", name + "^{commit}")));
    }

    [Test]
    public async Task Should_have_the_commit_that_was_named_as_the_ref()
    {
        await using var checkout = await _driver.CreateAsync(_server.UrlOf(_repository), _first.ToUpperInvariant());
        Assert.That(checkout.Commit, Is.EqualTo(_first));
        Assert.That(await CheckoutDriver.TextAsync(checkout, "Dockerfile"), Is.EqualTo("FROM scratch\n"));
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task Should_have_the_commit_that_was_named_although_the_branch_has_moved(bool anyCommit)
    {
        var repository = await _server.CreateRepositoryAsync("team/other.git", anyCommit);
        var first = await repository.CommitAsync(("Dockerfile", "one\n"));
        var second = await repository.CommitAsync(("Dockerfile", "two\n"));
        await repository.CommitAsync(("Dockerfile", "three\n"));
        await using var checkout = await _driver.CreateAsync(_server.UrlOf(repository), "main", second);
        Assert.That(checkout.Commit, Is.EqualTo(second));
        Assert.That(await CheckoutDriver.TextAsync(checkout, "Dockerfile"), Is.EqualTo("two\n"));
        await using var older = await _driver.CreateAsync(_server.UrlOf(repository), first);
        Assert.That(await CheckoutDriver.TextAsync(older, "Dockerfile"), Is.EqualTo("one\n"));
    }

    [Test]
    public async Task Should_find_the_commit_elsewhere_when_its_branch_is_gone()
    {
        var repository = await _server.CreateRepositoryAsync("team/other.git", anyCommit: false);
        var first = await repository.CommitAsync(("Dockerfile", "one\n"));
        await repository.CommitAsync(("Dockerfile", "two\n"));
        await using var checkout = await _driver.CreateAsync(_server.UrlOf(repository), "release", first);
        Assert.That(checkout.Commit, Is.EqualTo(first));
    }

    [Test]
    public async Task Should_fetch_one_commit_and_no_history()
    {
        await _repository.CommitAsync(("big", GitFile.Random(3 << 20)));
        await _repository.CommitAsync(("big", GitFile.Removed));
        using var driver = CheckoutDriver.Create(
            new SourceOptions { AllowedHosts = CheckoutDriver.Loopback, Retries = 0, MaxReceivedBytes = 1 << 20 });
        await using var checkout = await driver.CreateAsync(_server.UrlOf(_repository));
        Assert.That(File.Exists(Path.Combine(checkout.Root, "Dockerfile")));
    }

    [Test]
    public async Task Should_leave_links_links_and_programs_executable()
    {
        await _repository.CommitAsync(("passwd", GitFile.Link("/etc/passwd")), ("away", GitFile.Link("../../..")));
        await using var checkout = await _driver.CreateAsync(_server.UrlOf(_repository));
        Assert.That(new FileInfo(Path.Combine(checkout.Root, "passwd")).LinkTarget, Is.EqualTo("/etc/passwd"));
        Assert.That(new FileInfo(Path.Combine(checkout.Root, "away")).LinkTarget, Is.EqualTo("../../.."));
        bool IsProgram(string path) =>
            new FileInfo(Path.Combine(checkout.Root, path)).UnixFileMode.HasFlag(UnixFileMode.UserExecute);
        Assert.That((IsProgram("app/run.sh"), IsProgram("Dockerfile")), Is.EqualTo((true, false)));
    }

    [Test]
    public async Task Should_keep_git_out_of_the_tree_and_run_no_filter()
    {
        await _repository.CommitAsync((".gitattributes", "*.txt filter=lfs\n"), ("a.txt", "as it is\n"));
        await using var checkout = await _driver.CreateAsync(_server.UrlOf(_repository));
        Assert.That(Directory.Exists(Path.Combine(checkout.Root, ".git")), Is.False);
        Assert.That(Directory.GetFileSystemEntries(_driver.Folder), Is.EqualTo(new[] { checkout.Root }));
        Assert.That(await CheckoutDriver.TextAsync(checkout, "a.txt"), Is.EqualTo("as it is\n"));
    }

    [Test]
    public async Task Should_wipe_the_folder_and_nothing_that_its_links_lead_to()
    {
        using var outside = new TempFolder("out");
        await File.WriteAllTextAsync(outside.File("kept"), "kept");
        await _repository.CommitAsync(("out", GitFile.Link(outside.FullPath)));
        await using (var checkout = await _driver.CreateAsync(_server.UrlOf(_repository)))
        {
            Assert.That(File.Exists(Path.Combine(checkout.Root, "out", "kept")));
            await Command.RunAsync("chmod", "-R", "a-w", checkout.Root);
        }
        await _driver.AssertNothingIsLeftAsync();
        Assert.That(File.Exists(outside.File("kept")));
    }

    [Test]
    public async Task Should_say_what_it_does()
    {
        await using var checkout = await _driver.CreateAsync(_server.UrlOf(_repository));
        Assert.That(
            _driver.Said,
            Is.EqualTo(new[]
            {
                $"Fetching main from {_server.UrlOf(_repository)}",
                $"Checked out {_tip}: 3 files and folders, 22 bytes",
            }));
    }

    [Test]
    public async Task Should_take_a_local_repository_where_that_is_allowed()
    {
        var refusal = await _driver.FailureAsync("file://" + _repository.FullPath);
        Assert.That(refusal.Class, Is.EqualTo(FailureClass.Policy));
        using var driver = CheckoutDriver.Create(new SourceOptions { AllowFile = true });
        await using var checkout = await driver.CreateAsync("file://" + _repository.FullPath);
        Assert.That(checkout.Commit, Is.EqualTo(_tip));
        Assert.That(
            (await driver.FailureAsync("file:///srv/nowhere.git")).Message,
            Does.Contain("no repository at file:///srv/nowhere.git"));
    }
}
