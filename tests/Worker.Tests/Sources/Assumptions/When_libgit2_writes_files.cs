using Builds.Parts;
using LibGit2Sharp;

namespace Builds.Worker.Tests.Sources.Assumptions;

/// <summary>It only writes files: nothing that a repository brings along is run.</summary>
public sealed class When_libgit2_writes_files : IDisposable
{
    private readonly TempFolder _folder = new("libgit2");

    public void Dispose() => _folder.Dispose();

    [Test]
    public async Task Should_run_no_filter()
    {
        var repository = await GitRepository.CreateAsync(_folder.FullPath, "filter.git");
        await repository.CommitAsync((".gitattributes", "* filter=evil\n"), ("file", "as it is\n"));
        await repository.GitAsync("config", "filter.evil.smudge", $"touch {Mark}");
        await repository.GitAsync("config", "filter.evil.required", "true");

        var files = CheckOut(repository);

        Assert.That(await File.ReadAllTextAsync(Path.Combine(files, "file")), Is.EqualTo("as it is\n"));
        Assert.That(File.Exists(Mark), Is.False);
    }

    [Test]
    public async Task Should_run_no_hook()
    {
        var repository = await GitRepository.CreateAsync(_folder.FullPath, "hook.git");
        await repository.CommitAsync(("file", "x"));
        var hook = Path.Combine(repository.FullPath, "hooks", "post-checkout");
        Directory.CreateDirectory(Path.GetDirectoryName(hook)!);
        await File.WriteAllTextAsync(hook, $"#!/bin/sh\ntouch {Mark}\n");
        await Command.RunAsync("chmod", "+x", hook);

        CheckOut(repository);

        Assert.That(File.Exists(Mark), Is.False);
    }

    [Test]
    public async Task Should_write_a_link_as_a_link_and_follow_none()
    {
        var repository = await GitRepository.CreateAsync(_folder.FullPath, "link.git");
        await repository.CommitAsync(("out", GitFile.Link(_folder.Folder("outside"))));
        var files = CheckOut(repository);
        Assert.That(new FileInfo(Path.Combine(files, "out")).LinkTarget, Is.EqualTo(_folder.Folder("outside")));

        await repository.CommitAsync(("out", GitFile.Removed), ("out/file", "inside\n"));
        CheckOut(repository);

        Assert.That(Directory.EnumerateFileSystemEntries(_folder.Folder("outside")), Is.Empty);
        Assert.That(File.Exists(Path.Combine(files, "out", "file")));
    }

    private string Mark => Path.Combine(_folder.FullPath, "was-run");

    private string CheckOut(GitRepository bare)
    {
        var files = _folder.Folder("files");
        using var repository = new Repository(
            bare.FullPath,
            new RepositoryOptions { WorkingDirectoryPath = files, IndexPath = Path.Combine(bare.FullPath, "index") });
        Commands.Checkout(
            repository,
            repository.Lookup<Commit>("refs/heads/main"),
            new CheckoutOptions { CheckoutModifiers = CheckoutModifiers.Force });
        return files;
    }
}
