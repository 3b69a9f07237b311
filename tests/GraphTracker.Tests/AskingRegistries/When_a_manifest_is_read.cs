using System.Text.Json.Nodes;
using Builds.Contracts;
using Builds.GraphTracker.Registries;
using Builds.Parts;
using Microsoft.Extensions.Options;

namespace Builds.GraphTracker.Tests.AskingRegistries;

public sealed class When_a_manifest_is_read
{
    private const string DiffId = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    private const string BaseDigest = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

    [TestCase(false, false)]
    [TestCase(true, false)]
    [TestCase(true, true)]
    public async Task Should_be_whole_whatever_the_registry_asks_for(bool password, bool token)
    {
        await using var registry = await Registry.StartAsync(new Parts.RegistryOptions
        {
            User = password ? "reader" : null, Password = password ? "secret" : null, TokenAuth = token, Tls = password && !token,
        });
        var digest = await registry.PushBaseAsync("team/os", "1");
        using var client = Client(registry, password);
        var image = new ImageReference { Registry = registry.Host, Repository = "team/os" };

        var found = await client.DigestOfAsync(image, "1", CancellationToken.None);
        var seen = (SeenImage)await client.ReadAsync(image, digest, CancellationToken.None);

        Assert.Multiple(async () =>
        {
            Assert.That(found, Is.EqualTo(digest));
            Assert.That(await client.DigestOfAsync(image, "2", CancellationToken.None), Is.Null);
            Assert.That(seen.Platform, Is.EqualTo("linux/" + Parts.BaseImage.Architecture));
            Assert.That(seen.DiffIds, Has.Count.EqualTo(1));
            Assert.That(seen.History, Is.EqualTo(new[] { "busybox" }));
        });
    }

    [Test]
    public async Task Should_have_every_platform_of_an_index()
    {
        await using var registry = await Registry.StartAsync();
        var digest = await registry.PushIndexAsync("team/os", "1", "amd64", "arm64");
        using var client = Client(registry, password: false);

        var seen = (SeenIndex)await client.ReadAsync(
            new ImageReference { Registry = registry.Host, Repository = "team/os" }, digest, CancellationToken.None);

        Assert.That(seen.Images.Select(image => image.Platform), Is.EquivalentTo(new[] { "linux/amd64", "linux/arm64" }));
    }

    [Test]
    public async Task Should_list_repositories_and_tags_page_by_page()
    {
        await using var registry = await Registry.StartAsync();
        foreach (var tag in Enumerable.Range(1, 3))
            await registry.PushBaseAsync("team/os", $"{tag}");
        await registry.PushBaseAsync("team/api", "latest");
        using var client = Client(registry, password: false);

        var repositories = await ListAsync(client.CatalogAsync(registry.Host, CancellationToken.None));
        var tags = await ListAsync(client.TagsAsync(
            new ImageReference { Registry = registry.Host, Repository = "team/os" }, CancellationToken.None));

        Assert.That(repositories, Is.EquivalentTo(new[] { "team/api", "team/os" }));
        Assert.That(tags, Is.EquivalentTo(new[] { "1", "2", "3" }));
    }

    [Test]
    public async Task Should_have_the_same_content_where_only_times_and_origin_differ()
    {
        await using var registry = await FakeRegistry.StartAsync();
        var first = await ContentAsync(registry, "2024-01-01T00:00:00Z", "aaaa", "sh");
        var again = await ContentAsync(registry, "2025-02-02T00:00:00Z", "bbbb", "sh");
        var other = await ContentAsync(registry, "2024-01-01T00:00:00Z", "aaaa", "bash");

        Assert.That(again, Is.EqualTo(first));
        Assert.That(other, Is.Not.EqualTo(first));
    }

    [Test]
    public async Task Should_name_the_base_of_labels_annotations_and_attestations()
    {
        await using var registry = await FakeRegistry.StartAsync();
        var image = Manifest(registry, """{"Labels":{"org.opencontainers.image.base.name":"debian:12","org.opencontainers.image.base.digest":"BASE"}}"""
            .Replace("BASE", BaseDigest, StringComparison.Ordinal));
        var statement = registry.Put("blobs", "application/vnd.in-toto+json", $$"""
            {"predicate":{"buildDefinition":{"resolvedDependencies":[
              {"uri":"pkg:docker/golang@1.22?platform=linux%2Famd64","digest":{"sha256":"{{BaseDigest[7..]}}" } },
              {"uri":"https://git.example.org/team/api.git","digest":{"sha1":"00"} } ] } } }
            """);
        var attestation = registry.Put("manifests", FakeRegistry.Image, $$"""
            {"mediaType":"{{FakeRegistry.Image}}","layers":[{"mediaType":"application/vnd.in-toto+json","digest":"{{statement}}"}]}
            """);
        var index = registry.Put("manifests", FakeRegistry.Index, $$"""
            {"mediaType":"{{FakeRegistry.Index}}","manifests":[{"digest":"{{image}}"},
              {"digest":"{{attestation}}","platform":{"os":"unknown","architecture":"unknown"},
               "annotations":{"vnd.docker.reference.type":"attestation-manifest","vnd.docker.reference.digest":"{{image}}" } } ] }
            """);

        var seen = (SeenIndex)await registry.ReadAsync(index);

        Assert.That(seen.Images.Single().Base, Is.EqualTo(new SeenBase("docker.io", "library/debian", "12", BaseDigest)));
        Assert.That(seen.Provenance[image], Is.EqualTo(new[] { new SeenBase("docker.io", "library/golang", "1.22", BaseDigest) }));
    }

    [Test]
    public async Task Should_read_schema_1_without_concluding_from_its_layers()
    {
        await using var registry = await FakeRegistry.StartAsync();
        var digest = registry.Put("manifests", "application/vnd.docker.distribution.manifest.v1+prettyjws", """
            {"schemaVersion":1,"architecture":"amd64","fsLayers":[{"blobSum":"sha256:2"},
             {"blobSum":"sha256:a3ed95caeb02ffe68cdd9fd84406680ae93d633cb16422d00e8a7c22955b46d4"},{"blobSum":"sha256:1"}],"history":[]}
            """);

        var seen = (SeenImage)await registry.ReadAsync(digest);

        Assert.That((seen.Platform, seen.DiffIds.Count), Is.EqualTo(("linux/amd64", 0)));
    }

    private static async Task<byte[]> ContentAsync(FakeRegistry registry, string at, string revision, string command) =>
        ((SeenImage)await registry.ReadAsync(Manifest(
            registry,
            $$"""{"Cmd":["{{command}}"],"Labels":{"org.opencontainers.image.revision":"{{revision}}" } }""",
            at))).Content.ToArray();

    private static string Manifest(FakeRegistry registry, string config, string at = "2024-01-01T00:00:00Z")
    {
        var json = new JsonObject
        {
            ["created"] = at,
            ["os"] = "linux",
            ["architecture"] = "amd64",
            ["config"] = JsonNode.Parse(config),
            ["rootfs"] = new JsonObject { ["diff_ids"] = new JsonArray(DiffId) },
            ["history"] = new JsonArray(new JsonObject { ["created"] = at, ["created_by"] = "step" }),
        };
        var digest = registry.Put("blobs", FakeRegistry.Config, json.ToJsonString());
        return registry.Put("manifests", FakeRegistry.Image, $$"""
            {"mediaType":"{{FakeRegistry.Image}}","config":{"mediaType":"{{FakeRegistry.Config}}","digest":"{{digest}}"},
             "layers":[{"digest":"sha256:0"}]}
            """);
    }

    private static RegistryClient Client(Registry registry, bool password) =>
        new(Options.Create(new GraphTracker.Registries.RegistryOptions
        {
            Default = registry.Host,
            Known =
            [
                new KnownRegistryOptions
                {
                    Host = registry.Host, Url = registry.Url, CaFile = registry.CaFile, PauseMilliseconds = 0,
                    User = password ? "reader" : null, Password = password ? "secret" : null,
                },
            ],
        }));

    private static async Task<List<string>> ListAsync(IAsyncEnumerable<string> names)
    {
        var list = new List<string>();
        await foreach (var name in names)
            list.Add(name);
        return list;
    }
}
