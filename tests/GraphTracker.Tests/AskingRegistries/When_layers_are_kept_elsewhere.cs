using Builds.GraphTracker.Registries;

namespace Builds.GraphTracker.Tests.AskingRegistries;

/// <summary>Layers that may not be handed on are named with the address of who may (image-spec, layer.md).</summary>
public sealed class When_layers_are_kept_elsewhere
{
    private static readonly string Foreign = "sha256:" + new string('a', 64);
    private static readonly string Own = "sha256:" + new string('b', 64);

    [TestCase("application/vnd.docker.distribution.manifest.v2+json", "application/vnd.docker.container.image.v1+json",
        "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip")]
    [TestCase(FakeRegistry.Image, FakeRegistry.Config,
        "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip")]
    public async Task Should_be_read_by_its_configuration_and_ask_for_no_layer(string image, string config, string layer)
    {
        await using var registry = await FakeRegistry.StartAsync();
        var configuration = registry.Put("blobs", config, $$"""
            {"os":"windows","architecture":"amd64","rootfs":{"type":"layers","diff_ids":["{{Foreign}}","{{Own}}"] } }
            """);
        var digest = registry.Put("manifests", image, $$"""
            {"schemaVersion":2,"mediaType":"{{image}}","config":{"mediaType":"{{config}}","digest":"{{configuration}}"},
             "layers":[
               {"mediaType":"{{layer}}","size":1,"digest":"{{Foreign}}","urls":["{{registry.Url}}elsewhere"]},
               {"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","size":1,"digest":"{{Own}}"}]}
            """);

        var seen = (SeenImage)await registry.ReadAsync(digest);

        Assert.That((seen.Platform, seen.MediaType), Is.EqualTo(("windows/amd64", image)));
        Assert.That(seen.DiffIds, Is.EqualTo(new[] { Foreign, Own }));
        Assert.That(registry.Asked, Is.EqualTo(new[]
        {
            $"GET /v2/team/api/manifests/{digest}", $"GET /v2/team/api/blobs/{configuration}",
        }));
    }
}
