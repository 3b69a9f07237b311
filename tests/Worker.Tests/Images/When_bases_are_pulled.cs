using Builds.Contracts;
using Builds.Parts;
using Builds.Worker.Images;
using BaseImage = Builds.Contracts.BaseImage;

namespace Builds.Worker.Tests.Images;

[Parallelizable]
public sealed class When_bases_are_pulled
{
    private static string Host => RealParts.Registry.Host;

    [Test]
    public async Task Should_record_and_use_the_one_digest_that_each_tag_had()
    {
        var before = await RealParts.Registry.PushNewBaseAsync("moving", "1");
        var tools = await RealParts.Registry.PushNewBaseAsync("tools", "2");
        using var scenario = new Scenario().With("Dockerfile",
            $"""
            ARG TOOLS=tools:1
            FROM {Host}/moving:1 AS one
            FROM one
            COPY --from={Host}/tools:2 /etc/version /tools
            RUN --mount=from={Host}/tools:2,target=/m cat /m/etc/version > /mounted
            """);
        var bases = await scenario.PullAsync();
        await RealParts.Registry.PushNewBaseAsync("moving", "1");
        var image = await scenario.BuildAsync(bases, CancellationToken.None);

        Assert.That(bases.Images, Is.EqualTo(new[]
        {
            new BaseImage { Reference = $"{Host}/moving:1", Digest = before, Stage = "one", Kind = BaseImageKind.From,
                Pinned = false, Final = true },
            new BaseImage { Reference = $"{Host}/tools:2", Digest = tools, Stage = "1", Kind = BaseImageKind.CopyFrom,
                Pinned = false, Final = false },
            new BaseImage { Reference = $"{Host}/tools:2", Digest = tools, Stage = "1", Kind = BaseImageKind.Mount,
                Pinned = false, Final = false },
        }));
        Assert.That(bases.Final!.Digest, Is.EqualTo(before));
        var inspected = await RealParts.Daemon.DockerAsync("image", "inspect", $"{Host}/moving@{before}", image.Id,
            "--format", "{{index .RootFS.Layers 0}}");
        Assert.That(inspected.Split('\n').Distinct().Count(), Is.EqualTo(1), "stands on what the tag was");
    }

    [Test]
    public async Task Should_take_a_pinned_base_as_it_is_also_from_a_private_registry()
    {
        await using var locked = await Registry.StartAsync(new RegistryOptions { User = "u", Password = "p" });
        var digest = await locked.PushNewBaseAsync("secret", "1");
        using var scenario = new Scenario().Knowing(locked.Host, "u", "p")
            .With("Dockerfile",
                $"FROM {locked.Host}/secret:gone@{digest}\nCOPY --from={locked.Host}/secret@{digest} " +
                "/etc/version /x\n");

        var image = await scenario.BuildAsync();

        Assert.That(image.Bases.Images.Select(used => (used.Reference, used.Digest, used.Pinned)), Is.EqualTo(new[]
        {
            ($"{locked.Host}/secret:gone", digest, true), ($"{locked.Host}/secret@{digest}", digest, true),
        }));
    }

    [Test]
    public async Task Should_take_bases_from_several_registries_in_one_build()
    {
        await using var basic = await Registry.StartAsync(new RegistryOptions { User = "u", Password = "p" });
        await using var token = await Registry.StartAsync(
            new RegistryOptions { User = "t", Password = "q", TokenAuth = true });
        await basic.PushNewBaseAsync("a", "1");
        await token.PushNewBaseAsync("team/b", "1");
        using var scenario = new Scenario().Knowing(basic.Host, "u", "p").Knowing(token.Host, "t", "q")
            .With("Dockerfile",
                $"FROM {basic.Host}/a:1\nCOPY --from={token.Host}/team/b:1 /etc/version /b\nCOPY " +
                $"--from={Host}/os:1 /etc/group /c\n");
        Assert.That((await scenario.BuildAsync()).Bases.Images, Has.Count.EqualTo(3));
    }

    [Test]
    public async Task Should_say_that_a_base_is_not_there()
    {
        using var scenario = new Scenario().With("Dockerfile", $"FROM scratch\n\nCOPY --from={Host}/no/such:1 / /\n");
        Assert.That(await FailureAsync(scenario),
            Does.Contain($"{Host}/no/such:1 (line 3, stage 0)").And.Contain("404").And.Contain("Push it first"));
    }

    [TestCase(null, "Give this image's definition credentials for")]
    [TestCase("wrong", "user \"u\"")]
    public async Task Should_say_that_a_base_is_private(string? password, string said)
    {
        foreach (var isToken in new[] { false, true })
        {
            await using var locked = await Registry.StartAsync(
                new RegistryOptions { User = "u", Password = "p", TokenAuth = isToken });
            await locked.PushNewBaseAsync("a", "1");
            using var scenario = new Scenario().With("Dockerfile", $"FROM {locked.Host}/a:1\n");
            if (password is not null)
                scenario.Knowing(locked.Host, "u", password);
            Assert.That(await FailureAsync(scenario), Does.Contain($"{locked.Host}/a:1 (line 1, stage 0)")
                .And.Contain("401").And.Contain(said).And.Not.Contain("wrong"));
        }
    }

    [TestCase("FROM --platform=linux/s390x {0}\n", null)]
    [TestCase("FROM {0}\n", "linux/s390x")]
    public async Task Should_say_that_a_platform_is_not_there(string dockerfile, string? platform)
    {
        await RealParts.Registry.PushIndexAsync("multi", "1", "amd64", "arm64");
        foreach (var (image, there) in new[] { ("multi:1", "linux/amd64, linux/arm64"),
            ("os:1", "linux/" + Builds.Parts.BaseImage.Architecture) })
        {
            using var scenario = new Scenario().With("Dockerfile", string.Format(null, dockerfile, $"{Host}/{image}"));
            scenario.Request = scenario.Request with { Platform = platform };
            Assert.That(await FailureAsync(scenario),
                Does.Contain($"{image} ").And.Contain("linux/s390x").And.Contain(there));
        }
    }

    [Test]
    public async Task Should_pull_the_platform_asked_for()
    {
        var index = await RealParts.Registry.PushIndexAsync("multi", "2", "amd64", "arm64");
        using var scenario = new Scenario().With("Dockerfile", $"FROM {Host}/multi:2\nLABEL x=1\n");
        scenario.Request = scenario.Request with { Platform = "linux/arm64" };

        var image = await scenario.BuildAsync();

        Assert.That(image.Bases.Images.Single().Digest, Is.EqualTo(index));
        Assert.That(await RealParts.Daemon.DockerAsync("image", "inspect", image.Id, "--format", "{{.Architecture}}"),
            Is.EqualTo("arm64"));
    }

    [Test]
    public async Task Should_resolve_a_frontend_like_a_base_or_do_without()
    {
        var digest = await RealParts.Registry.PushNewBaseAsync("frontend", "1");
        using var scenario = new Scenario()
            .With("Dockerfile", $"# syntax={Host}/frontend:1\nFROM scratch\nCOPY Dockerfile /\n");
        Assert.That((await scenario.PullAsync()).Images.Single(), Is.EqualTo(
            new BaseImage { Reference = $"{Host}/frontend:1", Digest = digest, Stage = "syntax",
                Kind = BaseImageKind.Frontend, Pinned = false, Final = false }));

        using var own = new Scenario(options: new ImageOptions { AllowedRegistries = Scenario.Loopback, Frontend = FrontendChoice.Daemon })
            .With("Dockerfile", "# syntax=registry.invalid/none:1\nFROM scratch\nCOPY Dockerfile /\n");
        Assert.That((await own.BuildAsync()).Bases.Images, Is.Empty);
    }

    [Test]
    public async Task Should_wait_out_a_registry_that_comes_back_and_blame_the_service_where_it_does_not()
    {
        await using var proxy = FaultProxy.Before(RealParts.Registry.Port);
        await proxy.SetAsync(new Fault.Refuse());
        using var scenario = new Scenario().With("Dockerfile", $"FROM {proxy.Host}/os:1\n");
        await Assert.ThatAsync(() => scenario.PullAsync(),
            Throws.TypeOf<RegistryUnavailableException>().With.Message.Contains(proxy.Host));

        using var patient = new Scenario(options: new ImageOptions { AllowedRegistries = Scenario.Loopback,
            RegistryRetries = 10, RegistryRetrySeconds = 0.1 })
            .With("Dockerfile", $"FROM {proxy.Host}/os:1\n");
        var pulling = patient.PullAsync();
        await proxy.SetAsync(new Fault.Pass());
        Assert.That((await pulling).Images, Has.Count.EqualTo(1));
    }

    private static async Task<string> FailureAsync(Scenario scenario) =>
        (await Assert.ThrowsAsync<BuildFailedException>(() => scenario.PullAsync()))!.Message;
}
