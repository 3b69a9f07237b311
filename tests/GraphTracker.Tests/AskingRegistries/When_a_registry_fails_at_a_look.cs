using Builds.GraphTracker.Registries;
using Builds.GraphTracker.Tests.Layers;
using Builds.Parts;
using Microsoft.AspNetCore.Http;

namespace Builds.GraphTracker.Tests.AskingRegistries;

/// <summary>Registries that are busy, away, or answer for some of it only.</summary>
public sealed class When_a_registry_fails_at_a_look
{
    [Test]
    public async Task Should_leave_the_registry_alone_between_two_requests()
    {
        await using var registry = await FakeRegistry.StartAsync();
        var pause = TimeSpan.FromSeconds(1);
        await using var looking = Looking.At(registry, new KnownRegistryOptions
        {
            Host = Graph.Host, Url = registry.Url, PauseMilliseconds = (int)pause.TotalMilliseconds,
        });
        registry.PutCatalog("a", "b");
        await looking.ReconcileAsync();

        for (var asked = 1; asked <= 5; asked++) // the catalog, and of each repository its tags and its one tag
        {
            await looking.UntilAsync("a pause", () => registry.Asked.Count == asked && looking.Clock.IsAwaited(pause));
            looking.Clock.Pass(pause);
        }

        await looking.UntilAsync("the look to be done", () => looking.Report.ReconciledAt is not null);
        Assert.That((looking.Report.Tags, registry.Asked.Count), Is.EqualTo((2, 5)));
    }

    [TestCase(null, 30)]
    [TestCase("5", 30)]
    [TestCase("300", 300)]
    [TestCase("Tue, 01 Jan 2030 00:05:00 GMT", 300)]
    public async Task Should_come_back_no_sooner_than_a_busy_registry_asks_for(string? asked, int seconds)
    {
        await using var registry = await FakeRegistry.StartAsync();
        await using var looking = Looking.At(registry);
        registry.PutCatalog("a");
        registry.Instead = context =>
        {
            context.Response.StatusCode = 429;
            context.Response.Headers.RetryAfter = asked;
            context.Response.Headers.Date = "Tue, 01 Jan 2030 00:00:00 GMT";
            return Task.FromResult(true);
        };
        await looking.ReconcileAsync();
        var pause = TimeSpan.FromSeconds(seconds);
        await looking.UntilAsync("it to be left alone", () => looking.Clock.IsAwaited(pause));
        registry.Instead = null;

        looking.Clock.Pass(pause - TimeSpan.FromMilliseconds(1));
        Assert.That(looking.Clock.IsAwaited(TimeSpan.FromMilliseconds(1)), "it still waits");
        Assert.That((registry.Asked.Count, looking.Report.ReconciledAt), Is.EqualTo((1, (DateTimeOffset?)null)));
        looking.Clock.Pass(TimeSpan.FromMilliseconds(1));

        await looking.UntilAsync("the look to be done", () => looking.Report.ReconciledAt is not null);
        Assert.That((looking.Report.Tags, looking.Report.Problem), Is.EqualTo((1, (string?)null)));
    }

    [Test]
    public async Task Should_go_on_after_an_hour_in_which_the_registry_was_down()
    {
        await using var registry = await FakeRegistry.StartAsync();
        await using var looking = Looking.At(registry);
        registry.PutCatalog("a", "b");
        registry.Status = 503;
        await looking.ReconcileAsync();
        await looking.UntilAsync("the doctor to know", () => looking.Report.Problem is not null);
        Assert.That(looking.Report, Has.Property("Problem").Contains("503").And.Property("ReconciledAt").Null);

        for (var minute = 0; minute < 60; minute++)
            looking.Clock.Pass(TimeSpan.FromMinutes(1));
        Assert.That(registry.Asked, Has.Count.LessThan(20), "it is left alone more and more");
        registry.Status = null;

        await looking.UntilAsync("the look to be done", () => looking.Report.ReconciledAt is not null, TimeSpan.FromMinutes(1));
        Assert.That((looking.Report.Tags, looking.Report.Found, looking.Report.Problem), Is.EqualTo((2, 2, (string?)null)));
    }

    [TestCase(401)]
    [TestCase(403)]
    [TestCase(404)]
    [TestCase(405)]
    [TestCase(500)]
    public async Task Should_say_that_the_catalog_is_refused_and_ask_about_what_is_known(int status)
    {
        await using var registry = await FakeRegistry.StartAsync();
        await using var looking = Looking.At(registry);
        registry.PutCatalog("known", "hidden");
        registry.PutPage("/v2/", "{}");
        await looking.Graph.PushAsync("known", "1", Graph.Image("os"));
        Refuse(registry, "/v2/_catalog", status);

        await looking.ReconcileAsync();
        await looking.ReconciledAsync();

        Assert.That(looking.Report.Problem, Does.Contain("catalog"));
        Assert.That(looking.Graph.Questions, Is.EqualTo(new[] { "known:1" }));
    }

    [TestCase("/v2/b/tags/list", 403, new[] { "a:1", "c:1" })]
    [TestCase("/v2/b/tags/list", 500, new[] { "a:1", "c:1" })]
    [TestCase("/v2/b/manifests/1", 403, new[] { "a:1", "c:1" })]
    [TestCase("/v2/b/manifests/1", 500, new[] { "a:1", "c:1" })]
    public async Task Should_leave_out_what_the_registry_does_not_answer_for(string path, int status, string[] found)
    {
        await using var registry = await FakeRegistry.StartAsync();
        await using var looking = Looking.At(registry);
        registry.PutCatalog("a", "b", "c");
        registry.PutPage("/v2/", "{}");
        Refuse(registry, path, status);

        await looking.ReconcileAsync();
        await looking.ReconciledAsync();

        Assert.That(looking.Report.Problem, Does.Contain($"{status}").And.Contain(path));
        Assert.That(looking.Graph.Questions, Is.EqualTo(found));
    }

    [Test]
    public async Task Should_go_on_after_a_repository_of_which_no_tag_is_answered_for()
    {
        await using var registry = await OfManyTagsAsync(6, "a", "b");
        await using var looking = Looking.At(registry);
        registry.Instead = context => FailAsync(context, "/v2/a/manifests/");

        await looking.ReconcileAsync();
        await looking.ReconciledAsync();

        Assert.That(looking.Report.Problem, Does.Contain("500").And.Contain("/v2/a/"));
        Assert.That(looking.Graph.Questions, Is.EqualTo(Enumerable.Range(1, 6).Select(tag => $"b:{tag}")));
        Assert.That(Manifests(registry, "a"), Is.EqualTo(5));
    }

    [TestCase(1, 3)]
    [TestCase(6, 15)]
    public async Task Should_leave_a_registry_alone_that_answers_for_no_tag_of_any_repository(int tags, int asked)
    {
        await using var registry = await OfManyTagsAsync(tags, "a", "b", "c", "d");
        await using var looking = Looking.At(registry);
        registry.Instead = context => FailAsync(context, "/manifests/");
        await looking.ReconcileAsync();

        await looking.UntilAsync("it to be left alone", () => looking.Clock.IsAwaited(TimeSpan.FromSeconds(30)));
        Assert.That((Manifests(registry, ""), Manifests(registry, "d")), Is.EqualTo((asked, 0)));
        Assert.That(looking.Report.Problem, Does.Contain("fails at whatever"));

        registry.Instead = null;
        looking.Clock.Pass(TimeSpan.FromSeconds(30));
        await looking.ReconciledAsync();
        Assert.That(looking.Graph.Questions, Is.EqualTo(Enumerable.Range(1, tags).Select(tag => $"d:{tag}")));
    }

    [Test]
    public async Task Should_stop_at_wrong_credentials_and_say_so()
    {
        await using var registry = await Registry.StartAsync(new Parts.RegistryOptions { User = "reader", Password = "right" });
        await using var looking = Looking.At(registry, "reader", "wrong");
        await looking.Graph.PushAsync("known", "1", Graph.Image("os"));

        await looking.ReconcileAsync();

        await looking.UntilAsync("the doctor to know", () => looking.Report.Problem is not null);
        Assert.That(looking.Report.Problem, Does.Contain("401").And.Contain("User and Password"));
        Assert.That(looking.Graph.Questions, Is.Empty);
    }

    private static async Task<FakeRegistry> OfManyTagsAsync(int tags, params string[] repositories)
    {
        var registry = await FakeRegistry.StartAsync();
        registry.PutPage("/v2/", "{}");
        registry.PutCatalog(repositories);
        foreach (var repository in repositories)
            registry.PutTags(repository, [.. Enumerable.Range(1, tags).Select(tag => $"{tag}")]);
        return registry;
    }

    private static Task<bool> FailAsync(HttpContext context, string path)
    {
        if (!context.Request.Path.Value!.Contains(path, StringComparison.Ordinal))
            return Task.FromResult(false);
        context.Response.StatusCode = 500;
        return Task.FromResult(true);
    }

    private static int Manifests(FakeRegistry registry, string repository) =>
        registry.Asked.Count(asked => asked.Contains($"{repository}/manifests/", StringComparison.Ordinal));

    private static void Refuse(FakeRegistry registry, string path, int status) => registry.Instead = context =>
    {
        if (context.Request.Path != path)
            return Task.FromResult(false);
        context.Response.StatusCode = status;
        return Task.FromResult(true);
    };
}
