using System.Net.Http.Json;
using Builds.Parts;

namespace Builds.Flow.Tests.BadInputs;

/// <summary>An installation, and around it servers that mean no good or are locked.</summary>
public sealed class BadPlaces : IAsyncDisposable
{
    public const string Password = "pa$$word/7";

    private static readonly Dictionary<string, string> Limits = new()
    {
        ["Sources:IdleLimit"] = "00:00:10",
        ["Sources:Retries"] = "0",
        ["Sources:MaxReceivedBytes"] = $"{8 << 20}",
        ["Sources:MaxFileBytes"] = $"{64 << 20}",
        ["Images:RegistryRetries"] = "0",
    };

    private readonly List<IAsyncDisposable> _parts = [];

    public Installation Builds { get; private set; } = null!;

    /// <summary>Wants the user <c>reader</c> with <see cref="Password"/>.</summary>
    public GitServer LockedGit { get; private set; } = null!;

    public SshGitServer Ssh { get; private set; } = null!;
    public BadGitServer SilentGit { get; private set; } = null!;
    public BadGitServer EndlessBranches { get; private set; } = null!;
    public BadGitServer EndlessPack { get; private set; } = null!;

    /// <summary>Wants the user <c>pusher</c> with <see cref="Password"/>, and has the base <c>library/busybox:1</c>.</summary>
    public Registry LockedRegistry { get; private set; } = null!;

    /// <summary>Where no registry is.</summary>
    public string Nobody { get; } = $"127.0.0.1:{FreePort.Next()}";

    public string From => $"FROM {Builds.Registry.Host}/library/busybox:1\n";

    public static async Task<BadPlaces> StartAsync()
    {
        var places = new BadPlaces();
        try
        {
            await places.StartPartsAsync();
            return places;
        }
        catch
        {
            await places.DisposeAsync();
            throw;
        }
    }

    public static Dictionary<string, object> At(object git, string @ref = "main") =>
        new() { ["git"] = git.ToString()!, ["ref"] = @ref, ["tags"] = new[] { "latest" } };

    /// <summary>A good place to build these files from.</summary>
    public async Task<Dictionary<string, object>> SourceAsync(params (string Path, GitFile File)[] files) =>
        At(Builds.Git.UrlOf(await CommitAsync(files)));

    /// <summary>A good place to build a Dockerfile from that stands on the usual base.</summary>
    public Task<Dictionary<string, object>> LinesAsync(string lines) => SourceAsync(("Dockerfile", From + lines));

    public async Task<GitRepository> CommitAsync(params (string Path, GitFile File)[] files)
    {
        var repository = await Builds.Git.CreateRepositoryAsync($"{Guid.NewGuid():N}.git");
        if (files.Length > 0)
            await repository.CommitAsync(files);
        return repository;
    }

    public async Task<Uri> LockedAsync(string dockerfile)
    {
        var repository = await LockedGit.CreateRepositoryAsync($"{Guid.NewGuid():N}.git");
        await repository.CommitAsync(("Dockerfile", dockerfile));
        return LockedGit.UrlOf(repository);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var part in Enumerable.Reverse(_parts))
            await part.DisposeAsync();
    }

    private async Task StartPartsAsync()
    {
        LockedGit = Kept(await GitServer.StartAsync(new GitServerOptions { User = "reader", Password = Password }));
        Ssh = Kept(await SshGitServer.StartAsync());
        SilentGit = Kept(await BadGitServer.SilentAsync());
        EndlessBranches = Kept(await BadGitServer.EndlessBranchesAsync());
        EndlessPack = Kept(await BadGitServer.EndlessPackAsync());
        LockedRegistry = Kept(await Registry.StartAsync(new RegistryOptions { User = "pusher", Password = Password }));
        await LockedRegistry.PushBaseAsync("library/busybox", "1");
        Builds = Kept(await Installation.StartAsync(new InstallationOptions
        {
            GatewaySettings = new Dictionary<string, string> { ["Claims:LostLimit"] = "1" },
            WorkerSettings = Limits,
        }));

        var git = LockedGit.Host;
        await SealAsync("reader", new { kind = "gitBasic", host = git, username = "reader", password = Password });
        await SealAsync("misreader", new { kind = "gitBasic", host = git, username = "reader", password = "wr0ng" });
        await SealAsync("stranger", new
        {
            kind = "gitSsh", host = Ssh.Host, knownHosts = Ssh.WrongKnownHosts,
            privateKey = await File.ReadAllTextAsync(Ssh.PrivateKeyFile),
        });
        await SealAsync(
            "mispusher", new { kind = "registryBasic", host = LockedRegistry.Host, username = "pusher", password = "wr0ng" });
    }

    private T Kept<T>(T part)
        where T : IAsyncDisposable
    {
        _parts.Add(part);
        return part;
    }

    private async Task SealAsync(string name, object credential)
    {
        var body = System.Text.Json.JsonSerializer.SerializeToNode(credential)!;
        body["namespace"] = "*";
        using var answer = await Builds.Api.PutAsJsonAsync($"v1/credentials/{name}", body);
        Assert.That(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }
}
