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
        var digest = _registry.PutImage("sha256:" + new string('1', 64), layers: 0);

        Assert.That(() => _registry.ReadAsync(digest), Throws.TypeOf<ManifestBadException>().With.Message.Contains("not in the registry"));
    }

    [TestCase("this is no JSON", "not JSON")]
    [TestCase("{}", "no diff_ids")]
    [TestCase("[]", "no diff_ids")]
    [TestCase("""{"rootfs":{"diff_ids":[null]}}""", "diff_id")]
    [TestCase("""{"rootfs":{"diff_ids":[7]}}""", "cannot be read")]
    [TestCase("""{"rootfs":{"diff_ids":["latest"]}}""", "diff_id")]
    public void Should_say_what_is_wrong_with_its_configuration(string config, string why)
    {
        var digest = _registry.PutImage(_registry.Put("blobs", FakeRegistry.Config, config), layers: 1);

        Assert.That(() => _registry.ReadAsync(digest), Throws.TypeOf<ManifestBadException>().With.Message.Contains(why));
    }

    [Test]
    public void Should_not_believe_diff_ids_that_do_not_fit_the_layers()
    {
        var config = _registry.Put("blobs", FakeRegistry.Config, $$"""{"rootfs":{"diff_ids":["{{DiffId}}"] } }""");

        Assert.That(
            () => _registry.ReadAsync(_registry.PutImage(config, layers: 2)),
            Throws.TypeOf<ManifestBadException>().With.Message.Contains("2 layers").And.Message.Contains("1 diff_ids"));
    }

    [Test]
    public void Should_not_follow_an_index_into_itself()
    {
        var digest = "sha256:" + new string('2', 64);
        _registry.Put("manifests", FakeRegistry.Index, FakeRegistry.IndexOf(digest), digest);

        Assert.That(() => _registry.ReadAsync(digest), Throws.TypeOf<ManifestBadException>().With.Message.Contains(digest));
        Assert.That(_registry.Asked, Has.Count.LessThan(10));
    }

    [Test]
    public void Should_check_a_digest_of_sha512_too_and_trust_no_other()
    {
        var sha512 = "sha512:" + new string('2', 128);
        _registry.Put("manifests", FakeRegistry.Image, "{}", sha512);
        _registry.Put("manifests", FakeRegistry.Image, "{}", "md5:22");

        Assert.That(() => _registry.ReadAsync(sha512), Throws.TypeOf<ManifestBadException>().With.Message.Contains("is sha512:"));
        Assert.That(() => _registry.ReadAsync("md5:22"), Throws.TypeOf<ManifestBadException>().With.Message.Contains("no digest"));
    }

    [Test]
    public void Should_go_into_no_more_storeys_than_any_index_has()
    {
        var digest = _registry.Put("manifests", FakeRegistry.Index, """{"manifests":[]}""");
        for (var storey = 0; storey < 6; storey++)
            digest = _registry.Put("manifests", FakeRegistry.Index, FakeRegistry.IndexOf(digest));

        Assert.That(() => _registry.ReadAsync(digest), Throws.TypeOf<ManifestBadException>().With.Message.Contains("storeys"));
    }

    [Test]
    public void Should_read_no_more_manifests_than_any_index_has()
    {
        var children = Enumerable.Range(0, 400)
            .Select(number => _registry.Put("manifests", "application/vnd.example+json", $$"""{"number":{{number}}}"""));
        var digest = _registry.Put("manifests", FakeRegistry.Index, FakeRegistry.IndexOf([.. children]));

        Assert.That(() => _registry.ReadAsync(digest), Throws.TypeOf<ManifestBadException>().With.Message.Contains("more than 300"));
        Assert.That(_registry.Asked, Has.Count.EqualTo(300));
    }

    [Test]
    public void Should_not_choose_where_it_is_an_index_and_an_image_at_once()
    {
        var digest = _registry.Put("manifests", FakeRegistry.Index, """{"manifests":[],"config":{},"layers":[]}""");

        Assert.That(() => _registry.ReadAsync(digest), Throws.TypeOf<ManifestBadException>().With.Message.Contains("at once"));
    }

    [Test]
    public void Should_say_which_image_of_an_index_is_bad()
    {
        var bad = _registry.PutImage(_registry.Put("blobs", FakeRegistry.Config, "no JSON"), layers: 1);
        var digest = _registry.Put("manifests", FakeRegistry.Index, FakeRegistry.IndexOf(bad));

        Assert.That(() => _registry.ReadAsync(digest),
            Throws.TypeOf<ManifestBadException>().With.Message.Contains(bad).And.Message.Contains("not JSON"));
    }

    [TestCase("application/vnd.example.unheard-of.v9+json", "{}")]
    [TestCase("", """{"schemaVersion":2}""")]
    public async Task Should_take_what_it_does_not_know_for_something_else(string type, string body) =>
        Assert.That(await _registry.ReadAsync(_registry.Put("manifests", type, body)), Is.TypeOf<SeenOther>());

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
}
