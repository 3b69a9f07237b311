using System.Net;
using System.Text.Json.Nodes;
using Builds.Contracts;
using Builds.Parts;

namespace Builds.Gateway.Tests.Following;

public sealed class When_a_build_is_looked_at
{
    private TheGateway _gateway = null!;

    [OneTimeSetUp]
    public async Task SetUp() => _gateway = await TheGateway.GetAsync();

    [Test]
    public async Task Should_show_how_it_went()
    {
        var build = await LedBuild.BeginAsync(_gateway, "seen/went", "one");
        await _gateway.Amqp.PublishAsync("build-started", new JsonObject
        {
            ["buildId"] = build.Id.ToString(),
            ["attempt"] = 1,
            ["worker"] = "worker-1",
            ["machine"] = "machine-1",
            ["startedAt"] = "2026-01-02T03:04:05Z",
        });
        var running = await Wait.ForAsync("the machine", async () =>
            await build.SeeAsync() is { } seen && seen["machine"] is not null ? seen : null);
        await build.ConcludeAsync(BuildOutcome.Succeeded, 0);
        var seen = await build.SeeAsync();
        var image = (await _gateway.Admin.GetAsync("v1/images/seen/went")).Json;

        Assert.That(running["state"]!.GetValue<string>(), Is.EqualTo("running"));
        Assert.That(running["machine"]!.GetValue<string>(), Is.EqualTo("machine-1"));
        Assert.That(running["worker"]!.GetValue<string>(), Is.EqualTo("worker-1"));
        Assert.That(running["links"]!["cancel"]!.GetValue<string>(), Does.EndWith($"{build.Id}/cancel"));
        Assert.That(seen["state"]!.GetValue<string>(), Is.EqualTo("succeeded"));
        Assert.That(seen["digest"]!.GetValue<string>(), Is.EqualTo(FakeWorker.Digest));
        Assert.That(seen["commit"]!.GetValue<string>(), Is.EqualTo(new string('c', 40)));
        Assert.That(seen["phases"]![0]!["seconds"]!.GetValue<double>(), Is.EqualTo(1.5));
        Assert.That(seen["cause"]!["kind"]!.GetValue<string>(), Is.EqualTo("api"));
        Assert.That(seen["links"]!["retry"], Is.Not.Null);
        Assert.That(image["tags"]![0]!.ToJsonString(), Is.EqualTo(
            $$"""{"tag":"one","digest":"{{FakeWorker.Digest}}","build":"{{build.Id}}"}"""));
    }

    [Test]
    public async Task Should_tell_whoever_asks_over_the_bus()
    {
        var build = await LedBuild.BeginAsync(_gateway, "seen/found");
        var running = await _gateway.Worker.FindAsync(build.Id);
        await build.ConcludeAsync(BuildOutcome.Failed, 0);
        var ended = await _gateway.Worker.FindAsync(build.Id);
        var unknown = await _gateway.Worker.FindAsync(Guid.NewGuid());

        Assert.That((running.State, running.Completed), Is.EqualTo(("running", (BuildCompleted?)null)));
        Assert.That(ended.State, Is.EqualTo("failed"));
        Assert.That(ended.Completed!.Image.Repository, Is.EqualTo("seen/found"));
        Assert.That(ended.Completed.Outcome, Is.EqualTo(BuildOutcome.Failed));
        Assert.That(unknown.State, Is.Null);
    }

    [Test]
    public async Task Should_say_why_a_cascade_asked_for_it()
    {
        var id = Guid.NewGuid();
        var cascade = Guid.NewGuid();
        await _gateway.Amqp.PublishAsync("build-requested", JsonNode.Parse($$$"""
            {"buildId":"{{{id}}}","image":{"repository":"seen/cascade"},"tags":["latest"],
            "source":{"git":"https://1.1.1.1/team/api.git","ref":"main"},"requestedAt":"2026-01-02T03:04:05Z",
            "cause":{"kind":"cascade","cascadeId":"{{{cascade}}}","base":"registry.test:5000/library/os:1",
            "oldDigest":"sha256:a","newDigest":"sha256:b","evidence":"layers","depth":2}}
            """)!);

        var seen = await Wait.ForAsync("the build", async () =>
            await _gateway.Admin.GetAsync($"v1/builds/{id}") is { Status: HttpStatusCode.OK } found ? found.Json : null);

        var cause = seen["cause"]!;
        Assert.That((string?)cause["base"], Is.EqualTo("registry.test:5000/library/os:1"));
        Assert.That(((string?)cause["oldDigest"], (string?)cause["newDigest"]), Is.EqualTo(("sha256:a", "sha256:b")));
        Assert.That(((string?)cause["evidence"], (int)cause["depth"]!), Is.EqualTo(("layers", 2)));
        Assert.That((string?)seen["links"]!["cascade"], Does.EndWith($"/v1/cascades/{cascade}"));
    }

    [Test]
    public async Task Should_show_the_seconds_of_a_phase_that_runs()
    {
        var build = await LedBuild.BeginAsync(_gateway, "seen/phases");
        await _gateway.Worker.RenewAsync(new RenewClaim
        {
            BuildId = build.Id,
            Attempt = 1,
            Phases =
            [
                new BuildPhase { Name = "provisioning", StartedAt = DateTimeOffset.UnixEpoch, Seconds = 2 },
                new BuildPhase { Name = "building", StartedAt = DateTimeOffset.UnixEpoch, Seconds = 3 },
            ],
        });

        var phases = (await build.SeeAsync())["phases"]!.AsArray();

        Assert.That(phases[0]!["seconds"]!.GetValue<double>(), Is.EqualTo(2));
        Assert.That(phases[1]!["seconds"]!.GetValue<double>(), Is.GreaterThan(3));
    }

    [Test]
    public async Task Should_say_why_it_waits()
    {
        var first = await LedBuild.AskAsync(_gateway, "seen/why", "same");
        var second = await LedBuild.AskAsync(_gateway, "seen/why", "other");
        var queued = await second.SeeAsync();
        await first.ClaimAsync();
        var third = await LedBuild.AskAsync(_gateway, "seen/why", "same");
        var later = await third.ClaimAsync();
        var waiting = await third.SeeAsync();

        Assert.That(
            queued["waiting"]!.GetValue<string>(), Does.Contain("No worker is connected").And.Contain("ahead of it"));
        Assert.That(later.Verdict, Is.EqualTo(ClaimVerdict.Later));
        Assert.That(waiting["state"]!.GetValue<string>(), Is.EqualTo("waiting"));
        Assert.That(waiting["waiting"]!.GetValue<string>(), Does.Contain(first.Id.ToString()));
    }

    [Test]
    public async Task Should_say_whose_fault_it_was()
    {
        var build = await LedBuild.BeginAsync(_gateway, "seen/fault");
        await build.ConcludeAsync(BuildOutcome.Failed, 0, "No Dockerfile at deploy/Dockerfile.");

        var seen = await build.SeeAsync();

        Assert.That(seen["state"]!.GetValue<string>(), Is.EqualTo("failed"));
        Assert.That(seen["class"]!.GetValue<string>(), Is.EqualTo("author"));
        Assert.That(seen["reason"]!.GetValue<string>(), Is.EqualTo("No Dockerfile at deploy/Dockerfile."));
    }

    [Test]
    public async Task Should_list_the_newest_first_page_by_page()
    {
        var ids = new List<string>();
        for (var number = 0; number < 5; number++)
            ids.Insert(0, (await LedBuild.AskAsync(_gateway, "seen/listed")).Id.ToString());

        var listed = new List<string>();
        for (var next = "v1/builds?image=seen/listed&limit=2"; next is not null;)
        {
            var page = await _gateway.Admin.GetAsync(next);
            Assert.That(page.Status, Is.EqualTo(HttpStatusCode.OK), page.Text);
            listed.AddRange(page.Json["builds"]!.AsArray().Select(one => one!["id"]!.GetValue<string>()));
            next = page.Json["next"]?.GetValue<string>();
        }

        Assert.That(listed, Is.EqualTo(ids));
    }

    [Test]
    public async Task Should_list_by_state_and_only_what_the_token_may_read()
    {
        var build = await LedBuild.BeginAsync(_gateway, "seen-alone/state");
        await LedBuild.AskAsync(_gateway, "seen-alone/state");
        var reader = await _gateway.WithScopesAsync("seen-alone", "read");

        var running = await reader.GetAsync("v1/builds?state=running");
        var all = await reader.GetAsync("v1/builds");
        var bad = await reader.GetAsync("v1/builds?state=done");
        var badLimit = await reader.GetAsync("v1/builds?limit=many");

        Assert.That(
            running.Json["builds"]!.AsArray().Select(one => one!["id"]!.GetValue<Guid>()),
            Is.EqualTo(new[] { build.Id }));
        Assert.That(all.Json["builds"]!.AsArray(), Has.Count.EqualTo(2));
        Assert.That(bad.Field, Is.EqualTo("state"));
        Assert.That(badLimit.Status, Is.EqualTo(HttpStatusCode.BadRequest));
        Assert.That(badLimit.Detail, Does.Contain("limit").IgnoreCase);
    }

    [Test]
    public async Task Should_be_cancelled_in_every_state_in_which_it_can()
    {
        var queued = await LedBuild.AskAsync(_gateway, "seen/cancelled");
        var running = await LedBuild.BeginAsync(_gateway, "seen/cancelled");

        var ended = await _gateway.Admin.PostAsync(queued.Path + "/cancel");
        var asked = await _gateway.Admin.PostAsync(running.Path + "/cancel");
        var message = await _gateway.Amqp.WaitForAsync(
            "build-cancel-requested", one => one["buildId"]!.GetValue<Guid>() == running.Id);
        var tooLate = await _gateway.Admin.PostAsync(queued.Path + "/cancel");
        var notFound = await _gateway.Admin.PostAsync($"v1/builds/{Guid.NewGuid()}/cancel");

        Assert.That(ended.Json["state"]!.GetValue<string>(), Is.EqualTo("cancelled"), ended.Text);
        Assert.That(asked.Status, Is.EqualTo(HttpStatusCode.Accepted));
        Assert.That(asked.Json["cancelledBy"]!.GetValue<string>(), Is.EqualTo("first"));
        Assert.That(message["by"]!.GetValue<string>(), Is.EqualTo("first"));
        Assert.That(tooLate.Status, Is.EqualTo(HttpStatusCode.Conflict));
        Assert.That(tooLate.Detail, Does.Contain("ended already"));
        Assert.That(notFound.Status, Is.EqualTo(HttpStatusCode.NotFound));
    }

    [Test]
    public async Task Should_be_retried_once_it_has_ended()
    {
        var build = await LedBuild.BeginAsync(_gateway, "seen/retried");
        var early = await _gateway.Admin.PostAsync(build.Path + "/retry");
        await build.ConcludeAsync(BuildOutcome.Failed, 0, "No.");
        var retried = await _gateway.Admin.PostAsync(build.Path + "/retry");
        var seen = await _gateway.Admin.GetAsync(retried.Json["status"]!.GetValue<string>());

        Assert.That(early.Status, Is.EqualTo(HttpStatusCode.Conflict));
        Assert.That(retried.Status, Is.EqualTo(HttpStatusCode.Accepted), retried.Text);
        Assert.That(retried.Json["id"]!.GetValue<Guid>(), Is.Not.EqualTo(build.Id));
        Assert.That(seen.Json["cause"]!["kind"]!.GetValue<string>(), Is.EqualTo("retry"));
    }
}
