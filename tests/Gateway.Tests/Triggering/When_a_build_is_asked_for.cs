using System.Net;
using System.Text.Json.Nodes;

namespace Builds.Gateway.Tests.Triggering;

public sealed class When_a_build_is_asked_for
{
    private TheGateway _gateway = null!;

    [OneTimeSetUp]
    public async Task SetUp()
    {
        _gateway = await TheGateway.GetAsync();
        await _gateway.Admin.DefineAsync("asked/api", new
        {
            git = "https://1.1.1.1/team/api.git",
            @ref = "main",
            tags = new[] { "latest", "1" },
            buildArgs = new Dictionary<string, string> { ["A"] = "defined", ["B"] = "defined" },
        });
    }

    [Test]
    public async Task Should_publish_the_request_and_say_where_to_look()
    {
        var answer = await _gateway.Admin.PostAsync("v1/builds", new
        {
            image = "asked/api",
            @ref = "next",
            tags = new[] { "next" },
            buildArgs = new Dictionary<string, string> { ["A"] = "asked" },
            noCache = true,
            timeoutSeconds = 60,
        });
        var id = answer.Json["id"]!.GetValue<string>();
        var request = await _gateway.Amqp.WaitForAsync("build-requested", one => IsOf(one, id));
        var status = await _gateway.Admin.GetAsync(answer.Json["status"]!.GetValue<string>());

        Assert.That(answer.Status, Is.EqualTo(HttpStatusCode.Accepted));
        Assert.That(answer.Headers.Location!.ToString(), Is.EqualTo(answer.Json["status"]!.GetValue<string>()));
        Assert.That(answer.Json["log"]!.GetValue<string>(), Is.EqualTo($"{answer.Headers.Location}/log"));
        Assert.That(request["source"]!["ref"]!.GetValue<string>(), Is.EqualTo("next"));
        Assert.That(request["tags"]!.ToJsonString(), Is.EqualTo("""["next"]"""));
        Assert.That(request["buildArgs"]!.ToJsonString(), Is.EqualTo("""{"A":"asked","B":"defined"}"""));
        Assert.That(request["noCache"]!.GetValue<bool>(), Is.True);
        Assert.That(request["image"]!["registry"]!.GetValue<string>(), Is.EqualTo(TheGateway.Registry));
        Assert.That(request["cause"]!.ToJsonString(), Is.EqualTo("""{"kind":"api","actor":"first"}"""));
        Assert.That(status.Json["state"]!.GetValue<string>(), Is.EqualTo("accepted").Or.EqualTo("queued"));
    }

    [Test]
    public async Task Should_say_how_to_define_an_image_that_is_not()
    {
        var answer = await _gateway.Admin.PostAsync("v1/builds", new { image = "asked/unknown" });

        Assert.That(answer.Status, Is.EqualTo(HttpStatusCode.NotFound));
        Assert.That(answer.Detail, Does.Contain("PUT /v1/images/asked/unknown"));
    }

    [TestCase("""{}""", "image")]
    [TestCase("""{"image":null}""", "image")]
    [TestCase("""{"image":["asked/api"]}""", "image")]
    [TestCase("""{"image":"Asked/Api"}""", "image")]
    [TestCase("""{"image":"asked/api\n"}""", "image")]
    [TestCase("""{"image":"asked/api","registry":"https://r.test"}""", "registry")]
    [TestCase("""{"image":"asked/api","ref":"--upload-pack=x"}""", "ref")]
    [TestCase("""{"image":"asked/api","ref":"a b"}""", "ref")]
    [TestCase("""{"image":"asked/api","commit":"abc"}""", "commit")]
    [TestCase("""{"image":"asked/api","tags":["a:b"]}""", "tags[0]")]
    [TestCase("""{"image":"asked/api","tags":["ok","-oProxyCommand=x"]}""", "tags[1]")]
    [TestCase("""{"image":"asked/api","git":"https://evil.example/a.git"}""", "git")]
    [TestCase("""{"image":"asked/api","credentials":{}}""", "credentials")]
    [TestCase("""{"image":"asked/api","noCache":"true"}""", "noCache")]
    [TestCase("""{"image":"asked/api","timeoutSeconds":-1}""", "timeoutSeconds")]
    [TestCase("""{"image":"asked/api","timeoutSeconds":1.5}""", "timeoutSeconds")]
    [TestCase("""{"image":"asked/api","timeoutSeconds":99999999999}""", "timeoutSeconds")]
    public async Task Should_name_the_field_that_is_wrong(string body, string field)
    {
        using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");

        var answer = await _gateway.Admin.SendAsync(HttpMethod.Post, "v1/builds", content);

        Assert.That(answer.Status, Is.EqualTo(HttpStatusCode.BadRequest), answer.Text);
        Assert.That(answer.Field, Is.EqualTo(field));
    }

    [Test]
    public async Task Should_refuse_ten_thousand_characters()
    {
        foreach (var field in new[] { "image", "ref", "target", "platform" })
        {
            var body = new JsonObject { ["image"] = "asked/api", [field] = new string('a', 10_000) };
            var answer = await _gateway.Admin.PostAsync("v1/builds", body);

            Assert.That(answer.Status, Is.EqualTo(HttpStatusCode.BadRequest), field);
            Assert.That(answer.Field, Is.EqualTo(field));
        }
    }

    [Test]
    public async Task Should_answer_the_same_key_and_body_with_the_same_build()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ =>
            _gateway.Admin.PostAsync("v1/builds", new { image = "asked/api", tags = new[] { "twins" } }, "twins")));

        Assert.That(answers.Select(one => one.Status), Is.All.EqualTo(HttpStatusCode.Accepted));
        Assert.That(answers.Select(one => one.Text).Distinct().Count(), Is.EqualTo(1));
        var list = await _gateway.Admin.GetAsync("v1/builds?image=asked/api&limit=500");
        Assert.That(
            list.Json["builds"]!.AsArray().Count(one => one!["tags"]![0]!.GetValue<string>() == "twins"), Is.EqualTo(1));
    }

    [Test]
    public async Task Should_refuse_another_body_under_the_same_key()
    {
        await _gateway.Admin.PostAsync("v1/builds", new { image = "asked/api" }, "again");

        var other = await _gateway.Admin.PostAsync("v1/builds", new { image = "asked/api", noCache = true }, "again");
        var somebody = await _gateway.WithScopesAsync("asked", "trigger");
        var theirs = await somebody.PostAsync("v1/builds", new { image = "asked/api", noCache = true }, "again");
        var blank = await _gateway.Admin.PostAsync("v1/builds", new { image = "asked/api" }, "two words");

        Assert.That(other.Status, Is.EqualTo(HttpStatusCode.UnprocessableEntity), other.Text);
        Assert.That(other.Field, Is.EqualTo("Idempotency-Key"));
        Assert.That(theirs.Status, Is.EqualTo(HttpStatusCode.Accepted));
        Assert.That(blank.Status, Is.EqualTo(HttpStatusCode.BadRequest));
    }

    [Test]
    public async Task Should_not_spend_a_key_on_what_was_refused()
    {
        await _gateway.Admin.PostAsync("v1/builds", new { image = "asked/later" }, "later");
        await _gateway.Admin.DefineAsync("asked/later");

        var answer = await _gateway.Admin.PostAsync("v1/builds", new { image = "asked/later" }, "later");

        Assert.That(answer.Status, Is.EqualTo(HttpStatusCode.Accepted), answer.Text);
    }

    private static bool IsOf(JsonNode request, string id) => request["buildId"]!.GetValue<string>() == id;
}
