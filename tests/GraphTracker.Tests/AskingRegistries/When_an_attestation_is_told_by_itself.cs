using System.Text;
using Builds.GraphTracker.Layers;
using Builds.GraphTracker.Tests.Layers;
using Builds.Parts;

namespace Builds.GraphTracker.Tests.AskingRegistries;

/// <summary>Registries tell of every manifest, those without a tag among them.</summary>
public sealed class When_an_attestation_is_told_by_itself
{
    private const string Annotated = """ "annotations":{"vnd.docker.reference.type":"attestation-manifest"}, """;

    private Registry _registry = null!;
    private Looking _looking = null!;

    [SetUp]
    public async Task Started()
    {
        _registry = await Registry.StartAsync();
        _looking = Looking.At(_registry);
    }

    [TearDown]
    public async Task Gone()
    {
        await _looking.DisposeAsync();
        await _registry.DisposeAsync();
    }

    [TestCase("", "application/vnd.in-toto+json")]
    [TestCase("", "application/vnd.in-toto.provenance+dsse")]
    [TestCase(Annotated, "application/octet-stream")]
    public async Task Should_be_no_image(string annotations, string statementType)
    {
        var attestation = await PushAsync(annotations, statementType, Parts.BaseImage.DigestOf("base"u8.ToArray()));

        await ReadAsync(attestation);

        Assert.That(Read, Is.EqualTo(new[] { $"{attestation} other" }));
    }

    [Test]
    public async Task Should_still_be_evidence_of_the_image_that_it_is_about()
    {
        var os = await _registry.PushBaseAsync("team/os", "1");
        var image = await _registry.PushBaseAsync("team/api", "amd64");
        var attestation = await PushAsync(Annotated, "application/vnd.in-toto+json", os);
        await ReadAsync(attestation);
        var index = await PutAsync("latest", FakeRegistry.Index, $$"""
            {"schemaVersion":2,"mediaType":"{{FakeRegistry.Index}}","manifests":[
              {"mediaType":"{{Parts.BaseImage.ManifestType}}","size":1,"digest":"{{image}}"},
              {"mediaType":"{{FakeRegistry.Image}}","size":1,"digest":"{{attestation}}",
               "platform":{"os":"unknown","architecture":"unknown"},
               "annotations":{"vnd.docker.reference.type":"attestation-manifest","vnd.docker.reference.digest":"{{image}}" } } ] }
            """);

        await ReadAsync(index);

        Assert.That(Read, Is.SupersetOf(new[] { $"{attestation} other", $"{index} index" }));
        Assert.That(
            _looking.Graph.Query<string>("""
                select child.digest || ' on ' || base.digest
                  from edge join manifest child on child.id = edge.child join manifest base on base.id = edge.base
                 where edge.evidence = 2
                """),
            Is.EqualTo(new[] { $"{image} on {os}" }));
    }

    private IReadOnlyList<string> Read => _looking.Graph.Query<string>("""
        select digest || ' ' || kind || coalesce(' ' || platform, '') from manifest where state = 'read' order by id
        """);

    private async Task ReadAsync(string digest)
    {
        await _looking.Graph.Store.WriteAsync(db =>
        {
            var image = Names.ImageOf(db, Graph.Host, "team/api");
            var manifest = Manifests.Find(db, image, digest).Id;
            Questions.AskManifest(db, image, manifest, "push", 0, 0);
        }, CancellationToken.None);
        await _looking.AskAsync();
        await _looking.UntilAsync("it to be read", () => _looking.Graph.Query<long>(
            $"select 1 from manifest where digest = '{digest}' and state <> 'wanted'").Count > 0);
        await _looking.StopAsync();
    }

    /// <summary>As BuildKit writes it: the statements are the layers of what looks like an image.</summary>
    private async Task<string> PushAsync(string annotations, string statementType, string material)
    {
        var statement = Encoding.UTF8.GetBytes($$"""
            {"predicate":{"materials":[
              {"uri":"pkg:docker/{{Graph.Host}}/team/os@1","digest":{"sha256":"{{material[7..]}}" } } ] } }
            """);
        var layer = await _registry.PutBlobAsync("team/api", statement);
        var config = await _registry.PutBlobAsync("team/api", Encoding.UTF8.GetBytes($$"""
            {"architecture":"unknown","os":"unknown","config":{},"rootfs":{"type":"layers","diff_ids":["{{layer}}"] } }
            """));
        return await PutAsync(null, FakeRegistry.Image, $$"""
            {"schemaVersion":2,"mediaType":"{{FakeRegistry.Image}}",{{annotations}}
             "config":{"mediaType":"{{FakeRegistry.Config}}","size":1,"digest":"{{config}}" },
             "layers":[{"mediaType":"{{statementType}}","size":1,"digest":"{{layer}}",
                        "annotations":{"in-toto.io/predicate-type":"https://slsa.dev/provenance/v0.2" } } ] }
            """);
    }

    private Task<string> PutAsync(string? tag, string type, string manifest)
    {
        var bytes = Encoding.UTF8.GetBytes(manifest);
        return _registry.PutManifestAsync("team/api", tag ?? Parts.BaseImage.DigestOf(bytes), type, bytes);
    }
}
