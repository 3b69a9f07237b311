using System.Formats.Tar;
using Builds.Contracts;
using Builds.Worker.Images;

namespace Builds.Worker.Tests.Images;

[Parallelizable]
public sealed class When_a_context_is_sent
{
    private Scenario _scenario = null!;

    [SetUp]
    public void Begin() => _scenario = new Scenario().With("Dockerfile", "FROM scratch\nCOPY . /\n");

    [TearDown]
    public void End() => _scenario.Dispose();

    [Test]
    [System.Runtime.Versioning.SupportedOSPlatform("linux")] // modes
    public async Task Should_hold_files_folders_and_links_with_their_modes_and_one_time()
    {
        _scenario.With("bin/run", "#!").WithLink("bin/alias", "run").WithLink("out", "/etc/passwd")
            .With(".git/config", "secret");
        File.SetUnixFileMode(Path.Combine(_scenario.Root, "bin/run"), UnixFileMode.UserRead | UnixFileMode.UserExecute);

        var entries = await ReadAsync();

        Assert.That(entries.Keys, Is.EqualTo(new[] { "Dockerfile", "bin/", "bin/alias", "bin/run", "out" }));
        Assert.That(entries["bin/run"].Mode, Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserExecute));
        Assert.That((entries["out"].EntryType, entries["out"].LinkName),
            Is.EqualTo((TarEntryType.SymbolicLink, "/etc/passwd")));
        Assert.That(entries["bin/alias"].LinkName, Is.EqualTo("run"));
        Assert.That(entries.Values.Select(entry => entry.ModificationTime.Year).Distinct(), Is.EqualTo(new[] { 2000 }));
        Assert.That(entries.Values.Select(entry => (entry.Uid, entry.Gid)).Distinct(), Is.EqualTo(new[] { (0, 0) }));
    }

    [Test]
    public async Task Should_not_follow_a_link_to_a_folder()
    {
        _scenario.With("real/file", "x").WithLink("linked", "real").WithLink("host", "/etc");
        Assert.That((await ReadAsync()).Keys,
            Is.EqualTo(new[] { "Dockerfile", "host", "linked", "real/", "real/file" }));
    }

    [Test]
    public async Task Should_leave_out_what_is_ignored_but_for_what_is_taken_back()
    {
        _scenario.With(".dockerignore", "Dockerfile\n.dockerignore\nnode\n!node/keep/*.js\n*.log\n")
            .With("node/x", "").With("node/keep/a.js", "").With("node/keep/b.ts", "").With("a.log", "");
        Assert.That((await ReadAsync()).Keys,
            Is.EqualTo(new[] { ".dockerignore", "Dockerfile", "node/", "node/keep/", "node/keep/a.js" }));
        Assert.That((await ContextAsync()).Entries().Select(entry => entry.Path),
            Is.EqualTo(new[] { "node", "node/keep", "node/keep/a.js" }), "where the Dockerfile is sent by itself");
    }

    [Test]
    public async Task Should_go_through_folders_by_the_bytes_of_their_names()
    {
        _scenario.With("a/x", "").With("a.b", "").With("a!", "").With("\uE000", "").With("\U0001F600", "");
        Assert.That((await ContextAsync()).Entries().Select(entry => entry.Path),
            Is.EqualTo(new[] { "Dockerfile", "a", "a/x", "a!", "a.b", "\uE000", "\U0001F600" }));
    }

    [Test]
    public async Task Should_prefer_the_ignore_file_of_the_Dockerfile()
    {
        _scenario.With(".dockerignore", "a\n").With("Dockerfile.dockerignore", "b\n").With("a", "").With("b", "");
        Assert.That((await ReadAsync()).Keys, Does.Contain("a").And.Not.Contain("b"));
    }

    [Test]
    public async Task Should_bring_a_Dockerfile_from_outside_the_context_under_a_name_of_its_own()
    {
        _scenario.With("docker/web.Dockerfile", "FROM scratch\nCOPY page /\n")
            .With("site/page", "hello").From("./site/", "docker/web.Dockerfile");

        using var tar = await TarAsync();
        Assert.That(tar.Dockerfile, Does.StartWith(".dockerfile."));
        Assert.That((await ReadAsync()).Keys, Is.EquivalentTo(new[] { tar.Dockerfile, "page" }));
    }

    [Test]
    public async Task Should_take_the_Dockerfile_of_a_sub_directory()
    {
        _scenario.With("site/Dockerfile", "FROM scratch\n").From("site");
        Assert.That((await ContextAsync()).Dockerfile, Is.EqualTo("Dockerfile"));
    }

    [Test]
    public async Task Should_read_a_Dockerfile_through_a_link_inside_the_repository()
    {
        _scenario.With("shared/Dockerfile", "FROM scratch\n")
            .WithLink("site/Dockerfile", "../shared/Dockerfile").From("site");
        using var tar = await TarAsync();
        using var text = new StreamReader((await ReadAsync())[tar.Dockerfile].DataStream!);
        Assert.That(await text.ReadToEndAsync(), Is.EqualTo("FROM scratch\n"));
    }

    [Test]
    public void Should_end_at_a_file_that_is_too_large_without_reading_it()
    {
        using (var sparse = File.Create(Path.Combine(_scenario.Root, "large")))
            sparse.SetLength(200L << 20);

        Assert.That(
            async () => (await ContextAsync()).Check(new ImageOptions { MaxContextBytes = 64 << 20 }),
            Throws.TypeOf<BuildFailedException>().With.Message.Contains("\"large\"")
                .And.Message.Contains(".dockerignore")
                .And.Property("Class").EqualTo(FailureClass.Limit));
    }

    [Test]
    public void Should_end_at_too_many_files()
    {
        foreach (var number in Enumerable.Range(0, 20))
            _scenario.With($"f{number}", "");
        Assert.That(async () => (await ContextAsync()).Check(new ImageOptions { MaxContextFiles = 10 }),
            Throws.TypeOf<BuildFailedException>().With.Message.Contains("more than 10 files"));
    }

    private async Task<SortedDictionary<string, TarEntry>> ReadAsync()
    {
        using var tar = await TarAsync();
        using var written = new MemoryStream();
        await tar.WriteAsync(written, CancellationToken.None);
        written.Position = 0;
        var entries = new SortedDictionary<string, TarEntry>(StringComparer.Ordinal);
        await using var reader = new TarReader(written);
        while (await reader.GetNextEntryAsync(copyData: true) is { } entry)
            entries.Add(entry.Name, entry);
        return entries;
    }

    private async Task<ContextTar> TarAsync()
    {
        var bases = await _scenario.PullAsync();
        return new ContextTar(bases.Context, bases.Dockerfile.Text);
    }

    private async Task<BuildContext> ContextAsync() => (await _scenario.PullAsync()).Context;
}
