using Builds.GraphTracker.Registries;

namespace Builds.GraphTracker.Tests.AskingRegistries;

public sealed class When_a_manifest_is_bad
{
    private const string DiffId = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

    private FakeRegistry _registry = null!;

    [SetUp]
    public async Task A_registry() => _registry = await FakeRegistry.StartAsync();

    [TearDown]
    public async Task Gone() => await _registry.DisposeAsync();

    [Test]
    public void Should_take_nothing_that_does_not_match_its_digest()
    {
        var digest = _registry.Put("manifests", FakeRegistry.Image, "{}", "sha256:" + new string('0', 64));

        Assert.That(() => _registry.ReadAsync(digest), Throws.TypeOf<ManifestBadException>().With.Message.Contains(digest));
    }

    [Test]
    public void Should_say_that_its_configuration_is_missing()
    {
        var digest = Manifest("sha256:" + new string('1', 64), layers: 0);

        Assert.That(() => _registry.ReadAsync(digest), Throws.TypeOf<ManifestBadException>().With.Message.Contains("not in the registry"));
    }

    [TestCase("this is no JSON", "not JSON")]
    [TestCase("{}", "cannot be read")]
    [TestCase("""{"rootfs":{"diff_ids":["latest"]}}""", "diff_id")]
    public void Should_say_what_is_wrong_with_its_configuration(string config, string why)
    {
        var digest = Manifest(_registry.Put("blobs", FakeRegistry.Config, config), layers: 1);

        Assert.That(() => _registry.ReadAsync(digest), Throws.TypeOf<ManifestBadException>().With.Message.Contains(why));
    }

    [Test]
    public void Should_not_believe_diff_ids_that_do_not_fit_the_layers()
    {
        var config = _registry.Put("blobs", FakeRegistry.Config, $$"""{"rootfs":{"diff_ids":["{{DiffId}}"] } }""");

        Assert.That(
            () => _registry.ReadAsync(Manifest(config, layers: 2)),
            Throws.TypeOf<ManifestBadException>().With.Message.Contains("2 layers").And.Message.Contains("1 diff_ids"));
    }

    [Test]
    public void Should_not_follow_an_index_into_itself()
    {
        // sha512 is not hashed here, so it can name itself
        var digest = "sha512:" + new string('2', 128);
        _registry.Put("manifests", FakeRegistry.Index, $$"""{"manifests":[{"digest":"{{digest}}"}]}""", digest);

        Assert.That(() => _registry.ReadAsync(digest), Throws.TypeOf<ManifestBadException>().With.Message.Contains("itself"));
    }

    [Test]
    public async Task Should_take_an_artifact_for_what_it_is()
    {
        var digest = _registry.Put("manifests", FakeRegistry.Image, """
            {"mediaType":"application/vnd.oci.image.manifest.v1+json","artifactType":"application/vnd.example.chart",
             "config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"sha256:44"},"layers":[]}
            """);

        Assert.That(await _registry.ReadAsync(digest), Is.TypeOf<SeenOther>());
    }

    [Test]
    public void Should_tell_gone_from_unavailable_and_from_unknown()
    {
        var digest = "sha256:" + new string('3', 64);
        Assert.That(() => _registry.ReadAsync(digest), Throws.TypeOf<ManifestGoneException>());

        _registry.Status = 503;
        Assert.That(() => _registry.ReadAsync(digest), Throws.TypeOf<RegistryUnavailableException>().With.Message.Contains("503"));
        _registry.Status = 401;
        Assert.That(() => _registry.ReadAsync(digest), Throws.TypeOf<RegistryUnavailableException>().With.Message.Contains("settings"));
        Assert.That(
            () => _registry.Client.DigestOfAsync(FakeRegistry.Api with { Registry = "elsewhere.example.org" }, "1", CancellationToken.None),
            Throws.TypeOf<UnknownRegistryException>().With.Message.Contains("Registries:Known"));
    }

    private string Manifest(string config, int layers) => _registry.Put("manifests", FakeRegistry.Image, $$"""
        {"schemaVersion":2,"mediaType":"{{FakeRegistry.Image}}",
         "config":{"mediaType":"{{FakeRegistry.Config}}","digest":"{{config}}"},
         "layers":[{{string.Join(',', Enumerable.Repeat("""{"digest":"sha256:0"}""", layers))}}]}
        """);
}
