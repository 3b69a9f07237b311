using System.Net;
using System.Net.Http.Headers;
using Builds.Contracts;

namespace Builds.Gateway.Tests.Graphing;

public sealed class When_the_graph_is_asked_for
{
    private const string Os = "registry.test:5000/library/os:1";
    private const string Runtime = "registry.test:5000/library/runtime:2";
    private const string Api = "registry.test:5000/team/api:latest";

    private TheGateway _gateway = null!;

    [OneTimeSetUp]
    public async Task SetUp()
    {
        _gateway = await TheGateway.GetAsync();
        _gateway.Graph.Answers<ReadGraph, ImageGraph>(question => question.Image.Repository switch
        {
            "team/api" => Graph(question),
            "team/ring" => Ring(question),
            "team/silent" => null,
            _ => new ImageGraph { Image = question.Image, Tags = [], Ancestors = [], Descendants = [], Truncated = false },
        });
    }

    [Test]
    public async Task Should_answer_what_graphtracker_says()
    {
        var answer = await _gateway.Admin.GetAsync("v1/graph?image=team/api&tag=latest");

        Assert.That(answer.Status, Is.EqualTo(HttpStatusCode.OK), answer.Text);
        Assert.That((string?)answer.Json["image"]!["registry"], Is.EqualTo(TheGateway.Registry));
        Assert.That(answer.Json["ancestors"]!.AsArray(), Has.Count.EqualTo(3));
        Assert.That((string?)answer.Json["ancestors"]![0]!["evidence"], Is.EqualTo("build record"));
        Assert.That(_gateway.Graph.Asked<ReadGraph>()[^1].Tag, Is.EqualTo("latest"));
    }

    [Test]
    public async Task Should_be_a_tree_where_text_is_wanted()
    {
        var answer = await TextAsync("v1/graph?image=team/api");

        Assert.That(answer.ContentType, Does.StartWith("text/plain"));
        Assert.That(answer.Text, Is.EqualTo("""
            registry.test:5000/team/api
              latest  sha256:cccccccccccc  linux/amd64  moved 3 times, last at 2026-01-02 03:04 UTC  same layers as team/alias:1
              old  deleted

            stands on
              registry.test:5000/team/api:latest
                registry.test:5000/library/runtime:2  final FROM sha256:dddddddddddd, by build record, OUTDATED
                  registry.test:5000/library/os:1  final FROM sha256:aaaaaaaaaaaa, by layers, pinned
                registry.test:5000/library/os:1  COPY --from sha256:aaaaaaaaaaaa, by build record

            stands under nothing that is known

            """.ReplaceLineEndings("\n")));
    }

    [Test]
    public async Task Should_open_once_what_stands_at_two_places_and_name_a_circle()
    {
        var text = (await TextAsync("v1/graph?image=team/ring")).Text;

        Assert.That(text, Does.Contain("registry.test:5000/team/ring:a  FROM sha256:aaaaaaaaaaaa, by layers, in a circle"));
        Assert.That(text, Does.Contain("registry.test:5000/team/d:1  FROM sha256:aaaaaaaaaaaa, by layers, see above"));
        Assert.That(text, Does.Contain("more than an answer can hold"));
    }

    [Test]
    public async Task Should_say_what_to_do_where_nobody_answers()
    {
        var answer = await _gateway.Admin.GetAsync("v1/graph?image=team/silent");

        Assert.That(answer.Status, Is.EqualTo(HttpStatusCode.ServiceUnavailable));
        Assert.That(answer.Detail, Does.Contain("Ask again").And.Contain("GraphTracker"));
    }

    [Test]
    public async Task Should_say_that_nothing_is_known_of_it()
    {
        var answer = await _gateway.Admin.GetAsync("v1/graph?image=team/never&registry=other.test");

        Assert.That(answer.Status, Is.EqualTo(HttpStatusCode.NotFound));
        Assert.That(answer.Detail, Does.Contain("other.test/team/never"));
    }

    [TestCase("v1/graph", "image")]
    [TestCase("v1/graph?image=Team", "image")]
    [TestCase("v1/graph?image=team/api&tag=-x", "tag")]
    [TestCase("v1/graph?image=team/api&registry=x", "registry")]
    [TestCase("v1/cascades/preview?tag=latest", "image")]
    public async Task Should_refuse_names_that_are_none(string path, string field)
    {
        var answer = await _gateway.Admin.GetAsync(path);

        Assert.That(answer.Status, Is.EqualTo(HttpStatusCode.BadRequest));
        Assert.That(answer.Field, Is.EqualTo(field));
    }

    [Test]
    public async Task Should_be_for_those_who_may_read_in_its_namespace()
    {
        var reader = await _gateway.WithScopesAsync("team", "read");
        var trigger = await _gateway.WithScopesAsync("team", "trigger");
        var other = await _gateway.WithScopesAsync("other", "read");

        Assert.That((await reader.GetAsync("v1/graph?image=team/api")).Status, Is.EqualTo(HttpStatusCode.OK));
        Assert.That((await trigger.GetAsync("v1/graph?image=team/api")).Status, Is.EqualTo(HttpStatusCode.Forbidden));
        Assert.That((await other.GetAsync("v1/graph?image=team/api")).Status, Is.EqualTo(HttpStatusCode.Forbidden));
        Assert.That((await _gateway.Nobody().GetAsync("v1/graph?image=team/api")).Status, Is.EqualTo(HttpStatusCode.Unauthorized));
    }

    private async Task<Answer> TextAsync(string path)
    {
        var client = _gateway.As(_gateway.AdminToken);
        client.Http.DefaultRequestHeaders.Accept.Add(new MediaTypeWithQualityHeaderValue("text/plain"));
        return await client.GetAsync(path);
    }

    private static ImageGraph Graph(ReadGraph question) => new()
    {
        Image = question.Image,
        Tags =
        [
            new()
            {
                Tag = "latest", Digest = Digest('c'), Platforms = ["linux/amd64"], Moves = 3,
                MovedAt = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero), SameLayers = ["team/alias:1"],
            },
            new() { Tag = "old", Platforms = [], Moves = 1, SameLayers = [] },
        ],
        Ancestors =
        [
            Edge(Api, Runtime, 'd', "finalFrom", "build record", 1) with { Outdated = true },
            Edge(Api, Os, 'a', "copyFrom", "build record", 1),
            Edge(Runtime, Os, 'a', "finalFrom", "layers", 2) with { Pinned = true },
        ],
        Descendants = [],
        Truncated = false,
    };

    private static ImageGraph Ring(ReadGraph question)
    {
        const string ring = "registry.test:5000/team/ring:a", b = "registry.test:5000/team/b:1", c = "registry.test:5000/team/c:1";
        const string d = "registry.test:5000/team/d:1", e = "registry.test:5000/team/e:1";
        return new ImageGraph
        {
            Image = question.Image,
            Tags = [new() { Tag = "a", Digest = Digest('c'), Platforms = [], Moves = 1, SameLayers = [] }],
            Ancestors = [Edge(ring, b, 'a', "from", "layers", 1), Edge(b, ring, 'a', "from", "layers", 2)],
            Descendants =
            [
                Edge(b, ring, 'a', "from", "layers", 1), Edge(c, ring, 'a', "from", "layers", 1),
                Edge(d, b, 'a', "from", "layers", 2), Edge(d, c, 'a', "from", "layers", 2), Edge(e, d, 'a', "from", "layers", 3),
            ],
            Truncated = true,
        };
    }

    private static GraphEdge Edge(string child, string @base, char digit, string kind, string evidence, int depth) => new()
    {
        Child = child, Base = @base, BaseDigest = Digest(digit), Kind = kind, Evidence = evidence, Depth = depth,
        Pinned = false, Outdated = false,
    };

    private static string Digest(char digit) => "sha256:" + new string(digit, 64);
}
