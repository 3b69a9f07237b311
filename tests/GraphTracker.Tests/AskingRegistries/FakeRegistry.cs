using System.Security.Cryptography;
using System.Text;
using Builds.Contracts;
using Builds.GraphTracker.Registries;
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

    private readonly Dictionary<string, (string Type, byte[] Body)> _answers = [];
    private readonly WebServer _server;

    private FakeRegistry() => _server = new WebServer(app => app.Run(AnswerAsync));

    public RegistryClient Client { get; private set; } = null!;

    /// <summary>What it answers to everything, where it is not 200.</summary>
    public int? Status { get; set; }

    public static ImageReference Api { get; } = new() { Registry = "registry.example.org", Repository = "team/api" };

    public static async Task<FakeRegistry> StartAsync()
    {
        var fake = new FakeRegistry();
        await fake._server.StartAsync();
        fake.Client = new RegistryClient(Options.Create(new GraphTracker.Registries.RegistryOptions
        {
            Default = Api.Registry!,
            Known = [new KnownRegistryOptions { Host = Api.Registry!, Url = fake._server.Url, PauseMilliseconds = 0 }],
        }));
        return fake;
    }

    /// <returns>Its digest.</returns>
    public string Put(string kind, string type, string body, string? digest = null)
    {
        var bytes = Encoding.UTF8.GetBytes(body);
        digest ??= "sha256:" + Convert.ToHexStringLower(SHA256.HashData(bytes));
        _answers[$"/v2/team/api/{kind}/{digest}"] = (type, bytes);
        return digest;
    }

    public void PutPage(string path, string body) => _answers[path] = ("application/json", Encoding.UTF8.GetBytes(body));

    public Task<SeenManifest> ReadAsync(string digest) => Client.ReadAsync(Api, digest, CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _server.DisposeAsync();
    }

    private Task AnswerAsync(HttpContext context)
    {
        if (Status is { } status)
            context.Response.StatusCode = status;
        else if (_answers.TryGetValue(context.Request.Path + context.Request.QueryString, out var answer))
        {
            context.Response.ContentType = answer.Type;
            return context.Response.Body.WriteAsync(answer.Body).AsTask();
        }
        else
            context.Response.StatusCode = 404;
        return Task.CompletedTask;
    }
}
