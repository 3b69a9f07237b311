using System.Net;
using System.Text.Json.Nodes;

namespace Builds.Gateway.Tests.Defining;

public sealed class When_an_image_is_defined
{
    private static readonly object Definition = new { git = "https://1.1.1.1/team/api.git", @ref = "main" };

    private TheGateway _gateway = null!;

    [OneTimeSetUp]
    public async Task SetUp() => _gateway = await TheGateway.GetAsync();

    [Test]
    public async Task Should_show_it_with_its_defaults()
    {
        var put = await _gateway.Admin.PutAsync("v1/images/defined/shown", Definition);
        var get = await _gateway.Admin.GetAsync("v1/images/defined/shown");

        Assert.That(put.Status, Is.EqualTo(HttpStatusCode.Created), put.Text);
        Assert.That(get.Status, Is.EqualTo(HttpStatusCode.OK), get.Text);
        Assert.That(get.Json["registry"]!.GetValue<string>(), Is.EqualTo(TheGateway.Registry));
        Assert.That(get.Json["definition"]!.ToJsonString(), Is.EqualTo("""
            {"git":"https://1.1.1.1/team/api.git","ref":"main","context":".","submodules":false,"tags":["latest"],
            "registry":"registry.test:5000","rebuild":{"on":"everyFrom","source":"asBuilt"}}
            """.ReplaceLineEndings("")));
    }

    [Test]
    public async Task Should_publish_each_change_once_with_a_growing_version()
    {
        await _gateway.Admin.PutAsync("v1/images/defined/versions", Definition);
        var same = await _gateway.Admin.PutAsync("v1/images/defined/versions", Definition);
        await _gateway.Admin.PutAsync("v1/images/defined/versions", new { git = "https://1.1.1.1/a.git", @ref = "next" });
        var gone = await _gateway.Admin.DeleteAsync("v1/images/defined/versions");
        await _gateway.Admin.PutAsync("v1/images/defined/versions", Definition);

        await _gateway.Amqp.WaitForAsync("image-defined", one => IsOf(one, "defined/versions") && Version(one) == 4);
        var forgotten = await _gateway.Amqp.WaitForAsync("image-forgotten", one => IsOf(one, "defined/versions"));

        Assert.That(same.Status, Is.EqualTo(HttpStatusCode.OK));
        Assert.That(gone.Status, Is.EqualTo(HttpStatusCode.NoContent));
        Assert.That(Version(forgotten), Is.EqualTo(3));
        Assert.That(
            _gateway.Amqp.Seen("image-defined").Where(one => IsOf(one, "defined/versions")).Select(Version),
            Is.EquivalentTo(new[] { 1, 2, 4 }));
    }

    [Test]
    public async Task Should_forget_it_and_then_not_know_it()
    {
        await _gateway.Admin.DefineAsync("defined/forgotten");
        await _gateway.Admin.DeleteAsync("v1/images/defined/forgotten");

        var get = await _gateway.Admin.GetAsync("v1/images/defined/forgotten");
        var again = await _gateway.Admin.DeleteAsync("v1/images/defined/forgotten");

        Assert.That(get.Status, Is.EqualTo(HttpStatusCode.NotFound));
        Assert.That(get.Detail, Does.Contain("PUT /v1/images/defined/forgotten"));
        Assert.That(again.Status, Is.EqualTo(HttpStatusCode.NotFound));
    }

    [Test]
    public async Task Should_keep_the_same_name_in_another_registry_apart()
    {
        await _gateway.Admin.PutAsync("v1/images/defined/two", Definition);
        await _gateway.Admin.PutAsync("v1/images/defined/two?registry=other.test", new { git = "https://1.1.1.1/o.git", @ref = "o" });

        var here = await _gateway.Admin.GetAsync("v1/images/defined/two");
        var there = await _gateway.Admin.GetAsync("v1/images/defined/two?registry=other.test");

        Assert.That(here.Json["definition"]!["ref"]!.GetValue<string>(), Is.EqualTo("main"));
        Assert.That(there.Json["definition"]!["ref"]!.GetValue<string>(), Is.EqualTo("o"));
    }

    [Test]
    public async Task Should_list_them_page_by_page_and_by_a_part_of_the_name()
    {
        foreach (var name in new[] { "a", "b", "c", "d", "e" })
            await _gateway.Admin.DefineAsync($"listed/page-{name}");

        var names = new List<string>();
        for (var next = "v1/images?q=PAGE-&limit=2"; next is not null;)
        {
            var page = await _gateway.Admin.GetAsync(next);
            Assert.That(page.Status, Is.EqualTo(HttpStatusCode.OK), page.Text);
            names.AddRange(page.Json["images"]!.AsArray().Select(one => one!["image"]!.GetValue<string>()));
            next = page.Json["next"]?.GetValue<string>();
        }

        Assert.That(names, Is.EqualTo(new[] { "a", "b", "c", "d", "e" }.Select(name => $"listed/page-{name}")));
    }

    [Test]
    public async Task Should_list_only_what_the_token_may_read_and_what_is_outdated()
    {
        await _gateway.Admin.DefineAsync("listed-here/one");
        await _gateway.Admin.DefineAsync("listed-there/one");
        var here = await _gateway.WithScopesAsync("listed-here", "read");

        var mine = await here.GetAsync("v1/images");
        var outdated = await here.GetAsync("v1/images?outdated=true");
        var bad = await here.GetAsync("v1/images?cursor=nonsense");

        Assert.That(mine.Status, Is.EqualTo(HttpStatusCode.OK), mine.Text);
        Assert.That(
            mine.Json["images"]!.AsArray().Select(one => one!["image"]!.GetValue<string>()),
            Is.EqualTo(new[] { "listed-here/one" }));
        Assert.That(outdated.Json["images"]!.AsArray(), Is.Empty);
        Assert.That(bad.Field, Is.EqualTo("cursor"));
    }

    private static bool IsOf(JsonNode message, string image) => message["image"]!["repository"]!.GetValue<string>() == image;

    private static int Version(JsonNode message) => message["version"]!.GetValue<int>();
}
