using System.Net;

namespace Builds.Gateway.Tests.Securing;

public sealed class When_a_token_is_shown
{
    private TheGateway _gateway = null!;

    [OneTimeSetUp]
    public async Task SetUp() => _gateway = await TheGateway.GetAsync();

    [Test]
    public void Should_have_written_the_first_one_for_its_owner_alone()
    {
        var file = Path.Combine(_gateway.Process.Folder, "secrets/admin.token");

        Assert.That(File.GetUnixFileMode(file), Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite));
        Assert.That(_gateway.AdminToken, Does.Match("^bld_[A-Za-z0-9_-]{43}$"));
    }

    [Test]
    public async Task Should_ask_for_one_where_there_is_none()
    {
        var answer = await _gateway.Nobody().GetAsync("v1/images");

        Assert.That(answer.Status, Is.EqualTo(HttpStatusCode.Unauthorized));
        Assert.That(answer.Headers.WwwAuthenticate.ToString(), Does.StartWith("Bearer"));
        Assert.That(answer.Detail, Does.Contain("Authorization: Bearer"));
    }

    [TestCase("bld_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [TestCase("bld_")]
    [TestCase("x")]
    public async Task Should_refuse_one_that_is_not_known(string token)
    {
        var answer = await _gateway.As(token).GetAsync("v1/images");

        Assert.That(answer.Status, Is.EqualTo(HttpStatusCode.Unauthorized));
        Assert.That(answer.Headers.WwwAuthenticate.ToString(), Does.Contain("invalid_token"));
    }

    [Test]
    public async Task Should_not_take_one_from_the_query_string()
    {
        var answer = await _gateway.Nobody().GetAsync(
            $"v1/images?access_token={_gateway.AdminToken}&token={_gateway.AdminToken}");

        Assert.That(answer.Status, Is.EqualTo(HttpStatusCode.Unauthorized));
        Assert.That(_gateway.Process.Output, Does.Not.Contain(_gateway.AdminToken));
    }

    [Test]
    public async Task Should_name_the_scope_that_is_missing()
    {
        await _gateway.Admin.DefineAsync("scoped/image");
        await _gateway.Admin.DefineAsync("foreign/image");
        var reader = await _gateway.WithScopesAsync("scoped", "read");
        var definer = await _gateway.WithScopesAsync("scoped", "define");

        var build = await reader.PostAsync("v1/builds", new { image = "scoped/image" });
        var foreign = await reader.GetAsync("v1/images/foreign/image");
        var read = await definer.GetAsync("v1/images/scoped/image");
        var admin = await definer.GetAsync("v1/tokens");
        var mine = await reader.GetAsync("v1/images/scoped/image");

        Assert.That(build.Status, Is.EqualTo(HttpStatusCode.Forbidden));
        Assert.That(build.Detail, Does.Contain("the scope trigger in the namespace scoped"));
        Assert.That(foreign.Status, Is.EqualTo(HttpStatusCode.Forbidden));
        Assert.That(foreign.Detail, Does.Contain("the scope read in the namespace foreign"));
        Assert.That(read.Detail, Does.Contain("the scope read in the namespace scoped"));
        Assert.That(admin.Detail, Does.Contain("the scope admin"));
        Assert.That(mine.Status, Is.EqualTo(HttpStatusCode.OK), mine.Text);
    }

    [Test]
    public async Task Should_end_as_soon_as_it_is_removed()
    {
        var made = await _gateway.Admin.PostAsync(
            "v1/tokens", new { name = "short", @namespace = "short", scopes = new[] { "read" } });
        var token = made.Json["token"]!.GetValue<string>();
        var client = _gateway.As(token);
        var before = await client.GetAsync("v1/images");

        var list = await _gateway.Admin.GetAsync("v1/tokens");
        var removed = await _gateway.Admin.DeleteAsync($"v1/tokens/{made.Json["id"]}");
        var after = await client.GetAsync("v1/images");

        Assert.That(made.Status, Is.EqualTo(HttpStatusCode.Created));
        Assert.That(before.Status, Is.EqualTo(HttpStatusCode.OK));
        Assert.That(list.Text, Does.Contain("short").And.Not.Contain(token));
        Assert.That(removed.Status, Is.EqualTo(HttpStatusCode.NoContent));
        Assert.That(after.Status, Is.EqualTo(HttpStatusCode.Unauthorized));
    }

    [TestCase("""{"name":"x"}""", "namespace")]
    [TestCase("""{"name":"x y","scope":"admin"}""", "name")]
    [TestCase("""{"name":"x","scope":"root"}""", "scope")]
    [TestCase("""{"name":"x","scope":"admin","namespace":"a"}""", "scope")]
    [TestCase("""{"name":"x","namespace":"A B","scopes":["read"]}""", "namespace")]
    [TestCase("""{"name":"x","namespace":"a","scopes":["write"]}""", "scopes")]
    [TestCase("""{"name":"x","namespace":"a","scopes":[]}""", "scopes")]
    public async Task Should_make_none_of_a_bad_wish(string body, string field)
    {
        using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");

        var answer = await _gateway.Admin.SendAsync(HttpMethod.Post, "v1/tokens", content);

        Assert.That(answer.Status, Is.EqualTo(HttpStatusCode.BadRequest), answer.Text);
        Assert.That(answer.Field, Is.EqualTo(field));
    }
}
