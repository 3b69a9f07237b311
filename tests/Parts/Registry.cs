using System.Net;
using System.Text.Json;

namespace Builds.Parts;

/// <summary>A Docker registry (distribution 2.8) of our own.</summary>
public sealed class Registry : IAsyncDisposable
{
    private readonly TempFolder _folder = new("registry");
    private readonly RegistryOptions _options;
    private readonly int _port = FreePort.Next();
    private readonly PrivateAuthority? _authority;
    private TokenServer? _tokens;
    private RegistryClient _client = null!;
    private PartProcess? _process;

    private Registry(RegistryOptions options)
    {
        _options = options;
        _authority = options.Tls ? new PrivateAuthority() : null;
    }

    /// <summary><c>127.0.0.1:port</c>, as it stands in a Dockerfile.</summary>
    public string Host => $"{_options.Address}:{_port}";

    public int Port => _port;

    public Uri Url => new($"{(_options.Tls ? "https" : "http")}://{Host}/");

    /// <summary>Certificate of the authority that signed its own; null without TLS.</summary>
    public string? CaFile => _authority is null ? null : _folder.File("ca.pem");

    /// <summary>Null without token auth.</summary>
    public TokenServer? Tokens => _tokens;

    /// <summary>What it printed: every request, among others.</summary>
    public string Output => File.ReadAllText(_process!.LogFile);

    public static async Task<Registry> StartAsync(RegistryOptions? options = null)
    {
        var registry = new Registry(options ?? new RegistryOptions());
        try
        {
            await registry.PrepareAsync();
            await registry.StartAgainAsync();
            return registry;
        }
        catch
        {
            await registry.DisposeAsync();
            throw;
        }
    }

    public Task StopAsync() => _process!.StopAsync();

    public Task KillAsync() => _process!.KillAsync();

    public Task FreezeAsync() => _process!.SignalAsync("STOP");

    public Task WakeAsync() => _process!.SignalAsync("CONT");

    /// <summary>After its end: same data, same port.</summary>
    public async Task StartAgainAsync()
    {
        if (_process is not null)
            await _process.DisposeAsync();
        _process = await PartProcess.StartAsync(
            "registry",
            _folder,
            [Installed.Program("docker-registry", "docker-registry"), "serve", _folder.File("config.json")]);
        await _process.ReadyAsync(_client.AnswersAsync);
    }

    /// <summary>Null where the tag is not there.</summary>
    public async Task<string?> DigestOfAsync(string repository, string tag) =>
        (await _client.ManifestAsync(repository, tag))?.Digest;

    /// <summary>Null where the tag or digest is not there.</summary>
    public Task<RegistryManifest?> ManifestAsync(string repository, string reference) =>
        _client.ManifestAsync(repository, reference);

    public Task<byte[]> BlobAsync(string repository, string digest) => _client.BlobAsync(repository, digest);

    /// <summary>The image configuration (<c>config</c>, <c>rootfs</c>, <c>history</c>) behind a tag or digest.</summary>
    public async Task<JsonElement> ConfigOfAsync(string repository, string reference)
    {
        var manifest = await ManifestAsync(repository, reference)
            ?? throw new PartException($"{Host}/{repository}:{reference} is not there");
        var digest = manifest.Body.GetProperty("config").GetProperty("digest").GetString()!;
        return JsonDocument.Parse(await BlobAsync(repository, digest)).RootElement;
    }

    public async Task<IReadOnlyDictionary<string, string>> LabelsOfAsync(string repository, string reference)
    {
        var config = (await ConfigOfAsync(repository, reference)).GetProperty("config");
        return config.TryGetProperty("Labels", out var labels) && labels.ValueKind == JsonValueKind.Object
            ? labels.EnumerateObject().ToDictionary(label => label.Name, label => label.Value.GetString()!)
            : new Dictionary<string, string>();
    }

    public Task<IReadOnlyList<string>> TagsOfAsync(string repository) => _client.TagsAsync(repository);

    /// <summary>A base with a shell and the usual small commands. The same files give the same digest.</summary>
    /// <returns>The digest of its manifest.</returns>
    public async Task<string> PushBaseAsync(
        string repository,
        string tag,
        IReadOnlyDictionary<string, byte[]>? extraFiles = null,
        IReadOnlyDictionary<string, string>? labels = null)
    {
        var image = await BaseImage.CreateAsync(extraFiles, labels);
        await _client.PushAsync(repository, image);
        return await _client.PutManifestAsync(repository, tag, BaseImage.ManifestType, image.Manifest);
    }

    /// <summary>A base of another content, so of another digest, on each call.</summary>
    public Task<string> PushNewBaseAsync(string repository, string tag) =>
        PushBaseAsync(
            repository,
            tag,
            new Dictionary<string, byte[]> { ["/etc/version"] = Guid.NewGuid().ToByteArray() });

    /// <summary>One base for several platforms: <c>amd64</c>, <c>arm64</c>, ….</summary>
    /// <returns>The digest of the index.</returns>
    public async Task<string> PushIndexAsync(string repository, string tag, params string[] architectures)
    {
        var manifests = new List<object>();
        foreach (var architecture in architectures)
        {
            var image = await BaseImage.CreateAsync(architecture: architecture);
            await _client.PushAsync(repository, image);
            await _client.PutManifestAsync(repository, image.Digest, BaseImage.ManifestType, image.Manifest);
            manifests.Add(new
            {
                mediaType = BaseImage.ManifestType,
                size = image.Manifest.Length,
                digest = image.Digest,
                platform = new { architecture, os = "linux" },
            });
        }

        var index = JsonSerializer.SerializeToUtf8Bytes(
            new { schemaVersion = 2, mediaType = BaseImage.IndexType, manifests });
        return await _client.PutManifestAsync(repository, tag, BaseImage.IndexType, index);
    }

    /// <summary>One made by hand; what it names has to be there.</summary>
    /// <param name="reference">A tag, or its own digest.</param>
    /// <returns>Its digest, as the registry says it.</returns>
    public Task<string> PutManifestAsync(string repository, string reference, string mediaType, byte[] manifest) =>
        _client.PutManifestAsync(repository, reference, mediaType, manifest);

    /// <returns>Its digest.</returns>
    public async Task<string> PutBlobAsync(string repository, byte[] content)
    {
        var digest = BaseImage.DigestOf(content);
        await _client.PutBlobAsync(repository, digest, content);
        return digest;
    }

    /// <summary>The manifest, and with it every tag that points to it.</summary>
    public Task DeleteAsync(string repository, string digest) => _client.DeleteAsync(repository, digest);

    /// <summary>An image as a client gets it that knows nothing but Docker's schema 1: signed by the registry.</summary>
    public Task<byte[]> Schema1Async(string repository, string tag) => _client.Schema1Async(repository, tag);

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
            await _process.DisposeAsync();
        _client?.Dispose();
        if (_tokens is not null)
            await _tokens.DisposeAsync();
        _authority?.Dispose();
        _folder.Dispose();
    }

    private async Task PrepareAsync()
    {
        if (_options is { TokenAuth: true, User: { } user, Password: { } password })
            _tokens = await TokenServer.StartAsync(user, password, _authority);
        _client = new RegistryClient(Url, _options, _tokens, _authority?.Root);
        // the registry reads YAML, which JSON is
        await File.WriteAllTextAsync(
            _folder.File("config.json"),
            JsonSerializer.Serialize(await RegistryConfiguration.WriteAsync(_options, _folder, Host, _tokens, _authority)));
    }
}
