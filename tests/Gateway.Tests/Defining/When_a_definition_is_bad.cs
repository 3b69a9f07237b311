using System.Net;
using System.Text.Json.Nodes;

namespace Builds.Gateway.Tests.Defining;

public sealed class When_a_definition_is_bad
{
    private const string Path = "v1/images/bad/definition";

    private TheGateway _gateway = null!;

    [OneTimeSetUp]
    public async Task SetUp() => _gateway = await TheGateway.GetAsync();

    [TestCase("""{"ref":"main"}""", "git")]
    [TestCase("""{"git":"https://1.1.1.1/a.git"}""", "ref")]
    [TestCase("""{"git":null,"ref":"main"}""", "git")]
    [TestCase("""{"git":7,"ref":"main"}""", "git")]
    [TestCase("""{"git":"https://1.1.1.1/a.git","ref":"main","colour":"red"}""", "colour")]
    [TestCase("""{"git":"https://1.1.1.1/a.git","ref":"main","source":{}}""", "source")]
    [TestCase("""{"git":"https://1.1.1.1/a.git","ref":"main","ref":"other"}""", "ref")]
    [TestCase("""{"git":"https://1.1.1.1/a.git","ref":"main","tags":"latest"}""", "tags")]
    [TestCase("""{"git":"https://1.1.1.1/a.git","ref":"main","tags":[]}""", "tags")]
    [TestCase("""{"git":"https://1.1.1.1/a.git","ref":"main","tags":[null]}""", "tags[0]")]
    [TestCase("""{"git":"https://1.1.1.1/a.git","ref":"main","tags":["a b"]}""", "tags[0]")]
    [TestCase("""{"git":"https://1.1.1.1/a.git","ref":"main","submodules":"yes"}""", "submodules")]
    [TestCase("""{"git":"https://1.1.1.1/a.git","ref":"main","context":null}""", "context")]
    [TestCase("""{"git":"https://1.1.1.1/a.git","ref":"main","context":"../x"}""", "context")]
    [TestCase("""{"git":"https://1.1.1.1/a.git","ref":"main","dockerfile":"/etc/passwd"}""", "dockerfile")]
    [TestCase("""{"git":"https://1.1.1.1/a.git","ref":"main","buildArgs":{"A":1}}""", "buildArgs.A")]
    [TestCase("""{"git":"https://1.1.1.1/a.git","ref":"main","buildArgs":{"A":null}}""", "buildArgs.A")]
    [TestCase("""{"git":"https://1.1.1.1/a.git","ref":"main","buildArgs":{"--upload-pack":"x"}}""", "buildArgs")]
    [TestCase("""{"git":"https://1.1.1.1/a.git","ref":"main","rebuild":{"on":"sometimes"}}""", "rebuild.on")]
    [TestCase("""{"git":"https://1.1.1.1/a.git","ref":"main","rebuild":{"on":2}}""", "rebuild.on")]
    [TestCase("""{"git":"https://1.1.1.1/a.git","ref":"main","rebuild":{"when":"never"}}""", "rebuild.when")]
    [TestCase("""{"git":"https://1.1.1.1/a.git","ref":"main","target":"-x"}""", "target")]
    [TestCase("""{"git":"https://1.1.1.1/a.git","ref":"main","platform":"linux"}""", "platform")]
    [TestCase("""{"git":"https://1.1.1.1/a.git","ref":"main","credentials":{"git":"none-such"}}""", "credentials.git")]
    public async Task Should_name_the_field(string body, string field)
    {
        var answer = await _gateway.Admin.PutTextAsync(Path, body);

        Assert.That(answer.Status, Is.EqualTo(HttpStatusCode.BadRequest), answer.Text);
        Assert.That(answer.ContentType, Does.StartWith("application/problem+json"));
        Assert.That(answer.Field, Is.EqualTo(field), answer.Text);
        Assert.That(answer.Detail, Does.Contain(field.Split('.', '[')[0]));
    }

    [TestCase("--upload-pack=touch /tmp/x")]
    [TestCase("ext::sh -c id")]
    [TestCase("ext::sh")]
    [TestCase("file:///etc")]
    [TestCase("FILE:///etc")]
    [TestCase("/srv/git")]
    [TestCase("git://1.1.1.1/a.git")]
    [TestCase("ssh://-oProxyCommand=id/a.git")]
    [TestCase("-oProxyCommand=id:a.git")]
    [TestCase("https://1.1.1.1/a b.git")]
    [TestCase("https://1.1.1.1/a.git\nx")]
    [TestCase(" https://1.1.1.1/a.git")]
    [TestCase("https://user:secret@1.1.1.1/a.git")]
    [TestCase("https://1.1.1.1/../a.git")]
    [TestCase("")]
    public async Task Should_refuse_a_git_url_of_another_kind(string git)
    {
        var answer = await _gateway.Admin.PutAsync(Path, new { git, @ref = "main" });

        Assert.That(answer.Status, Is.EqualTo(HttpStatusCode.BadRequest), answer.Text);
        Assert.That(answer.Field, Is.EqualTo("git"));
        Assert.That(answer.Text, Does.Not.Contain("secret"));
    }

    [TestCase("https://127.1/a.git")]
    [TestCase("https://0x7f.1/a.git")]
    [TestCase("https://0177.0.0.1/a.git")]
    [TestCase("https://2130706433/a.git")]
    [TestCase("https://[::1]/a.git")]
    [TestCase("https://[::ffff:127.0.0.1]/a.git")]
    [TestCase("https://169.254.169.254/latest/meta-data")]
    [TestCase("https://100.64.0.5/a.git")]
    [TestCase("https://10.0.0.1/a.git")]
    [TestCase("https://[fd00:ec2::254]/a.git")]
    [TestCase("https://0.0.0.0/a.git")]
    [TestCase("ssh://git@192.168.1.1/a.git")]
    [TestCase("git@192.168.1.1:a.git")]
    [TestCase("https://localhost/a.git")]
    [TestCase("https://LOCALHOST/a.git")]
    public async Task Should_refuse_a_git_host_inside_a_private_network(string git)
    {
        var answer = await _gateway.Admin.PutAsync(Path, new { git, @ref = "main" });

        Assert.That(answer.Status, Is.EqualTo(HttpStatusCode.BadRequest), answer.Text);
        Assert.That(answer.Field, Is.EqualTo("git"));
        Assert.That(answer.Detail, Does.Contain("Sources:AllowedHosts"));
    }

    [TestCase("http://127.0.0.2:8080/a.git")]
    [TestCase("https://no-such-name.invalid/a.git")]
    [TestCase("git@1.1.1.1:team/api.git")]
    public async Task Should_take_a_host_that_is_allowed_or_not_known_now(string git)
    {
        var answer = await _gateway.Admin.PutAsync("v1/images/bad/not-at-all", new { git, @ref = "main" });

        Assert.That((int)answer.Status, Is.EqualTo(201).Or.EqualTo(200), answer.Text);
    }

    [TestCase("main branch")]
    [TestCase("--upload-pack=x")]
    [TestCase("a..b")]
    [TestCase("a\nb")]
    [TestCase("")]
    public async Task Should_refuse_a_ref_that_is_none(string name)
    {
        var answer = await _gateway.Admin.PutAsync(Path, new { git = "https://1.1.1.1/a.git", @ref = name });

        Assert.That(answer.Status, Is.EqualTo(HttpStatusCode.BadRequest), answer.Text);
        Assert.That(answer.Field, Is.EqualTo("ref"));
    }

    [TestCase("Team/Api")]
    [TestCase("a%20b")]
    [TestCase("a%0Ab")]
    [TestCase("-oProxyCommand")]
    [TestCase("a//b")]
    [TestCase("%2e%2e/%2e%2e/etc")]
    public async Task Should_refuse_a_name_that_is_none(string name)
    {
        var answer = await _gateway.Admin.PutAsync("v1/images/" + name, new { git = "https://1.1.1.1/a.git", @ref = "main" });

        Assert.That((int)answer.Status, Is.EqualTo(400).Or.EqualTo(404), answer.Text);
        Assert.That(answer.ContentType, Does.StartWith("application/problem+json"));
    }

    [TestCase("git")]
    [TestCase("ref")]
    [TestCase("target")]
    public async Task Should_refuse_ten_thousand_characters(string field)
    {
        var body = new JsonObject { ["git"] = "https://1.1.1.1/a.git", ["ref"] = "main", [field] = new string('a', 10_000) };

        var answer = await _gateway.Admin.PutTextAsync(Path, body.ToJsonString());

        Assert.That(answer.Status, Is.EqualTo(HttpStatusCode.BadRequest), answer.Text);
        Assert.That(answer.Field, Is.EqualTo(field));
        Assert.That(answer.Text, Has.Length.LessThan(2000));
    }

    [Test]
    public async Task Should_leave_nothing_behind() =>
        Assert.That((await _gateway.Admin.GetAsync(Path)).Status, Is.EqualTo(HttpStatusCode.NotFound));
}
