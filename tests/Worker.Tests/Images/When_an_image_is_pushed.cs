using Builds.Contracts;
using Builds.Parts;
using Builds.Worker.Images;

namespace Builds.Worker.Tests.Images;

[Parallelizable]
public sealed class When_an_image_is_pushed
{
    [Test]
    public async Task Should_have_one_digest_under_every_tag()
    {
        using var scenario = Scene();
        scenario.Request = scenario.Request with { Tags = ["1", "1.0", "latest"] };

        var pushed = await scenario.PushAsync();

        Assert.That(pushed.Tags, Is.EqualTo(scenario.Request.Tags));
        foreach (var tag in pushed.Tags)
            Assert.That(await RealParts.Registry.DigestOfAsync(scenario.Request.Image.Repository, tag),
                Is.EqualTo(pushed.Digest));
        Assert.That(scenario.Lines, Has.Some.Matches("^[0-9a-f]{12}: (Pushed|Mounted from .*|Layer already exists)$"));
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task Should_log_in_where_the_registry_wants_it(bool token)
    {
        await using var locked = await Registry.StartAsync(
            new RegistryOptions { User = "u", Password = "p", TokenAuth = token });
        using var scenario = Scene(locked.Host).Knowing(locked.Host, "u", "p");
        Assert.That((await scenario.PushAsync()).Digest, Is.EqualTo(await locked.DigestOfAsync("team/api", "1")));
    }

    [Test]
    public async Task Should_show_a_bearer_token_as_it_is_where_the_registry_takes_it()
    {
        await using var locked = await Registry.StartAsync(
            new RegistryOptions { User = "u", Password = "p", TokenAuth = true });
        using var scenario = Scene(locked.Host);
        scenario.Credentials[locked.Host] = new RegistryCredential(locked.Host, null, null,
            locked.Tokens!.Issue(["repository:team/api:pull,push"]));
        Assert.That((await scenario.PushAsync()).Digest, Is.EqualTo(await locked.DigestOfAsync("team/api", "1")));
    }

    [TestCase(null, false, "wants credentials")]
    [TestCase("wrong", false, "user \"u\"")]
    [TestCase(null, true, "wants credentials")]
    [TestCase("wrong", true, "user \"u\"")]
    public async Task Should_name_the_credential_that_is_to_be_mended(string? password, bool token, string said)
    {
        await using var locked = await Registry.StartAsync(
            new RegistryOptions { User = "u", Password = "p", TokenAuth = token });
        using var scenario = Scene(locked.Host);
        if (password is not null)
            scenario.Knowing(locked.Host, "u", password);
        var failure = await Assert.ThrowsAsync<BuildFailedException>(() => scenario.PushAsync());
        Assert.That(failure!.Message,
            Does.Contain(locked.Host).And.Contain("team/api").And.Contain(said).And.Not.Contain("wrong"));
    }

    [Test]
    public async Task Should_trust_the_private_authority_that_is_configured_and_no_other()
    {
        await using var tls = await Registry.StartAsync(new RegistryOptions { Tls = true });
        var trust = new ImageOptions { AllowedRegistries = Scenario.Loopback, RegistryRetries = 0,
            RegistryAuthorities = new Dictionary<string, string> { [tls.Host] = tls.CaFile! } };
        await tls.PushBaseAsync("os", "1");
        using (var scenario = Scene(tls.Host, trust).With("Dockerfile", $"FROM {tls.Host}/os:1\nLABEL x=1\n"))
            Assert.That((await scenario.PushAsync()).Digest, Is.EqualTo(await tls.DigestOfAsync("team/api", "1")));

        using var other = new PrivateAuthority();
        var file = Path.Combine(Path.GetDirectoryName(tls.CaFile!)!, "other.pem");
        await File.WriteAllTextAsync(file, other.RootPem);
        using var distrusting = Scene(tls.Host, new ImageOptions { AllowedRegistries = Scenario.Loopback, RegistryRetries = 0,
            RegistryAuthorities = new Dictionary<string, string> { [tls.Host] = file } });
        await Assert.ThatAsync(() => distrusting.PushAsync(),
            Throws.TypeOf<RegistryUnavailableException>().With.Message.Contains("certificate"));
    }

    [Test]
    public async Task Should_blame_the_service_where_the_registry_is_down()
    {
        await using var proxy = FaultProxy.Before(RealParts.Registry.Port);
        await proxy.SetAsync(new Fault.Refuse());
        using var scenario = Scene(proxy.Host);
        await Assert.ThatAsync(() => scenario.PushAsync(),
            Throws.TypeOf<RegistryUnavailableException>().With.Message.Contains("connection refused").IgnoreCase);
    }

    [Test]
    public async Task Should_push_through_a_registry_that_is_away_for_a_moment()
    {
        await using var proxy = FaultProxy.Before(RealParts.Registry.Port);
        using var scenario = Scene(proxy.Host, new ImageOptions { AllowedRegistries = Scenario.Loopback,
            RegistryRetries = 10, RegistryRetrySeconds = 0.1 });
        var built = await scenario.BuildAsync();
        await proxy.SetAsync(new Fault.Refuse());
        var pushing = scenario.PushAsync(built);
        await proxy.SetAsync(new Fault.Pass());
        Assert.That((await pushing).Digest, Is.EqualTo(await RealParts.Registry.DigestOfAsync("team/api", "1")));
    }

    private static string Dockerfile() => $"FROM {RealParts.Registry.Host}/os:1\nRUN echo {Guid.NewGuid()} > /unique\n";

    private static Scenario Scene(string? host = null, ImageOptions? options = null)
    {
        var scenario = new Scenario(options: options)
            .With("Dockerfile", Dockerfile());
        if (host is not null)
            scenario.Request = scenario.Request with {
                Image = new ImageReference { Registry = host, Repository = "team/api" } };
        return scenario;
    }
}
