using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace Builds.Gateway.Tests.Describing;

/// <summary>At every door, whatever stands in the body of another field.</summary>
public sealed class When_a_value_does_not_belong_there
{
    private static readonly string[] Bodies =
        ["PUT v1/images/foreign/body", "POST v1/builds", "POST v1/triggers", "POST v1/tokens", "PUT v1/credentials/foreign"];

    private TheGateway _gateway = null!;

    [OneTimeSetUp]
    public async Task SetUp()
    {
        _gateway = await TheGateway.GetAsync();
        await _gateway.Admin.DefineAsync("foreign/api");
    }

    [Test]
    public async Task Should_be_refused_in_a_definition(
        [Values("git", "ref", "tags[0]")] string field, [ValueSource(typeof(Foreign), nameof(Foreign.Values))] string value)
    {
        var body = new JsonObject { ["git"] = "https://1.1.1.1/a.git", ["ref"] = "main" };
        Put(body, field, value);

        Refused(await _gateway.Admin.PutAsync("v1/images/foreign/definition", body), field);
        Assert.That((await _gateway.Admin.GetAsync("v1/images/foreign/definition")).Status, Is.EqualTo(HttpStatusCode.NotFound));
    }

    [Test]
    public async Task Should_be_refused_in_a_name([ValueSource(typeof(Foreign), nameof(Foreign.Values))] string value)
    {
        var answer = await _gateway.Admin.PutAsync(
            $"v1/images/foreign/{Uri.EscapeDataString(value)}", new { git = "https://1.1.1.1/a.git", @ref = "main" });

        Assert.That((int)answer.Status, Is.EqualTo(400).Or.EqualTo(404).Or.EqualTo(414), answer.Text);
        Assert.That(answer.Text, Has.Length.LessThan(2000));
    }

    [Test]
    public async Task Should_be_refused_in_a_request(
        [Values("image", "ref", "tags[0]")] string field, [ValueSource(typeof(Foreign), nameof(Foreign.Values))] string value)
    {
        var body = new JsonObject { ["image"] = "foreign/api" };
        Put(body, field, value);

        Refused(await _gateway.Admin.PostAsync("v1/builds", body), field);
    }

    [Test]
    public async Task Should_be_refused_for_a_trigger([ValueSource(typeof(Foreign), nameof(Foreign.Values))] string value) =>
        Refused(await _gateway.Admin.PostAsync("v1/triggers", new { image = value }), "image");

    [Test]
    public async Task Should_be_refused_where_it_is_no_json([ValueSource(nameof(Bodies))] string door) =>
        Assert.That((await SendAsync(door, "image=foreign/api")).Detail, Does.Contain("not JSON"));

    [Test]
    public async Task Should_be_refused_where_it_is_a_field_that_nobody_knows([ValueSource(nameof(Bodies))] string door)
    {
        var answer = await SendAsync(door, """{"colour":"red"}""");

        Assert.That(answer.Status, Is.EqualTo(HttpStatusCode.BadRequest), answer.Text);
        Assert.That(answer.Field, Is.EqualTo("colour"));
    }

    [Test]
    public async Task Should_be_refused_where_a_field_is_missing([ValueSource(nameof(Bodies))] string door)
    {
        var answer = await SendAsync(door, "{}");

        Assert.That(answer.Status, Is.EqualTo(HttpStatusCode.BadRequest), answer.Text);
        Assert.That(answer.Field, Is.Not.Empty);
        Assert.That(answer.Detail, Does.Contain(answer.Field));
    }

    [Test]
    public async Task Should_be_refused_where_it_is_too_large([ValueSource(nameof(Bodies))] string door)
    {
        var answer = await SendAsync(door, $$"""{"x":"{{new string('x', 70_000)}}"}""");

        Assert.That(answer.Status, Is.EqualTo(HttpStatusCode.RequestEntityTooLarge), answer.Text);
        Assert.That(answer.Detail, Does.Contain("KiB"));
    }

    [TestCase("https://169.254.1.1/a.git")]
    [TestCase("https://[fe80::1]/a.git")]
    [TestCase("https://[::ffff:169.254.169.254]/a.git")]
    [TestCase("https://2852039166/latest")]
    [TestCase("https://0xa9fea9fe/latest")]
    [TestCase("https://127.0.0.1./a.git")]
    [TestCase("ssh://git@127.1/a.git")]
    [TestCase("git@127.1:a.git")]
    public async Task Should_be_refused_where_it_leads_to_an_address_that_is_closed(string git)
    {
        var answer = await _gateway.Admin.PutAsync("v1/images/foreign/definition", new { git, @ref = "main" });

        Refused(answer, "git");
        Assert.That(answer.Detail, Does.Contain("Sources:AllowedHosts"));
    }

    private static void Put(JsonObject body, string field, string value)
    {
        if (field == "tags[0]")
            body["tags"] = new JsonArray(value);
        else
            body[field] = value;
    }

    private static void Refused(Answer answer, string field)
    {
        Assert.That(answer.Status, Is.EqualTo(HttpStatusCode.BadRequest), answer.Text);
        Assert.That(answer.Field, Is.EqualTo(field));
        Assert.That(answer.Text, Has.Length.LessThan(2000));
    }

    private async Task<Answer> SendAsync(string door, string body)
    {
        var (method, path) = (door.Split(' ')[0], door.Split(' ')[1]);
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        return await _gateway.Admin.SendAsync(new HttpMethod(method), path, content);
    }
}
