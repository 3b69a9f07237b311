using Builds.Contracts;
using Builds.Parts;
using Builds.Worker.Images;
using Builds.Worker.Tests.Sources;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace Builds.Worker.Tests.Images;

[Parallelizable]
public sealed class When_a_registry_is_judged
{
    [TestCase("127.0.0.1:6379")]
    [TestCase("127.0.0.1")]
    [TestCase("127.1")]
    [TestCase("0x7f.1")]
    [TestCase("0177.1")]
    [TestCase("0177.0.0.01")]
    [TestCase("0x7f000001:80")]
    [TestCase("2130706433:80")]
    [TestCase("017700000001:80")]
    [TestCase("0:80")]
    [TestCase("0.0.0.0")]
    [TestCase("10.1.2.3:5000")]
    [TestCase("172.31.0.1")]
    [TestCase("192.168.0.1")]
    [TestCase("100.64.0.5")]
    [TestCase("169.254.169.254")]
    [TestCase("168.63.129.16")]
    [TestCase("[::]")]
    [TestCase("[::1]")]
    [TestCase("[::1]:5000")]
    [TestCase("[::ffff:7f00:1]")]
    [TestCase("[::FFFF:7F00:1]:5000")]
    [TestCase("[64:ff9b::a00:1]")]
    [TestCase("[2002:7f00:1::]")]
    [TestCase("[fd00:ec2::254]")]
    [TestCase("[fe80::1]")]
    [TestCase("localhost")]
    [TestCase("LOCALHOST:5000")]
    public async Task Should_refuse_every_spelling_of_a_closed_address_before_anything_is_pulled(string registry)
    {
        foreach (var dockerfile in new[]
        {
            $"FROM {registry}/x:1\n",
            $"FROM scratch\nCOPY --from={registry}/x:1 /a /a\n",
            $"FROM {RealParts.Registry.Host}/os:1\nRUN --mount=from={registry}/x:1,target=/m true\n",
            $"# syntax={registry}/x:1\nFROM scratch\nCOPY Dockerfile /\n",
        })
        {
            using var scenario = new Scenario(options: Allowing(RealParts.Registry.Host)).With("Dockerfile", dockerfile);
            var failure = await RefusalAsync(() => scenario.PullAsync());
            Assert.That(failure, Does.Contain($"{registry}/x:1 (line").And.Contain("private network")
                .And.Contain("Images:AllowedRegistries"));
            Assert.That(scenario.Lines, Is.Empty, "nothing was pulled");
        }
    }

    [Test]
    public void Should_not_take_an_address_for_an_image_that_the_reference_grammar_does_not_know()
    {
        foreach (var registry in new[] { "[::ffff:127.0.0.1]", "127.0.0.1.", "user@127.0.0.1" })
            Assert.That(ImageName.TryParse($"{registry}/x:1", out _), Is.False, registry);
    }

    [Test]
    public async Task Should_refuse_the_target_before_anything_is_built()
    {
        await using var proxy = FaultProxy.Before(RealParts.Registry.Port);
        using var scenario = new Scenario(options: Allowing()).With("Dockerfile", "FROM scratch\nCOPY Dockerfile /\n");
        scenario.Request = scenario.Request with { Image = new ImageReference { Registry = proxy.Host, Repository = "x" } };

        var failure = await RefusalAsync(() => scenario.PullAsync());

        Assert.That(failure, Does.StartWith($"The image cannot be pushed to {proxy.Host}: ")
            .And.Contain("Images:AllowedRegistries"));
        Assert.That(proxy.Accepted, Is.Zero);
    }

    [Test]
    public async Task Should_refuse_to_push_where_a_host_is_not_allowed_any_more()
    {
        using var scenario = new Scenario().With("Dockerfile", "FROM scratch\nCOPY Dockerfile /\n");
        using var later = new Scenario(options: Allowing());

        var built = await scenario.BuildAsync();

        Assert.That(await RefusalAsync(() => later.PushAsync(built)), Does.Contain("cannot be pushed"));
        Assert.That(await RealParts.Registry.DigestOfAsync(scenario.Request.Image.Repository, "1"), Is.Null);
    }

    [TestCase("127.0.0.1")]
    [TestCase("127.0.0.1:{port}")]
    public async Task Should_allow_what_a_setting_allows(string allowed)
    {
        using var scenario = new Scenario(options: Allowing(allowed.Replace("{port}", $"{RealParts.Registry.Port}")))
            .With("Dockerfile", $"FROM {RealParts.Registry.Host}/os:1\n");
        Assert.That((await scenario.PullAsync()).Images, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task Should_allow_the_default_registry_and_no_other_port_of_its_host()
    {
        await using var other = FaultProxy.Before(RealParts.Registry.Port);
        using var connections = new RegistryConnections(Options.Create(Allowing()));

        connections.Allow(RealParts.Registry.Host);

        Assert.That(await connections.RefusalAsync(RealParts.Registry.Host, CancellationToken.None), Is.Null);
        Assert.That(await connections.RefusalAsync(other.Host, CancellationToken.None), Does.Contain("127.0.0.1"));
    }

    [TestCase("93.184.215.14")]
    [TestCase("[2606:4700::6810:84e5]:5000")]
    [TestCase("docker.io")]
    [TestCase("nowhere.invalid")]
    public async Task Should_let_public_addresses_pass_and_leave_unknown_names_to_the_connection(string registry)
    {
        using var connections = new RegistryConnections(Options.Create(Allowing()));
        Assert.That(await connections.RefusalAsync(registry, CancellationToken.None), Is.Null);
    }

    [TestCase("redirect")]
    [TestCase("realm")]
    public async Task Should_not_follow_an_allowed_registry_to_a_closed_address(string how)
    {
        await using var closed = await RecordingServer.StartAsync();
        await using var registry = await RecordingServer.StartAsync(context =>
        {
            context.Response.StatusCode = how == "redirect" ? StatusCodes.Status307TemporaryRedirect : 401;
            context.Response.Headers.Location = $"{closed.Url}v2/";
            context.Response.Headers.WWWAuthenticate = $"Bearer realm=\"{closed.Url}token\",service=\"s\"";
        });
        using var scenario = new Scenario(options: Allowing(registry.Url.Authority))
            .With("Dockerfile", $"FROM {registry.Url.Authority}/x:1\n");
        scenario.Request = scenario.Request with
        {
            Image = new ImageReference { Registry = registry.Url.Authority, Repository = "x" },
        };

        Assert.That(await RefusalAsync(() => scenario.PullAsync()), Does.Contain("private network"));
        Assert.That(registry.Authorizations, Has.Count.EqualTo(1));
        Assert.That(closed.Authorizations, Is.Empty, "it was never spoken to");
    }

    private static ImageOptions Allowing(params string[] allowed) => new() { AllowedRegistries = allowed, RegistryRetries = 0 };

    private static async Task<string> RefusalAsync(Func<Task> act)
    {
        var failure = (await Assert.ThrowsAsync<BuildFailedException>(() => act()))!;
        Assert.That(failure.Class, Is.EqualTo(FailureClass.Policy));
        return failure.Message;
    }
}
