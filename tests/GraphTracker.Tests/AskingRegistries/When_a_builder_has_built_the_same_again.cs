using System.Formats.Tar;
using System.Text;
using System.Text.Json;
using Builds.Contracts;
using Builds.GraphTracker.Registries;
using Builds.GraphTracker.Tests.Layers;
using Builds.Parts;
using Microsoft.Extensions.Options;

namespace Builds.GraphTracker.Tests.AskingRegistries;

/// <summary>Each builder writes in its own way into the configuration what it was asked for.</summary>
public sealed class When_a_builder_has_built_the_same_again
{
    private const string Dockerfile = """
        FROM scratch
        COPY file /file
        LABEL org.opencontainers.image.vendor=us org.opencontainers.image.revision=of-the-Dockerfile
        CMD ["/file"]

        """;

    private DockerDaemon _daemon = null!;
    private Registry _registry = null!;

    [OneTimeSetUp]
    public async Task Parts()
    {
        _registry = await Registry.StartAsync();
        _daemon = await DockerDaemon.StartAsync();
    }

    [OneTimeTearDown]
    public async Task No_parts()
    {
        await _daemon.DisposeAsync();
        await _registry.DisposeAsync();
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task Should_see_that_nothing_has_changed_but_when_of_what_and_on_what_it_was_built(bool buildKit)
    {
        var first = await BuiltAsync("first", buildKit, Labels("a", "2026-01-01T00:00:00Z"));
        var second = await BuiltAsync("second", buildKit, Labels("b", "2026-01-02T00:00:00Z"));

        var steps = string.Join('\n', first.History);
        Assert.That(steps.Contains(" LABEL org.opencontainers.image.created=2026-01-01", StringComparison.Ordinal),
            Is.Not.EqualTo(buildKit), $"only the classic builder makes a step of a label that it is given: {steps}");
        Assert.That(second.Digest, Is.Not.EqualTo(first.Digest));
        Assert.That(second.Content.ToArray(), Is.EqualTo(first.Content.ToArray()));
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task Should_see_all_else(bool buildKit)
    {
        var labels = Labels("a", "2026-01-01T00:00:00Z");
        var first = await BuiltAsync("as-it-was", buildKit, labels);
        var others = new Dictionary<string, SeenImage>
        {
            ["another command"] = await BuiltAsync("command", buildKit, labels, With("/file\"]", "/file\", \"-v\"]")),
            ["another step"] = await BuiltAsync("step", buildKit, labels, Dockerfile + "ENV X=1\n"),
            ["a label of the Dockerfile"] = await BuiltAsync("label", buildKit, labels, With("=us", "=them")),
            ["a label that was given"] = await BuiltAsync(
                "given", buildKit, new Dictionary<string, string>(labels) { ["org.example.team"] = "api" }),
        };

        foreach (var (what, other) in others)
            Assert.That(other.Content.ToArray(), Is.Not.EqualTo(first.Content.ToArray()), what);
    }

    private static Dictionary<string, string> Labels(string revision, string created) => new()
    {
        ["org.opencontainers.image.revision"] = revision,
        ["org.opencontainers.image.source"] = "https://git.example.org/team/api.git",
        ["org.opencontainers.image.created"] = created,
        ["org.opencontainers.image.base.name"] = "registry.example.org/team/os:1",
        ["org.opencontainers.image.base.digest"] = Graph.Digest(revision),
        ["builds.build"] = created,
    };

    private static string With(string old, string other) => Dockerfile.Replace(old, other, StringComparison.Ordinal);

    private async Task<SeenImage> BuiltAsync(
        string tag, bool buildKit, Dictionary<string, string> labels, string dockerfile = Dockerfile)
    {
        var name = $"{_registry.Host}/team/{(buildKit ? "buildkit" : "classic")}:{tag}";
        var query = $"build?version={(buildKit ? 2 : 1)}&t={name}"
            + $"&labels={Uri.EscapeDataString(JsonSerializer.Serialize(labels))}";
        using var content = new ByteArrayContent(await ContextAsync(dockerfile));
        content.Headers.ContentType = new("application/x-tar");
        using var answer = await _daemon.Http.PostAsync(new Uri(query, UriKind.Relative), content);
        var said = await answer.Content.ReadAsStringAsync();
        Assert.That(said, Does.Contain("moby.image.id").Or.Contain("Successfully built"));

        await _daemon.DockerAsync("push", name);
        return await ReadAsync(buildKit ? "team/buildkit" : "team/classic", tag);
    }

    private async Task<SeenImage> ReadAsync(string repository, string tag)
    {
        using var client = new RegistryClient(Options.Create(new GraphTracker.Registries.RegistryOptions
        {
            Default = _registry.Host,
            Known = [new KnownRegistryOptions { Host = _registry.Host, Url = _registry.Url, PauseMilliseconds = 0 }],
        }));
        var digest = await _registry.DigestOfAsync(repository, tag);
        return (SeenImage)await client.ReadAsync(
            new ImageReference { Registry = _registry.Host, Repository = repository }, digest!, CancellationToken.None);
    }

    private static async Task<byte[]> ContextAsync(string dockerfile)
    {
        using var context = new MemoryStream();
        await using (var tar = new TarWriter(context, TarEntryFormat.Ustar, leaveOpen: true))
        {
            foreach (var (name, text) in new[] { ("file", "the same"), ("Dockerfile", dockerfile) })
            {
                await tar.WriteEntryAsync(new UstarTarEntry(TarEntryType.RegularFile, name)
                {
                    ModificationTime = DateTimeOffset.UnixEpoch,
                    DataStream = new MemoryStream(Encoding.UTF8.GetBytes(text)),
                });
            }
        }

        return context.ToArray();
    }
}
