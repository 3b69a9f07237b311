using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace Builds.Gateway.Tests.Describing;

public sealed class When_the_api_describes_itself
{
    private TheGateway _gateway = null!;

    [OneTimeSetUp]
    public async Task SetUp() => _gateway = await TheGateway.GetAsync();

    [Test]
    public async Task Should_list_every_path_with_a_summary()
    {
        var document = (await _gateway.Nobody().GetAsync("openapi/v1.json")).Json;

        var paths = document["paths"]!.AsObject();
        Assert.That(paths.Select(one => one.Key), Is.SupersetOf(new[]
        {
            "/v1/images", "/v1/images/{repository}", "/v1/builds", "/v1/builds/{id}", "/v1/builds/{id}/log",
            "/v1/builds/{id}/cancel", "/v1/builds/{id}/retry", "/v1/triggers", "/v1/tokens", "/v1/tokens/{id}",
            "/v1/credentials", "/v1/credentials/{name}", "/v1/keys", "/hooks/trigger/{secret}",
            "/hooks/registry", "/badges/{file}", "/v1/graph", "/v1/cascades", "/v1/cascades/{id}", "/v1/cascades/preview",
            "/v1/cascades/{id}/cancel", "/v1/cascades/{id}/resume", "/v1/registries", "/v1/namespaces/{ns}/members", "/v1/mail",
        }));
        foreach (var (path, operations) in paths)
            foreach (var (method, operation) in operations!.AsObject())
                Assert.That(operation!["summary"]?.GetValue<string>(), Is.Not.Empty, $"{method} {path}");
    }

    [Test]
    public async Task Should_be_well_and_ready_without_a_token()
    {
        Assert.That((await _gateway.Nobody().GetAsync("healthz")).Status, Is.EqualTo(HttpStatusCode.OK));
        Assert.That((await _gateway.Nobody().GetAsync("readyz")).Text, Is.EqualTo("Healthy"));
    }

    [TestCase("nothing", 404)]
    [TestCase("v1/nothing", 404)]
    [TestCase("v1/builds/not-a-uuid", 404)]
    [TestCase("healthz/x", 404)]
    public async Task Should_answer_what_is_not_there_with_a_problem(string path, int status)
    {
        var answer = await _gateway.Admin.GetAsync(path);

        Assert.That((int)answer.Status, Is.EqualTo(status));
        Assert.That(answer.ContentType, Does.StartWith("application/problem+json"));
        Assert.That(answer.Detail, Is.Not.Empty);
    }

    [TestCase("")]
    [TestCase("{")]
    [TestCase("image=a")]
    [TestCase("""{"image":"a"} x""")]
    [TestCase("\0")]
    public async Task Should_refuse_a_body_that_is_not_json(string body)
    {
        var answer = await PostAsync(Encoding.UTF8.GetBytes(body), "application/json");

        Assert.That(answer.Status, Is.EqualTo(HttpStatusCode.BadRequest), answer.Text);
        Assert.That(answer.Detail, Does.Contain("not JSON"));
    }

    [TestCase("[]")]
    [TestCase("null")]
    [TestCase("\"image\"")]
    public async Task Should_refuse_json_that_is_no_object(string body)
    {
        var answer = await PostAsync(Encoding.UTF8.GetBytes(body), "application/json");

        Assert.That(answer.Status, Is.EqualTo(HttpStatusCode.BadRequest), answer.Text);
        Assert.That(answer.Detail, Does.Contain("object"));
    }

    [Test]
    public async Task Should_refuse_json_that_is_not_utf8()
    {
        var answer = await PostAsync([.. "{\"image\":\""u8, 0xff, .. "\"}"u8], "application/json");

        Assert.That(answer.Status, Is.EqualTo(HttpStatusCode.BadRequest), answer.Text);
    }

    [Test]
    public async Task Should_refuse_json_that_is_nested_without_end()
    {
        var answer = await PostAsync(Encoding.ASCII.GetBytes(new string('[', 5000)), "application/json");

        Assert.That(answer.Status, Is.EqualTo(HttpStatusCode.BadRequest), answer.Text);
    }

    [TestCase("application/x-www-form-urlencoded")]
    [TestCase("text/plain")]
    public async Task Should_say_which_content_type_it_takes(string contentType)
    {
        var answer = await PostAsync("{}"u8.ToArray(), contentType);

        Assert.That(answer.Status, Is.EqualTo(HttpStatusCode.UnsupportedMediaType));
        Assert.That(answer.Detail, Does.Contain("application/json"));
    }

    [Test]
    public async Task Should_refuse_a_body_that_is_too_large()
    {
        var body = new JsonObject { ["image"] = "a", ["ref"] = new string('a', 70_000) }.ToJsonString();

        var answer = await PostAsync(Encoding.UTF8.GetBytes(body), "application/json");

        Assert.That(answer.Status, Is.EqualTo(HttpStatusCode.RequestEntityTooLarge), answer.Text);
        Assert.That(answer.Detail, Does.Contain("64 KiB"));
    }

    [Test]
    public async Task Should_send_no_more_headers_than_needed()
    {
        var answer = await _gateway.Admin.GetAsync("v1/images");

        Assert.That(answer.Headers.Contains("Server"), Is.False);
        Assert.That(answer.Headers.CacheControl!.NoStore, Is.True);
        Assert.That(answer.Headers.GetValues("X-Content-Type-Options"), Is.EqualTo(new[] { "nosniff" }));
    }

    private async Task<Answer> PostAsync(byte[] body, string contentType)
    {
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = new(contentType);
        return await _gateway.Admin.SendAsync(HttpMethod.Post, "v1/builds", content);
    }
}
