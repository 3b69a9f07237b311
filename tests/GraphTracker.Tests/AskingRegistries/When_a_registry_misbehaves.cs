using Builds.GraphTracker.Registries;
using Builds.GraphTracker.Tests.Layers;
using Builds.Parts;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace Builds.GraphTracker.Tests.AskingRegistries;

public sealed class When_a_registry_misbehaves
{
    private static readonly string Digest = Graph.Digest("os");

    private FakeRegistry _registry = null!;

    [SetUp]
    public async Task SetUpAsync() => _registry = await FakeRegistry.StartAsync();

    [TearDown]
    public async Task TearDownAsync() => await _registry.DisposeAsync();

    [Test]
    public async Task Should_ask_again_at_once_what_failed_in_passing()
    {
        var clock = new ManualClock();
        using var client = new RegistryClient(Options.Create(_registry.Settings(retries: 2)), clock);
        _registry.PutTags("team/api", "1");
        _registry.Instead = context =>
        {
            var isAway = _registry.Asked.Count < 3;
            context.Response.StatusCode = isAway ? 503 : 200;
            return Task.FromResult(isAway);
        };

        var asking = client.DigestOfAsync(FakeRegistry.Api, "1", CancellationToken.None);
        await Wait.UntilAsync("the answer", () =>
        {
            clock.Pass(TimeSpan.FromSeconds(1));
            return asking.IsCompleted;
        });

        Assert.That(await asking, Is.Not.Null);
    }

    [Test]
    public void Should_not_wait_for_an_answer_that_does_not_come_to_its_end()
    {
        using var client = new RegistryClient(Options.Create(_registry.Settings(timeoutSeconds: 1)));
        _registry.Instead = async context =>
        {
            await context.Response.WriteAsync("{");
            await context.Response.Body.FlushAsync();
            await FakeRegistry.SilenceAsync(context);
            return true;
        };

        Assert.That(() => client.ReadAsync(FakeRegistry.Api, Digest, CancellationToken.None),
            Throws.TypeOf<RegistryUnavailableException>().With.Message.Contains("within 1 s"));
    }

    [Test]
    public void Should_read_no_manifest_that_is_larger_than_any()
    {
        _registry.Put("manifests", FakeRegistry.Image, new byte[(4 << 20) + 1], Digest);

        Assert.That(() => _registry.ReadAsync(Digest),
            Throws.TypeOf<ManifestBadException>().With.Message.Contains("larger"));
    }

    [Test]
    public void Should_not_go_in_circles_through_a_list()
    {
        _registry.Instead = async context =>
        {
            context.Response.Headers.Link = "</v2/team/api/tags/list?last=1>; rel=\"next\"";
            await context.Response.WriteAsync("""{"tags":["1"]}""");
            return true;
        };

        Assert.That(async () => await ListAsync(), Throws.Nothing);
        Assert.That(_registry.Asked, Has.Count.EqualTo(2));
    }

    [TestCase("no JSON at all")]
    [TestCase("[1")]
    public void Should_refuse_a_list_that_is_none(string body)
    {
        _registry.PutPage("/v2/team/api/tags/list?n=100", body);

        Assert.That(async () => await ListAsync(), Throws.TypeOf<RegistryUnavailableException>().With.Property("IsRefusal").True);
    }

    [TestCase("""{"tags":null}""", "")]
    [TestCase("""{"tags":["1",null,2,"../../x","a b","ok"]}""", "1 ok")]
    [TestCase("[]", "")]
    public async Task Should_take_only_names_from_a_list(string body, string names)
    {
        _registry.PutPage("/v2/team/api/tags/list?n=100", body);

        Assert.That(string.Join(' ', await ListAsync()), Is.EqualTo(names));
    }

    [Test]
    public async Task Should_stay_at_the_host_that_was_asked_whatever_the_next_page_is_said_to_be()
    {
        _registry.Instead = async context =>
        {
            if (!context.Request.Query.ContainsKey("last"))
                context.Response.Headers.Link = "<https://elsewhere.example.org/v2/team/api/tags/list?last=1>; rel=\"next\"";
            await context.Response.WriteAsync("""{"tags":["1"]}""");
            return true;
        };

        Assert.That(await ListAsync(), Has.Count.EqualTo(2));
    }

    [Test]
    public async Task Should_hash_what_a_tag_points_to_where_the_registry_names_no_digest()
    {
        _registry.PutTags("team/api", "1");
        _registry.Instead = context => Task.FromResult(context.Request.Method == "HEAD");

        Assert.That(await _registry.Client.DigestOfAsync(FakeRegistry.Api, "1", CancellationToken.None),
            Is.EqualTo(FakeRegistry.Digest("team/api:1"u8.ToArray())));
    }

    private async Task<List<string>> ListAsync()
    {
        var list = new List<string>();
        await foreach (var tag in _registry.Client.TagsAsync(FakeRegistry.Api, CancellationToken.None))
            list.Add(tag);
        return list;
    }
}
