using System.Net;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Jose;

namespace Builds.Gateway.Tests.Securing;

public sealed class When_a_credential_is_put
{
    private const string Secret = "s3cret-canary";

    private TheGateway _gateway = null!;

    [OneTimeSetUp]
    public async Task SetUp() => _gateway = await TheGateway.GetAsync();

    [Test]
    public async Task Should_never_give_it_back()
    {
        var put = await _gateway.Admin.PutAsync("v1/credentials/kept", GitBasic("kept"));
        var get = await _gateway.Admin.GetAsync("v1/credentials/kept");
        var list = await _gateway.Admin.GetAsync("v1/credentials");

        Assert.That(put.Status, Is.EqualTo(HttpStatusCode.Created), put.Text);
        Assert.That(get.Json["kind"]!.GetValue<string>(), Is.EqualTo("gitBasic"));
        Assert.That(get.Json["kid"], Is.Not.Null);
        Assert.That(put.Text + get.Text + list.Text, Does.Not.Contain(Secret).And.Not.Contain("eyJ"));
        Assert.That(_gateway.Process.Output, Does.Not.Contain(Secret));
    }

    [Test]
    public async Task Should_keep_no_trace_of_it_on_disk()
    {
        await _gateway.Admin.PutAsync("v1/credentials/traceless", GitBasic("traceless"));

        foreach (var file in Directory.GetFiles(Path.Combine(_gateway.Process.Folder, "store")))
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using var copy = new MemoryStream();
            await stream.CopyToAsync(copy);
            Assert.That(System.Text.Encoding.Latin1.GetString(copy.ToArray()), Does.Not.Contain(Secret), file);
        }
    }

    [Test]
    public async Task Should_take_one_that_the_client_has_sealed_to_a_key_it_was_given()
    {
        var keys = await _gateway.Nobody().GetAsync("v1/keys");
        var key = (await _gateway.Admin.GetAsync(
            "v1/keys")).Json["keys"]!.AsArray().Single(one => one!["kid"]!.GetValue<string>() == "first")!;
        using var rsa = RSA.Create(new RSAParameters
        {
            Modulus = Jose.Base64Url.Decode(key["n"]!.GetValue<string>()),
            Exponent = Jose.Base64Url.Decode(key["e"]!.GetValue<string>()),
        });

        var good = await PutSealedAsync(Seal(rsa, "first", JweEncryption.A256GCM));
        var unknown = await PutSealedAsync(Seal(rsa, "nobody", JweEncryption.A256GCM));
        var weak = await PutSealedAsync(Seal(rsa, "first", JweEncryption.A128CBC_HS256));
        var clear = await PutSealedAsync("""{"password":"x"}""");

        Assert.That(keys.Status, Is.EqualTo(HttpStatusCode.Unauthorized));
        Assert.That(good.Status, Is.EqualTo(HttpStatusCode.Created), good.Text);
        Assert.That(unknown.Detail, Does.Contain("kid"));
        Assert.That(weak.Detail, Does.Contain("A256GCM"));
        Assert.That(clear.Field, Is.EqualTo("sealed"));
    }

    [Test]
    public async Task Should_seal_to_the_newest_key_of_the_file_as_it_is_now()
    {
        using var second = RSA.Create(2048);
        _gateway.WriteKeys(("first", _gateway.WorkerKey), ("second", second));
        try
        {
            var put = await _gateway.Admin.PutAsync("v1/credentials/rotated", GitBasic("rotated"));
            Assert.That(put.Json["kid"]!.GetValue<string>(), Is.EqualTo("second"));
        }
        finally
        {
            _gateway.WriteKeys(("first", _gateway.WorkerKey));
        }
    }

    [TestCase("""{"namespace":"x","kind":"gitBasic","host":"h.test","username":"u"}""", "password")]
    [TestCase("""{"namespace":"x","kind":"gitToken","host":"h.test","token":"t","password":"p"}""", "password")]
    [TestCase("""
        {"namespace":"x","kind":"gitSsh","host":"h.test",
         "privateKey":"-----BEGIN OPENSSH PRIVATE KEY-----\nx\n-----END OPENSSH PRIVATE KEY-----"}
        """, "knownHosts")]
    [TestCase("""{"namespace":"x","kind":"gitSsh","host":"h.test","privateKey":"x","knownHosts":"x"}""", "privateKey")]
    [TestCase("""
        {"namespace":"x","kind":"gitSsh","host":"h.test",
         "privateKey":"-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----","knownHosts":"anything"}
        """, "knownHosts")]
    [TestCase("""{"namespace":"x","kind":"magic","host":"h.test"}""", "kind")]
    [TestCase("""{"namespace":"x","kind":"gitToken","host":"https://h.test/","token":"t"}""", "host")]
    [TestCase("""{"namespace":"X","kind":"gitToken","host":"h.test","token":"t"}""", "namespace")]
    [TestCase("""{"kind":"gitToken","host":"h.test","token":"t"}""", "namespace")]
    public async Task Should_name_the_field_that_is_wrong(string body, string field)
    {
        var answer = await _gateway.Admin.PutTextAsync("v1/credentials/wrong", body);

        Assert.That(answer.Status, Is.EqualTo(HttpStatusCode.BadRequest), answer.Text);
        Assert.That(answer.Field, Is.EqualTo(field));
    }

    [Test]
    public async Task Should_be_used_by_its_own_namespace_and_host_alone()
    {
        await _gateway.Admin.PutAsync("v1/credentials/owned", GitBasic("owner"));
        await _gateway.Admin.PutAsync("v1/credentials/shared", GitBasic("*"));
        await _gateway.Admin.PutAsync(
            "v1/credentials/owned-registry",
            new { @namespace = "owner", kind = "registryBasic", host = "r.test", username = "u", password = Secret });

        var own = await DefineAsync("owner/a", "https://1.1.1.1/a.git", "owned", "owned-registry");
        var shared = await DefineAsync("other/a", "https://1.1.1.1/a.git", "shared");
        var foreign = await DefineAsync("other/a", "https://1.1.1.1/a.git", "owned");
        var elsewhere = await DefineAsync("owner/a", "https://8.8.8.8/a.git", "owned");
        var wrongKind = await DefineAsync("owner/a", "https://1.1.1.1/a.git", "owned-registry");
        var overSsh = await DefineAsync("owner/a", "ssh://git@1.1.1.1/a.git", "owned");
        var gitAsRegistry = await DefineAsync("owner/a", "https://1.1.1.1/a.git", null, "owned");

        Assert.That((int)own.Status, Is.LessThan(300), own.Text);
        Assert.That((int)shared.Status, Is.LessThan(300), shared.Text);
        Assert.That(foreign.Detail, Does.Contain("the namespace other has no credential"));
        Assert.That(elsewhere.Detail, Does.Contain("is for 1.1.1.1"));
        Assert.That(wrongKind.Detail, Does.Contain("for a registry"));
        Assert.That(overSsh.Detail, Does.Contain("ssh URL cannot use"));
        Assert.That(gitAsRegistry.Detail, Does.Contain("is for git"));
    }

    [Test]
    public async Task Should_stay_while_a_definition_uses_it()
    {
        await _gateway.Admin.PutAsync("v1/credentials/used", GitBasic("used"));
        await DefineAsync("used/a", "https://1.1.1.1/a.git", "used");

        var kept = await _gateway.Admin.DeleteAsync("v1/credentials/used");
        var moved = await _gateway.Admin.PutAsync(
            "v1/credentials/used", new { @namespace = "used", kind = "gitToken", host = "other.test", token = "t" });
        await _gateway.Admin.DeleteAsync("v1/images/used/a");
        var gone = await _gateway.Admin.DeleteAsync("v1/credentials/used");

        Assert.That(kept.Status, Is.EqualTo(HttpStatusCode.Conflict));
        Assert.That(kept.Detail, Does.Contain("used/a"));
        Assert.That(moved.Status, Is.EqualTo(HttpStatusCode.Conflict));
        Assert.That(gone.Status, Is.EqualTo(HttpStatusCode.NoContent), gone.Text);
    }

    [Test]
    public async Task Should_be_changed_by_its_own_namespace_alone()
    {
        var definer = await _gateway.WithScopesAsync("changing", "define", "read");
        await _gateway.Admin.PutAsync("v1/credentials/of-another", GitBasic("of-another"));

        var mine = await definer.PutAsync("v1/credentials/changing", GitBasic("changing"));
        var everybodys = await definer.PutAsync("v1/credentials/everybodys", GitBasic("*"));
        var stolen = await definer.PutAsync("v1/credentials/of-another", GitBasic("changing"));
        var removed = await definer.DeleteAsync("v1/credentials/of-another");
        var list = await definer.GetAsync("v1/credentials");

        Assert.That(mine.Status, Is.EqualTo(HttpStatusCode.Created), mine.Text);
        Assert.That(everybodys.Status, Is.EqualTo(HttpStatusCode.Forbidden));
        Assert.That(stolen.Status, Is.EqualTo(HttpStatusCode.Forbidden));
        Assert.That(removed.Status, Is.EqualTo(HttpStatusCode.Forbidden));
        Assert.That(list.Text, Does.Contain("changing").And.Not.Contain("of-another"));
    }

    private Task<Answer> DefineAsync(string image, string git, string? credential, params string[] registries) =>
        _gateway.Admin.PutAsync(
            $"v1/images/{image}", new { git, @ref = "main", credentials = new { git = credential, registries } });

    private Task<Answer> PutSealedAsync(string jwe) => _gateway.Admin.PutAsync(
        "v1/credentials/by-client",
        new { @namespace = "by-client", kind = "gitToken", host = "h.test", @sealed = jwe });

    private static string Seal(RSA rsa, string kid, JweEncryption encryption) => JWT.Encode(
        new JsonObject { ["kind"] = "gitToken", ["host"] = "h.test", ["token"] = Secret }.ToJsonString(),
        rsa,
        JweAlgorithm.RSA_OAEP_256,
        encryption,
        extraHeaders: new Dictionary<string, object> { ["kid"] = kid });

    private static object GitBasic(string ns) =>
        new { @namespace = ns, kind = "gitBasic", host = "1.1.1.1", username = "u", password = Secret };
}
