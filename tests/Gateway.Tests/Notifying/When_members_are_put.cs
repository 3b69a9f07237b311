using System.Net;

namespace Builds.Gateway.Tests.Notifying;

public sealed class When_members_are_put
{
    private TheGateway _gateway = null!;

    [OneTimeSetUp]
    public async Task SetUp() => _gateway = await TheGateway.GetAsync();

    [Test]
    public async Task Should_show_them_to_those_who_may_define()
    {
        var owner = await _gateway.WithScopesAsync("members", "define");
        var reader = await _gateway.WithScopesAsync("members", "read");
        object body = new { members = new[] { new { name = "Zoë", mail = "zoe@example.org", role = "owner" } } };

        var put = await owner.PutAsync("v1/namespaces/members/members", body);
        var get = await owner.GetAsync("v1/namespaces/members/members");

        Assert.That(put.Status, Is.EqualTo(HttpStatusCode.OK), put.Text);
        var member = get.Json["members"]!.AsArray().Single()!;
        Assert.That(((string?)member["name"], (string?)member["role"]), Is.EqualTo(("Zoë", "owner")));
        Assert.That((await reader.GetAsync("v1/namespaces/members/members")).Status, Is.EqualTo(HttpStatusCode.Forbidden));
        Assert.That((await owner.PutAsync("v1/namespaces/other/members", body)).Status, Is.EqualTo(HttpStatusCode.Forbidden));
        Assert.That((await owner.PutAsync("v1/namespaces/*/members", body)).Status, Is.EqualTo(HttpStatusCode.Forbidden));
        Assert.That((await owner.PutAsync("v1/namespaces/Members/members", body)).Status, Is.EqualTo(HttpStatusCode.BadRequest));
    }

    [TestCase("alice", "no-address", "mail")]
    [TestCase("alice", "", "mail")]
    [TestCase("alice", "a@b, c@d", "mail")]
    [TestCase("alice", "a b@example.org", "mail")]
    [TestCase("alice", "a@example.org\r\nBcc: all@example.org", "mail")]
    [TestCase("alice", "\"a\"@example.org", "mail")]
    [TestCase("alice", "<a@example.org>", "mail")]
    [TestCase("alice\r\nBcc: all@example.org", "a@example.org", "name")]
    [TestCase("  ", "a@example.org", "name")]
    public async Task Should_refuse_what_could_become_a_header(string name, string mail, string field)
    {
        var answer = await _gateway.Admin.PutAsync(
            "v1/namespaces/members-bad/members", new { members = new[] { new { name, mail, role = "owner" } } });

        Assert.That(answer.Status, Is.EqualTo(HttpStatusCode.BadRequest));
        Assert.That(answer.Field, Is.EqualTo($"members[0].{field}"));
    }

    [Test]
    public async Task Should_refuse_one_that_is_there_twice() => Assert.That(
        (await _gateway.Admin.PutAsync("v1/namespaces/members-bad/members", new
        {
            members = new[]
            {
                new { name = "a", mail = "a@example.org", role = "owner" },
                new { name = "b", mail = "A@example.org", role = "viewer" },
            },
        })).Field,
        Is.EqualTo("members[1].mail"));
}
