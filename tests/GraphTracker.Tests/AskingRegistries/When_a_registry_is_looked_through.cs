using Builds.GraphTracker.Tests.Layers;
using Builds.Parts;
using Dapper;
using Microsoft.AspNetCore.Http;

namespace Builds.GraphTracker.Tests.AskingRegistries;

public sealed class When_a_registry_is_looked_through
{
    [TestCase(null, false, false)]
    [TestCase("reader", false, true)]
    [TestCase("reader", true, false)]
    [TestCase("reader", true, true)]
    public async Task Should_know_all_that_is_there_then_what_moved_and_what_was_deleted(string? user, bool token, bool tls)
    {
        var password = user is null ? null : "right";
        await using var registry = await Registry.StartAsync(
            new Parts.RegistryOptions { User = user, Password = password, TokenAuth = token, Tls = tls });
        await using var looking = Looking.At(registry, user, password);
        var first = await registry.PushNewBaseAsync("team/os", "1");
        await registry.PushNewBaseAsync("team/api", "latest");
        await looking.ReconcileAsync();
        await looking.AskAsync();
        await looking.UntilAsync("both tags to be known", () => Tags(looking).Count == 2);
        await looking.ReconciledAsync(); // its questions may be answered before it ends
        Assert.That((looking.Report.Tags, looking.Report.Found), Is.EqualTo((2, 2)));

        var second = await registry.PushNewBaseAsync("team/os", "1"); // nobody tells
        await registry.DeleteAsync("team/api", (await registry.DigestOfAsync("team/api", "latest"))!);
        await looking.PassIntervalAsync();

        await looking.UntilAsync("one tag to be left", () => Tags(looking) is [var left] && left == $"team/os:1 {second}");
        await looking.ReconciledAsync(times: 2);
        Assert.That((looking.Report.Found, looking.Report.Problem), Is.EqualTo((2, (string?)null)));
        Assert.That(looking.Graph.Query<string>("""
            select digest from tag_move join manifest on manifest.id = old_manifest join tag on tag.id = tag_move.tag
             where tag.name = '1' and source = 'reconcile'
            """), Is.EqualTo(new[] { first }));

        await looking.PassIntervalAsync();
        await looking.ReconciledAsync(times: 3);
        Assert.That((looking.Report.Tags, looking.Report.Found), Is.EqualTo((1, 0)), "nothing has moved");
    }

    [Test]
    public async Task Should_go_on_where_it_was_after_a_restart_and_then_look_once_more()
    {
        await using var registry = await FakeRegistry.StartAsync();
        await using var looking = Looking.At(registry);
        registry.PutCatalog("a", "b", "c");
        registry.Instead = async context =>
        {
            if (context.Request.Path != "/v2/b/tags/list")
                return false;
            await FakeRegistry.SilenceAsync(context);
            return true;
        };
        await looking.ReconcileAsync();
        await looking.UntilAsync("b to be asked", () => Lists(registry).Count == 2);
        await looking.StopAsync();

        registry.Instead = null;
        await looking.ReconcileAsync();

        await looking.UntilAsync("the second look", () => Lists(registry).Count == 7);
        Assert.That(Lists(registry), Is.EqualTo(new[] { "a", "b", "b", "c", "a", "b", "c" }));
    }

    [Test]
    public async Task Should_begin_anew_when_it_was_interrupted_before_the_end_of_the_catalog()
    {
        var repositories = Enumerable.Range(100, 150).Select(number => $"r{number}").ToArray();
        await using var registry = await FakeRegistry.StartAsync();
        await using var looking = Looking.At(registry);
        registry.PutCatalog([.. repositories, "last"]);
        registry.Instead = async context =>
        {
            if (context.Request.Path != "/v2/_catalog")
                return false;
            if (context.Request.Query.ContainsKey("last"))
            {
                await FakeRegistry.SilenceAsync(context);
                return true;
            }

            context.Response.Headers.Link = "</v2/_catalog?n=100&last=r249>; rel=\"next\"";
            await context.Response.WriteAsync(
                $$"""{"repositories":[{{string.Join(',', repositories.Select(name => $"\"{name}\""))}}]}""");
            return true;
        };
        await looking.ReconcileAsync();
        await looking.UntilAsync("the second page to be asked for", () => registry.Asked.Any(
            asked => asked.Contains("last=", StringComparison.Ordinal)));
        Assert.That(looking.Graph.Query<int>("select count(*) from reconcile_left"), Is.EqualTo(new[] { 100 }));
        await looking.StopAsync();

        registry.Instead = null;
        await looking.ReconcileAsync();
        await looking.ReconciledAsync();

        Assert.That((looking.Report.Tags, looking.Report.Found), Is.EqualTo((151, 151)));
    }

    [Test]
    public async Task Should_ask_about_all_that_is_known_however_much_it_is()
    {
        const int known = 201;
        await using var registry = await FakeRegistry.StartAsync();
        await using var looking = Looking.At(registry);
        registry.PutCatalog();
        foreach (var number in Enumerable.Range(0, known))
            await looking.Graph.PushAsync($"known/{number}", "1", Graph.Image("os"));

        await looking.ReconcileAsync();
        await looking.ReconciledAsync();

        Assert.That((looking.Report.Tags, looking.Report.Found), Is.EqualTo((known, known)), "they are gone");
    }

    [Test]
    public async Task Should_take_in_thousands_of_tags_a_request_at_a_time()
    {
        const int tags = 2000;
        await using var registry = await FakeRegistry.StartAsync();
        await using var looking = Looking.At(registry);
        registry.PutCatalog("many");
        registry.PutTags("many", [.. Enumerable.Range(0, tags).Select(number => $"{number}")]);
        registry.Instead = context => PagedAsync(context, tags);

        await looking.ReconcileAsync();
        await looking.ReconciledAsync();

        Assert.That((looking.Report.Tags, looking.Report.Found, looking.Report.Waiting), Is.EqualTo((tags, tags, tags)));
        Assert.That(registry.Most, Is.EqualTo(1));
        Assert.That(registry.Asked, Has.Count.EqualTo(1 + tags / 100 + tags));
    }

    [Test]
    public async Task Should_look_up_again_each_time_what_could_not_be_read()
    {
        await using var registry = await OfOneTagAsync(Graph.Image("os").Digest);
        await using var looking = Looking.At(registry);
        await looking.Graph.PushAsync("team/api", "1", Graph.Image("os"));
        await looking.ReconcileAsync();
        await looking.ReconciledAsync();
        Assert.That(looking.Graph.Questions, Is.Empty);

        await looking.Graph.Store.WriteAsync(
            db => { db.Execute("update manifest set state = 'gone'"); }, CancellationToken.None);
        await looking.PassIntervalAsync();
        await looking.ReconciledAsync(times: 2);

        Assert.That(looking.Graph.Questions, Is.EqualTo(new[] { "team/api:1" }));
        Assert.That(looking.Report.Found, Is.Zero, "it has not moved");
    }

    [Test]
    public async Task Should_not_count_what_is_told_while_it_looks()
    {
        await using var registry = await OfOneTagAsync(Graph.Image("os").Digest);
        await using var looking = Looking.At(registry);
        registry.Instead = async context =>
        {
            if (context.Request.Path == "/v2/team/api/manifests/1")
                await looking.Graph.PushAsync("team/api", "1", Graph.Image("os"));
            return false;
        };

        await looking.ReconcileAsync();
        await looking.ReconciledAsync();

        Assert.That((looking.Report.Tags, looking.Report.Found), Is.EqualTo((1, 0)));
        Assert.That(looking.Graph.Questions, Is.Empty);
    }

    private static async Task<FakeRegistry> OfOneTagAsync(string digest)
    {
        var registry = await FakeRegistry.StartAsync();
        registry.PutCatalog("team/api");
        registry.PutTag("1", digest);
        return registry;
    }

    private static IReadOnlyList<string> Tags(Looking looking) => looking.Graph.Query<string>("""
        select image.repository || ':' || tag.name || ' ' || digest
          from tag join image on image.id = tag.image join manifest on manifest.id = tag.manifest order by 1
        """);

    private static List<string> Lists(FakeRegistry registry) =>
        [.. registry.Asked.Where(asked => asked.Contains("/tags/list", StringComparison.Ordinal)).Select(asked => asked.Split('/')[2])];

    // In pages of a hundred, by the address that the one before names.
    private static async Task<bool> PagedAsync(HttpContext context, int tags)
    {
        if (context.Request.Path != "/v2/many/tags/list")
            return false;
        var from = context.Request.Query.TryGetValue("last", out var last) ? int.Parse(last!) + 1 : 0;
        var names = Enumerable.Range(from, 100).ToList();
        if (names[^1] + 1 < tags)
            context.Response.Headers.Link = $"</v2/many/tags/list?last={names[^1]}&n=100>; rel=\"next\"";
        await context.Response.WriteAsync($$"""{"tags":[{{string.Join(',', names.Select(name => $"\"{name}\""))}}]}""");
        return true;
    }
}
