using System.Net;
using Builds.Contracts;

namespace Builds.Gateway.Tests.Graphing;

public sealed class When_cascades_are_asked_for
{
    private static readonly Guid Known = Guid.Parse("0198c0de-0000-7000-8000-0000000000ca");
    private static readonly Guid Done = Guid.Parse("0198c0de-0000-7000-8000-0000000000cb");

    private TheGateway _gateway = null!;

    [OneTimeSetUp]
    public async Task SetUp()
    {
        _gateway = await TheGateway.GetAsync();
        var graph = _gateway.Graph;
        graph.Answers<PreviewCascade, CascadePreview>(question => new()
        {
            Root = $"{question.Image.Registry}/{question.Image.Repository}:{question.Tag}",
            Known = true,
            Rebuilt = [Node("registry.test:5000/team/api", "waiting")],
            Flagged = [Node("registry.test:5000/team/pinned", "flagged")],
            Minutes = 4.5,
        });
        graph.Answers<ListCascades, Cascades>(question => new()
        {
            Items = question.After is null ? [Summary(Known, "library/os:1")] : [Summary(Done, "base/os:1")],
            Next = question.After is null ? Known : null,
        });
        graph.Answers<ReadCascade, CascadeDetails>(question => question.CascadeId == Known || question.CascadeId == Done
            ? new() { Cascade = Summary(question.CascadeId, "library/os:1"), Nodes = [Node("registry.test:5000/team/api", "queued")] }
            : new() { Nodes = [] });
        graph.Answers<ChangeCascade, CascadeChangeTaken>(question => question.CascadeId == Known
            ? new() { Cascade = Summary(Known, "library/os:1") with { State = "cancelled" } }
            : new() { Problem = "It is done already." });
    }

    [Test]
    public async Task Should_say_what_a_push_would_do()
    {
        var answer = await _gateway.Admin.GetAsync("v1/cascades/preview?image=library/os&tag=1");

        Assert.That(answer.Status, Is.EqualTo(HttpStatusCode.OK), answer.Text);
        Assert.That((string?)answer.Json["root"], Is.EqualTo("registry.test:5000/library/os:1"));
        Assert.That((string?)answer.Json["rebuilt"]![0]!["image"], Is.EqualTo("registry.test:5000/team/api"));
        Assert.That((double)answer.Json["minutes"]!, Is.EqualTo(4.5));
    }

    [Test]
    public async Task Should_list_them_page_by_page()
    {
        var first = await _gateway.Admin.GetAsync("v1/cascades?state=running");
        var second = await _gateway.Admin.GetAsync((string)first.Json["next"]!);

        Assert.That(first.Status, Is.EqualTo(HttpStatusCode.OK), first.Text);
        Assert.That((Guid)first.Json["cascades"]![0]!["cascadeId"]!, Is.EqualTo(Known));
        Assert.That((Guid)second.Json["cascades"]![0]!["cascadeId"]!, Is.EqualTo(Done));
        Assert.That(second.Json["next"], Is.Null);
        Assert.That(_gateway.Graph.Asked<ListCascades>()[^1], Is.EqualTo(new ListCascades { State = "running", After = Known }));
    }

    [TestCase("v1/cascades?state=sleeping", "state")]
    [TestCase("v1/cascades?cursor=nonsense", "cursor")]
    public async Task Should_refuse_what_is_none(string path, string field) =>
        Assert.That((await _gateway.Admin.GetAsync(path)).Field, Is.EqualTo(field));

    [Test]
    public async Task Should_show_one_to_its_root_and_to_those_who_are_in_it()
    {
        var root = await _gateway.WithScopesAsync("library", "read");
        var member = await _gateway.WithScopesAsync("team", "read");
        var other = await _gateway.WithScopesAsync("other", "read");

        var seen = await root.GetAsync($"v1/cascades/{Known}");
        Assert.That(seen.Status, Is.EqualTo(HttpStatusCode.OK), seen.Text);
        Assert.That((string?)seen.Json["nodes"]![0]!["state"], Is.EqualTo("queued"));
        Assert.That((await member.GetAsync($"v1/cascades/{Known}")).Status, Is.EqualTo(HttpStatusCode.OK));
        Assert.That((await other.GetAsync($"v1/cascades/{Known}")).Status, Is.EqualTo(HttpStatusCode.Forbidden));
        Assert.That((await root.GetAsync($"v1/cascades/{Guid.NewGuid()}")).Status, Is.EqualTo(HttpStatusCode.NotFound));
        Assert.That((await root.GetAsync("v1/cascades")).Json["cascades"]!.AsArray(), Has.Count.EqualTo(1));
        Assert.That((await other.GetAsync("v1/cascades")).Json["cascades"]!.AsArray(), Is.Empty);
    }

    [Test]
    public async Task Should_let_those_change_one_who_may_trigger_where_it_began()
    {
        var root = await _gateway.WithScopesAsync("library", "trigger");
        var member = await _gateway.WithScopesAsync("team", "trigger", "read");

        var cancelled = await root.PostAsync($"v1/cascades/{Known}/cancel");
        var asked = _gateway.Graph.Asked<ChangeCascade>()[^1];
        var resumed = await _gateway.Admin.PostAsync($"v1/cascades/{Known}/resume");
        var done = await root.PostAsync($"v1/cascades/{Done}/resume");

        Assert.That(cancelled.Status, Is.EqualTo(HttpStatusCode.Accepted), cancelled.Text);
        Assert.That((string?)cancelled.Json["state"], Is.EqualTo("cancelled"));
        Assert.That(asked, Is.EqualTo(new ChangeCascade { CascadeId = Known, Change = CascadeChange.Cancel, By = "test" }));
        Assert.That(resumed.Status, Is.EqualTo(HttpStatusCode.Accepted));
        Assert.That(done.Status, Is.EqualTo(HttpStatusCode.Conflict));
        Assert.That(done.Detail, Is.EqualTo("It is done already."));
        Assert.That((await member.PostAsync($"v1/cascades/{Known}/cancel")).Status, Is.EqualTo(HttpStatusCode.Forbidden));
        Assert.That((await root.PostAsync($"v1/cascades/{Guid.NewGuid()}/cancel")).Status, Is.EqualTo(HttpStatusCode.NotFound));
    }

    private static CascadeSummary Summary(Guid id, string root) => new()
    {
        CascadeId = id,
        Root = "registry.test:5000/" + root,
        NewDigest = "sha256:" + new string('b', 64),
        State = "running",
        BeganAt = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero),
        Counts = new Dictionary<string, int> { ["queued"] = 1 },
    };

    private static CascadeNode Node(string image, string state) => new()
    {
        Image = image, Tags = ["latest"], Depth = 1, State = state, Reason = "because",
    };
}
