using System.Collections.Concurrent;
using Builds.Contracts;
using Builds.Parts;
using Builds.Worker.Sources;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Builds.Worker.Tests.Sources;

/// <summary>Checks out as the worker does, into a folder of its own, and looks at what stays behind.</summary>
internal sealed class CheckoutDriver : IDisposable
{
    public static readonly string[] Loopback = ["127.0.0.1"];

    private readonly TempFolder _folder = new("src");
    private readonly Checkouts _checkouts;

    private CheckoutDriver(SourceOptions options) =>
        _checkouts = new Checkouts(Options.Create(options), NullLogger<Checkouts>.Instance);

    public ConcurrentQueue<string> Said { get; } = [];

    public string Folder => Path.Combine(_folder.FullPath, "checkout");

    public static CheckoutDriver Create(SourceOptions? options = null) =>
        new(options ?? new SourceOptions { AllowedHosts = Loopback, Retries = 0 });

    public Task<Checkout> CreateAsync(
        object git,
        string @ref = "main",
        string? commit = null,
        GitCredential? credential = null,
        bool submodules = false,
        CancellationToken cancel = default) =>
        _checkouts.CreateAsync(
            Folder,
            new GitSource { Git = git.ToString()!, Ref = @ref, Commit = commit, Submodules = submodules },
            credential,
            line =>
            {
                Said.Enqueue(line);
                return ValueTask.CompletedTask;
            },
            cancel);

    public static Task<string> TextAsync(Checkout checkout, string path) =>
        File.ReadAllTextAsync(Path.Combine(checkout.Root, path));

    /// <summary>The sentence it fails with, after which nothing may be left.</summary>
    public async Task<BuildFailedException> FailureAsync(
        object git,
        string @ref = "main",
        string? commit = null,
        GitCredential? credential = null,
        bool submodules = false)
    {
        try
        {
            await using var checkout = await CreateAsync(git, @ref, commit, credential, submodules);
            throw new AssertionException($"{git} was checked out at {checkout.Commit}");
        }
        catch (BuildFailedException failure)
        {
            TestContext.Out.WriteLine(failure.Message);
            await AssertNothingIsLeftAsync();
            return failure;
        }
    }

    /// <summary>The checkout's process and all that it started have the folder as their working folder.</summary>
    public int Processes() => Directory.EnumerateDirectories("/proc").Count(process =>
    {
        try
        {
            var at = File.ResolveLinkTarget(process + "/cwd", returnFinalTarget: false)?.FullName ?? "";
            return at.StartsWith(Folder, StringComparison.Ordinal);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    });

    public async Task AssertNothingIsLeftAsync()
    {
        Assert.That(Directory.Exists(Folder), Is.False, "the folder is still there");
        await Wait.UntilAsync("its processes to end", () => Processes() == 0);
    }

    public void Dispose() => _folder.Dispose();
}
