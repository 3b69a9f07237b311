using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Builds.Contracts;
using Builds.GraphTracker.Registries;
using Builds.GraphTracker.Tests.Layers;
using Builds.Parts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace Builds.GraphTracker.Tests.AskingRegistries;

/// <summary>A registry that answers what no real one could be brought to.</summary>
internal sealed class FakeRegistry : IAsyncDisposable
{
    public const string Image = "application/vnd.oci.image.manifest.v1+json";
    public const string Index = "application/vnd.oci.image.index.v1+json";
    public const string Config = "application/vnd.oci.image.config.v1+json";

    private readonly ConcurrentDictionary<string, (string Type, byte[] Body, string Digest)> _answers = [];
    private readonly ConcurrentQueue<string> _asked = [];
    private readonly WebServer _server;
    private int _now;

    private FakeRegistry()
    {
        _server = new WebServer(app => app.Run(AnswerAsync));
        Client = new RegistryClient(Options.Create(Settings()));
    }

    public Uri Url => _server.Url;

    /// <summary>Without any repetition of requests.</summary>
    public RegistryClient Client { get; }

    /// <summary>What it answers to everything, where it is not 200.</summary>
    public int? Status { get; set; }

    /// <summary>Answers first; what it returns false for is answered as usual.</summary>
    public Func<HttpContext, Task<bool>>? Instead { get; set; }

    /// <summary><c>GET /v2/…</c>, in order.</summary>
    public IReadOnlyList<string> Asked => [.. _asked];

    /// <summary>Requests that it had to answer at the same time, at most.</summary>
    public int Most { get; private set; }

    public static ImageReference Api { get; } = new() { Registry = Graph.Host, Repository = "team/api" };

    public static async Task<FakeRegistry> StartAsync()
    {
        var fake = new FakeRegistry();
        await fake._server.StartAsync();
        return fake;
    }

    public GraphTracker.Registries.RegistryOptions Settings(KnownRegistryOptions? registry = null, int retries = 0,
        int timeoutSeconds = 30) => new()
    {
        Default = Graph.Host,
        Retries = retries,
        TimeoutSeconds = timeoutSeconds,
        Known = [registry ?? new KnownRegistryOptions { Host = Graph.Host, Url = _server.Url, PauseMilliseconds = 0 }],
    };

    /// <returns>Its digest.</returns>
    public string Put(string kind, string type, string body, string? digest = null) =>
        Put(kind, type, Encoding.UTF8.GetBytes(body), digest);

    public string Put(string kind, string type, byte[] body, string? digest = null)
    {
        digest ??= Digest(body);
        _answers[$"/v2/team/api/{kind}/{digest}"] = (type, body, digest);
        return digest;
    }

    /// <summary>The tag points to that digest, whether it is there or not.</summary>
    public void PutTag(string tag, string digest) => _answers[$"/v2/team/api/manifests/{tag}"] = ("", [], digest);

    /// <returns>Its digest.</returns>
    public string PutImage(string config, int layers, string? digest = null) => Put("manifests", Image, $$"""
        {"schemaVersion":2,"mediaType":"{{Image}}",
         "config":{"mediaType":"{{Config}}","digest":"{{config}}"},
         "layers":[{{string.Join(',', Enumerable.Repeat("""{"digest":"sha256:0"}""", layers))}}]}
        """, digest);

    public static string IndexOf(params string[] digests) =>
        $$"""{"manifests":[{{string.Join(',', digests.Select(digest => $$"""{"digest":"{{digest}}"}"""))}}]}""";

    public static string Digest(byte[] body) => "sha256:" + Convert.ToHexStringLower(SHA256.HashData(body));

    public void PutPage(string path, string body)
    {
        var page = Encoding.UTF8.GetBytes(body);
        _answers[path] = ("application/json", page, Digest(page));
    }

    /// <summary>A catalog of repositories, each with a tag 1.</summary>
    public void PutCatalog(params string[] repositories)
    {
        PutPage("/v2/_catalog?n=100", $$"""{"repositories":[{{Names(repositories)}}]}""");
        foreach (var repository in repositories)
            PutTags(repository, "1");
    }

    /// <summary>Each points to a digest of its own.</summary>
    public void PutTags(string repository, params string[] tags)
    {
        PutPage($"/v2/{repository}/tags/list?n=100", $$"""{"tags":[{{Names(tags)}}]}""");
        foreach (var tag in tags)
            PutPage($"/v2/{repository}/manifests/{tag}", $"{repository}:{tag}");
    }

    /// <summary>Until whoever asked has gone.</summary>
    public static Task SilenceAsync(HttpContext context) => Task
        .Delay(Timeout.Infinite, context.RequestAborted) // a registry that says nothing more is what is played
        .ContinueWith(_ => { }, TaskScheduler.Default);

    public Task<SeenManifest> ReadAsync(string digest) => Client.ReadAsync(Api, digest, CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _server.DisposeAsync();
    }

    private static string Names(IEnumerable<string> names) => string.Join(',', names.Select(name => $"\"{name}\""));

    private async Task AnswerAsync(HttpContext context)
    {
        var path = context.Request.Path + context.Request.QueryString;
        _asked.Enqueue($"{context.Request.Method} {path}");
        Most = Math.Max(Most, Interlocked.Increment(ref _now));
        try
        {
            if (Instead is { } instead && await instead(context))
                return;
            if (Status is { } status)
                context.Response.StatusCode = status;
            else if (_answers.TryGetValue(path, out var answer))
                await AnswerAsync(context, answer.Type, answer.Body, answer.Digest);
            else
                context.Response.StatusCode = 404;
        }
        finally
        {
            Interlocked.Decrement(ref _now);
        }
    }

    private static async Task AnswerAsync(HttpContext context, string type, byte[] body, string digest)
    {
        context.Response.ContentType = type;
        if (context.Request.Method == "HEAD")
            context.Response.Headers["Docker-Content-Digest"] = digest;
        else
            await context.Response.Body.WriteAsync(body);
    }
}
