using System.Collections.Concurrent;
using System.Security.Cryptography.X509Certificates;
using Builds.Contracts;
using Builds.GraphTracker.Registries;
using Builds.GraphTracker.Tests.Layers;
using Builds.Parts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using RegistryOptions = Builds.GraphTracker.Registries.RegistryOptions;

namespace Builds.GraphTracker.Tests.AskingRegistries;

public sealed class When_a_registry_asks_who_we_are
{
    private readonly ConcurrentQueue<string> _shown = []; // to whoever is not the registry

    private FakeRegistry _registry = null!;
    private WebServer _other = null!;

    [SetUp]
    public async Task SetUpAsync()
    {
        _shown.Clear();
        _registry = await FakeRegistry.StartAsync();
        _other = await ElsewhereAsync();
    }

    [TearDown]
    public async Task TearDownAsync()
    {
        await _other.DisposeAsync();
        await _registry.DisposeAsync();
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task Should_say_that_the_password_is_wrong(bool token)
    {
        await using var registry = await Registry.StartAsync(
            new Parts.RegistryOptions { User = "reader", Password = "right", TokenAuth = token });
        using var client = Client(registry.Url, tokenServer: null);

        Assert.That(() => client.DigestOfAsync(FakeRegistry.Api, "1", CancellationToken.None), Throws
            .TypeOf<RegistryUnavailableException>().With.Message.Contains("User and Password").And.Property("IsDenied").True);
    }

    [Test]
    public void Should_show_the_password_to_no_token_server_at_another_host()
    {
        AsksForToken();
        using var client = Client(_registry.Url, tokenServer: null);

        Assert.That(() => client.DigestOfAsync(FakeRegistry.Api, "1", CancellationToken.None), Throws
            .TypeOf<RegistryUnavailableException>().With.Message.Contains("TokenServer").And.Message.Contains(Elsewhere));
        Assert.That(_shown, Is.Empty);
    }

    [Test]
    public async Task Should_show_it_to_the_one_that_the_settings_name()
    {
        AsksForToken();
        using var client = Client(_registry.Url, tokenServer: "localhost");

        var digest = await client.DigestOfAsync(FakeRegistry.Api, "1", CancellationToken.None);

        Assert.That(digest, Is.Not.Null);
        Assert.That(_shown.Single(), Does.StartWith("Basic "));
    }

    [Test]
    public async Task Should_get_a_token_without_a_password_from_any_server_that_is_encrypted()
    {
        using var authority = new PrivateAuthority();
        using var folder = new TempFolder("authority");
        await File.WriteAllTextAsync(folder.File("ca.pem"), authority.RootPem);
        using var certificate = authority.IssueFor("localhost");
        await using var tokens = await ElsewhereAsync(certificate);
        AsksForToken($"https://localhost:{tokens.Url.Port}");
        using var client = new RegistryClient(Options.Create(_registry.Settings(new KnownRegistryOptions
        {
            Host = Graph.Host, Url = _registry.Url, CaFile = folder.File("ca.pem"),
        })));

        var digest = await client.DigestOfAsync(FakeRegistry.Api, "1", CancellationToken.None);

        Assert.That(digest, Is.Not.Null);
        Assert.That(_shown, Is.EqualTo(new[] { "" }), "whoever asks for a token shows nothing");
    }

    [Test]
    public void Should_take_a_registry_for_away_whose_token_server_is()
    {
        AsksForToken($"http://127.0.0.1:{FreePort.Next()}");
        using var client = Client(_registry.Url, tokenServer: null);

        Assert.That(() => client.DigestOfAsync(FakeRegistry.Api, "1", CancellationToken.None), Throws
            .TypeOf<RegistryUnavailableException>().With.Message.Contains("token server")
            .And.Property("RetryAfter").EqualTo(TimeSpan.Zero));
    }

    [Test]
    public async Task Should_show_nothing_where_the_registry_sends_us_elsewhere()
    {
        _registry.Instead = context =>
        {
            if (context.Request.Headers.Authorization.Count == 0)
            {
                context.Response.StatusCode = 401;
                context.Response.Headers.WWWAuthenticate = "Basic realm=\"registry\"";
            }
            else
                context.Response.Redirect(Elsewhere + "/blob");
            return Task.FromResult(true);
        };
        using var client = Client(_registry.Url, tokenServer: null);

        // what is there does not match, and that it was read at all is the point
        await Assert.ThatAsync(
            () => client.ReadAsync(FakeRegistry.Api, "sha256:" + new string('0', 64), CancellationToken.None),
            Throws.TypeOf<ManifestBadException>());
        Assert.That(_shown, Is.EqualTo(new[] { "" }));
    }

    [TestCase("//localhost:PORT/x")]
    [TestCase("/localhost:PORT/x")]
    [TestCase("../../localhost:PORT/x")]
    [TestCase("http://localhost:PORT/x")]
    [TestCase("team/api/../../../x")]
    [TestCase("team/api?x=")]
    public async Task Should_ask_nobody_about_a_name_that_leads_elsewhere(string repository)
    {
        using var client = Client(_registry.Url, tokenServer: null);
        var image = new ImageReference
        {
            Registry = Graph.Host, Repository = repository.Replace("PORT", $"{_other.Url.Port}", StringComparison.Ordinal),
        };

        Assert.That(await client.DigestOfAsync(image, "1", CancellationToken.None), Is.Null);
        Assert.That(() => client.ReadAsync(image, "sha256:" + new string('0', 64), CancellationToken.None),
            Throws.TypeOf<ManifestGoneException>());
        Assert.That(await client.DigestOfAsync(FakeRegistry.Api, "../../../x", CancellationToken.None), Is.Null);
        Assert.That((_shown.Count, _registry.Asked.Count), Is.EqualTo((0, 0)));
    }

    private async Task<WebServer> ElsewhereAsync(X509Certificate2? certificate = null)
    {
        var server = new WebServer(app => app.Run(async context =>
        {
            _shown.Enqueue(context.Request.Headers.Authorization.ToString());
            await context.Response.WriteAsync("""{"token":"granted"}""");
        }), certificate);
        await server.StartAsync();
        return server;
    }

    private string Elsewhere => $"http://localhost:{_other.Url.Port}"; // another host than 127.0.0.1

    private void AsksForToken(string? server = null) => _registry.Instead = context =>
    {
        if (context.Request.Headers.Authorization == "Bearer granted")
            context.Response.Headers["Docker-Content-Digest"] = Graph.Digest("os");
        else
        {
            context.Response.StatusCode = 401;
            context.Response.Headers.WWWAuthenticate =
                $"Bearer realm=\"{server ?? Elsewhere}/token\",service=\"registry\"";
        }

        return Task.FromResult(true);
    };

    private static RegistryClient Client(Uri url, string? tokenServer) => new(Options.Create(new RegistryOptions
    {
        Default = Graph.Host,
        Known =
        [
            new KnownRegistryOptions
            {
                Host = Graph.Host, Url = url, User = "reader", Password = "wrong", TokenServer = tokenServer,
            },
        ],
    }));
}
