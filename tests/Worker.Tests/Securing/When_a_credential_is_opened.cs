using System.Text.Json;
using Builds.Contracts;
using Builds.Parts;
using Builds.Worker.Securing;
using Jose;
using Microsoft.Extensions.Options;

namespace Builds.Worker.Tests.Securing;

public sealed class When_a_credential_is_opened : IDisposable
{
    private readonly TempFolder _folder = new("keys");

    public void Dispose() => _folder.Dispose();

    [Test]
    public void Should_open_what_was_sealed_to_any_key_before_and_after_a_rotation()
    {
        var older = Create();
        var sealedBefore = Seal(older, Registry("registry.example.org"));
        var newer = Create();
        var sealedAfter = Seal(newer, Registry("registry.example.org"));

        Assert.That(Keys().GetArrayLength(), Is.GreaterThanOrEqualTo(2));
        Assert.That(Keys()[Keys().GetArrayLength() - 1].GetProperty("kid").GetString(), Is.EqualTo(newer), "the newest is last");
        foreach (var jwe in new[] { sealedBefore, sealedAfter })
        {
            var opened = Worker().Open(For("registry.example.org", jwe));
            Assert.That(opened.Registries["registry.example.org"].Password, Is.EqualTo("pa$$word"));
            Assert.That(opened.Secrets, Does.Contain("pa$$word"));
        }
    }

    [Test]
    public void Should_refuse_one_that_is_sealed_for_another_host()
    {
        var jwe = Seal(Create(), Registry("registry.example.org"));

        var refused = Assert.Throws<BuildFailedException>(() => Worker().Open(For("thief.example.org", jwe)))!;

        Assert.That(refused.Class, Is.EqualTo(FailureClass.Policy));
        Assert.That(refused.Message, Does.Contain("thief.example.org").And.Not.Contain("pa$$word"));
    }

    [Test]
    public void Should_name_the_key_that_this_worker_lacks()
    {
        var kid = Create();
        var jwe = Seal(kid, Registry("registry.example.org"));
        File.Delete(_folder.File("private", kid + ".pem"));

        var fault = Assert.Throws<MissingKeyException>(() => Worker().Open(For("registry.example.org", jwe)))!;

        Assert.That(fault.Message, Does.Contain(kid + ".pem").And.Contain("Keys:Folder"));
    }

    [TestCase("no jwe")]
    [TestCase("a.b.c.d.e")]
    [TestCase("eyJhbGciOiJSU0EtT0FFUC0yNTYiLCJlbmMiOiJBMjU2R0NNIiwia2lkIjoiLi4vLi4vZXRjL3Bhc3N3ZCJ9.a.b.c.d")]
    public void Should_tell_the_author_of_one_that_nobody_can_open(string jwe) =>
        Assert.Throws<BuildFailedException>(() => Worker().Open(For("registry.example.org", jwe)));

    [Test]
    public void Should_keep_private_keys_to_their_owner()
    {
        var kid = Create();

        Assert.That(
            File.GetUnixFileMode(_folder.File("private", kid + ".pem")), Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite));
        Assert.That(File.ReadAllText(_folder.File("keys.json")), Does.Not.Contain("\"d\""));
    }

    [Test]
    public void Should_say_how_keys_are_made_when_asked_wrongly()
    {
        var errors = new StringWriter();

        Assert.That(KeysCommand.Run(["create"], TextWriter.Null, errors), Is.EqualTo(2));
        Assert.That(errors.ToString(), Does.Contain("--folder"));
    }

    private string Create()
    {
        var output = new StringWriter();
        var status = KeysCommand.Run(
            ["create", "--folder", _folder.File("private"), "--public", _folder.File("keys.json")], output, TextWriter.Null);
        Assert.That(status, Is.Zero);
        return output.ToString().Trim();
    }

    private JsonElement Keys() => JsonDocument.Parse(File.ReadAllText(_folder.File("keys.json"))).RootElement.GetProperty("keys");

    private WorkerKeys Worker() => new(Options.Create(new KeyOptions { Folder = _folder.File("private") }));

    private string Seal(string kid, object payload)
    {
        var jwk = Keys().EnumerateArray().Single(key => key.GetProperty("kid").GetString() == kid);
        return JWE.Encrypt(
            JsonSerializer.Serialize(payload),
            [new JweRecipient(JweAlgorithm.RSA_OAEP_256, Jwk.FromJson(jwk.GetRawText()))],
            JweEncryption.A256GCM,
            extraProtectedHeaders: new Dictionary<string, object> { ["kid"] = kid },
            mode: SerializationMode.Compact);
    }

    private static object Registry(string host) => new { kind = "registryBasic", host, username = "u", password = "pa$$word" };

    private static SealedCredentials For(string host, string jwe) =>
        new() { Registries = new Dictionary<string, string> { [host] = jwe } };
}
