using System.Text.Json.Nodes;
using Builds.Contracts;
using Jose;

namespace Builds.Gateway.Tests.Securing;

public sealed class When_somebody_tries_to_steal_a_credential
{
    private const string Git = "https://git.example.org/team/api.git";
    private const string Image = "stolen/api";

    private TheGateway _gateway = null!;

    [OneTimeSetUp]
    public async Task SetUp()
    {
        _gateway = await TheGateway.GetAsync();
        await _gateway.Admin.PutAsync("v1/credentials/target", new
        {
            @namespace = "stolen", kind = "gitBasic", host = "git.example.org", username = "u", password = "canary",
        });
        await _gateway.Admin.DefineAsync(Image, new { git = Git, @ref = "main", credentials = new { git = "target" } });
    }

    [TestCase(Git)]
    [TestCase("https://GIT.example.org:443/team/api.git")]
    [TestCase("HTTPS://git.example.org/team/api/")]
    [TestCase("https://git.example.org/team/api")]
    public async Task Should_release_it_for_the_url_of_the_definition_however_spelled(string git)
    {
        var claim = await ClaimAsync(git);

        Assert.That(claim.Verdict, Is.EqualTo(ClaimVerdict.Granted), claim.Reason);
        var payload = JsonNode.Parse(
            JWT.Decode(claim.Credentials!.Git, _gateway.WorkerKey, JweAlgorithm.RSA_OAEP_256, JweEncryption.A256GCM))!;
        Assert.That(payload["password"]!.GetValue<string>(), Is.EqualTo("canary"));
        Assert.That(payload["kind"]!.GetValue<string>(), Is.EqualTo("gitBasic"));
        Assert.That(payload["host"]!.GetValue<string>(), Is.EqualTo("git.example.org"));
        Assert.That(JWT.Headers(claim.Credentials.Git)["kid"], Is.EqualTo("first"));
    }

    [TestCase("https://evil.example/team/api.git")]
    [TestCase("https://git.example.org.evil.example/team/api.git")]
    [TestCase("https://evil.example/git.example.org/team/api.git")]
    [TestCase("http://git.example.org/team/api.git")]
    [TestCase("https://git.example.org:8443/team/api.git")]
    [TestCase("https://git.example.org/team/API.git")]
    [TestCase("https://git.example.org/team/api.git.git")]
    [TestCase("https://git.example.org/team/api.git/x")]
    [TestCase("https://git.example.org/team/other")]
    [TestCase("ssh://git@git.example.org/team/api.git")]
    [TestCase("git@git.example.org:team/api.git")]
    public async Task Should_not_release_it_for_another(string git)
    {
        var claim = await ClaimAsync(git);

        Assert.That(claim.Verdict, Is.EqualTo(ClaimVerdict.Granted), claim.Reason);
        Assert.That(claim.Credentials, Is.Null);
    }

    [TestCase("https://git.example.org@evil.example/team/api.git")]
    [TestCase("https://git.example.org:x@evil.example/team/api.git")]
    [TestCase("https://git.example.org/redirect?to=https://evil.example/team/api.git")]
    [TestCase("https://git.example.org\\@evil.example/team/api.git")]
    [TestCase("https://git.example.org#@evil.example/team/api.git")]
    public async Task Should_refuse_what_may_be_read_in_two_ways(string git)
    {
        var claim = await ClaimAsync(git);

        Assert.That(claim.Verdict, Is.EqualTo(ClaimVerdict.Refused));
        Assert.That(claim.Credentials, Is.Null);
    }

    [Test]
    public async Task Should_not_release_it_for_another_registry()
    {
        var claim = await ClaimAsync(Git, registry: "registry.evil.example");

        Assert.That(claim.Verdict, Is.EqualTo(ClaimVerdict.Granted), claim.Reason);
        Assert.That(claim.Credentials, Is.Null);
    }

    [Test]
    public async Task Should_leave_a_publisher_its_own()
    {
        var own = new string('e', 10) + ".a.b.c.d";

        var claim = await ClaimAsync("https://evil.example/x.git", credentials: new JsonObject { ["git"] = own });

        Assert.That(claim.Credentials!.Git, Is.EqualTo(own));
    }

    private Task<BuildClaim> ClaimAsync(string git, string? registry = null, JsonNode? credentials = null) =>
        _gateway.Worker.ClaimAsync(new JsonObject
        {
            ["buildId"] = Guid.NewGuid().ToString(),
            ["image"] = new JsonObject { ["registry"] = registry, ["repository"] = Image },
            ["tags"] = new JsonArray(Guid.NewGuid().ToString("N")),
            ["source"] = new JsonObject { ["git"] = git, ["ref"] = "main" },
            ["requestedAt"] = "2026-01-02T03:04:05Z",
            ["credentials"] = credentials,
        });
}
