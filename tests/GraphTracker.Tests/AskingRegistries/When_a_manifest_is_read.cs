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
            User = password ? "reader" : null, Password = password ? "secret" : null, TokenAuth = token, Tls = password,
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
        await using var registry = await Registry.StartAsync();
        await registry.PushBaseAsync("team/os", "1");
        var digest = await registry.PutManifestAsync(
            "team/os", "old", "application/vnd.docker.distribution.manifest.v1+prettyjws", await registry.Schema1Async("team/os", "1"));
        using var client = Client(registry, password: false);
        var image = new ImageReference { Registry = registry.Host, Repository = "team/os" };

        var seen = (SeenImage)await client.ReadAsync(image, digest, CancellationToken.None);

        Assert.That(await client.DigestOfAsync(image, "old", CancellationToken.None), Is.EqualTo(digest));
        Assert.That((seen.Platform, seen.DiffIds.Count), Is.EqualTo(("linux/" + Parts.BaseImage.Architecture, 0)));
    }

    [Test]
    public async Task Should_see_in_schema_1_what_changes_the_configuration_and_what_only_the_time()
    {
        await using var registry = await FakeRegistry.StartAsync();
        var first = await Schema1Async(registry, "sh", "2014-01-01T00:00:00Z");

        Assert.That(await Schema1Async(registry, "sh", "2015-01-01T00:00:00Z"), Is.EqualTo(first));
        Assert.That(await Schema1Async(registry, "bash", "2014-01-01T00:00:00Z"), Is.Not.EqualTo(first));
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task Should_read_a_nested_index_with_its_provenance_from_a_real_registry(bool v1)
    {
        await using var registry = await Registry.StartAsync();
        var image = await registry.PushBaseAsync("team/os", "amd64");
        var pinned = "sha256:" + new string('c', 64);
        var items = $$"""
            [{"uri":"pkg:docker/golang@1.22?platform=linux%2Famd64","digest":{"sha256":"{{BaseDigest[7..]}}" } },
             {"uri":"pkg:docker/registry.example.org%3A5000/team/os@1?digest=sha256:00","digest":{"sha256":"{{BaseDigest[7..]}}" } },
             {"uri":"pkg:docker/debian@{{pinned}}?platform=linux%2Famd64","digest":{"sha256":"{{pinned[7..]}}" } } ]
            """;
        var attestation = await AttestationAsync(registry, v1
            ? $$"""{"predicate":{"buildDefinition":{"resolvedDependencies":{{items}} } } }"""
            : $$"""{"predicate":{"materials":{{items}} } }""");
        var inner = await PutAsync(registry, FakeRegistry.Index, $$"""
            {"schemaVersion":2,"mediaType":"{{FakeRegistry.Index}}","manifests":[
              {"mediaType":"{{Parts.BaseImage.ManifestType}}","size":1,"digest":"{{image}}"},
              {"mediaType":"{{FakeRegistry.Image}}","size":1,"digest":"{{attestation}}",
               "platform":{"os":"unknown","architecture":"unknown"},
               "annotations":{"vnd.docker.reference.type":"attestation-manifest","vnd.docker.reference.digest":"{{image}}" } } ] }
            """);
        var outer = await PutAsync(registry, FakeRegistry.Index, $$"""
            {"schemaVersion":2,"mediaType":"{{FakeRegistry.Index}}",
             "annotations":{"org.opencontainers.image.base.name":"debian:12",
                            "org.opencontainers.image.base.digest":"{{BaseDigest}}"},
             "manifests":[{"mediaType":"{{FakeRegistry.Index}}","size":1,"digest":"{{inner}}"}]}
            """);
        using var client = Client(registry, password: false);

        var seen = (SeenIndex)await client.ReadAsync(
            new ImageReference { Registry = registry.Host, Repository = "team/os" }, outer, CancellationToken.None);

        Assert.That(seen.Images.Select(one => one.Digest), Is.EqualTo(new[] { image }));
        Assert.That(seen.Provenance[image], Is.EquivalentTo(new[]
        {
            new SeenBase("docker.io", "library/golang", "1.22", BaseDigest),
            new SeenBase("registry.example.org:5000", "team/os", "1", BaseDigest) { IsPinned = true },
            new SeenBase("docker.io", "library/debian", null, pinned) { IsPinned = true },
        }));
        Assert.That(seen.Base, Is.EqualTo(new SeenBase("docker.io", "library/debian", "12", BaseDigest)));
    }

    [TestCase("debian", "docker.io/library/debian:latest")]
    [TestCase("index.docker.io/library/debian:12", "docker.io/library/debian:12")]
    [TestCase("localhost:5000/team/os:1", "localhost:5000/team/os:1")]
    [TestCase("registry.example.org/team/os@" + BaseDigest, "registry.example.org/team/os")]
    [TestCase("registry.example.org///elsewhere.example.org/x:1", null)]
    [TestCase("registry.example.org/../../x:1", null)]
    [TestCase("registry.example.org/team/os:../../x", null)]
    [TestCase("user:password@registry.example.org/x", null)]
    [TestCase("Debian Linux 12", null)]
    [TestCase("", null)]
    public async Task Should_take_for_a_base_only_what_is_a_name(string name, string? expected)
    {
        await using var registry = await FakeRegistry.StartAsync();
        var labels = new JsonObject
        {
            ["org.opencontainers.image.base.name"] = name,
            ["org.opencontainers.image.base.digest"] = BaseDigest,
        };

        var seen = (SeenImage)await registry.ReadAsync(Manifest(registry, new JsonObject { ["Labels"] = labels }.ToJsonString()));

        Assert.That(
            seen.Base is { } named ? $"{named.Registry}/{named.Repository}{(named.Tag is { } tag ? ":" + tag : "")}" : null,
            Is.EqualTo(expected));
    }

    [Test]
    public async Task Should_believe_annotations_before_labels()
    {
        await using var registry = await FakeRegistry.StartAsync();
        var digest = Manifest(
            registry,
            """{"Labels":{"org.opencontainers.image.base.name":"debian:11","org.opencontainers.image.base.digest":"BASE"}}"""
                .Replace("BASE", BaseDigest, StringComparison.Ordinal),
            annotations: $$"""
                {"org.opencontainers.image.base.name":"debian:12","org.opencontainers.image.base.digest":"{{BaseDigest}}"}
                """);

        Assert.That(((SeenImage)await registry.ReadAsync(digest)).Base?.Tag, Is.EqualTo("12"));
    }

    private static async Task<byte[]> Schema1Async(FakeRegistry registry, string command, string at)
    {
        var newest = new JsonObject
        {
            ["created"] = at, ["id"] = at, ["os"] = "linux", ["config"] = new JsonObject { ["Cmd"] = new JsonArray(command) },
        };
        var manifest = new JsonObject
        {
            ["schemaVersion"] = 1,
            ["architecture"] = "amd64",
            ["fsLayers"] = new JsonArray(new JsonObject { ["blobSum"] = "sha256:1" }),
            ["history"] = new JsonArray(new JsonObject { ["v1Compatibility"] = newest.ToJsonString() }),
        };
        var digest = registry.Put("manifests", "application/vnd.docker.distribution.manifest.v1+json", manifest.ToJsonString());
        return ((SeenImage)await registry.ReadAsync(digest)).Content.ToArray();
    }

    private static Task<string> PutAsync(Registry registry, string type, string manifest)
    {
        var bytes = System.Text.Encoding.UTF8.GetBytes(manifest);
        return registry.PutManifestAsync("team/os", Parts.BaseImage.DigestOf(bytes), type, bytes);
    }

    /// <summary>As BuildKit writes it: a list of packages first, and it is none that one could read.</summary>
    private static async Task<string> AttestationAsync(Registry registry, string statement)
    {
        var config = await registry.PutBlobAsync("team/os", """{"architecture":"unknown","os":"unknown"}"""u8.ToArray());
        var packages = await registry.PutBlobAsync("team/os", "no JSON"u8.ToArray());
        var provenance = await registry.PutBlobAsync("team/os", System.Text.Encoding.UTF8.GetBytes(statement));
        return await PutAsync(registry, FakeRegistry.Image, $$"""
            {"schemaVersion":2,"mediaType":"{{FakeRegistry.Image}}",
             "config":{"mediaType":"{{FakeRegistry.Config}}","size":1,"digest":"{{config}}"},
             "layers":[
               {"mediaType":"application/vnd.in-toto+json","size":1,"digest":"{{packages}}",
                "annotations":{"in-toto.io/predicate-type":"https://spdx.dev/Document"} },
               {"mediaType":"application/vnd.in-toto+json","size":1,"digest":"{{provenance}}",
                "annotations":{"in-toto.io/predicate-type":"https://slsa.dev/provenance/v0.2"} }]}
            """);
    }

    private static async Task<byte[]> ContentAsync(FakeRegistry registry, string at, string revision, string command) =>
        ((SeenImage)await registry.ReadAsync(Manifest(
            registry,
            $$"""{"Cmd":["{{command}}"],"Labels":{"org.opencontainers.image.revision":"{{revision}}" } }""",
            at))).Content.ToArray();

    private static string Manifest(
        FakeRegistry registry, string config, string at = "2024-01-01T00:00:00Z", string annotations = "{}")
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
             "layers":[{"digest":"sha256:0"}],"annotations":{{annotations}} }
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
