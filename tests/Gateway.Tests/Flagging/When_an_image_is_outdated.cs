using System.Net;
using Builds.Contracts;
using Builds.Parts;

namespace Builds.Gateway.Tests.Flagging;

public sealed class When_an_image_is_outdated
{
    private TheGateway _gateway = null!;

    [OneTimeSetUp]
    public async Task SetUp() => _gateway = await TheGateway.GetAsync();

    [TearDown]
    public void Silence() => _gateway.Graph.IsSilentAbout<ListOutdated>();

    [Test]
    public async Task Should_show_why_and_what_happens_now_until_it_has_caught_up()
    {
        await _gateway.Admin.DefineAsync("flagged/api");
        var build = Guid.NewGuid();
        await Told.OutdatedAsync(_gateway, Told.Flag("flagged/api") with { Through = "registry.test:5000/library/run:2", BuildId = build });

        var flag = (await Told.FlagsAsync(_gateway, "flagged/api")).Single()!;
        var listed = (await _gateway.Admin.GetAsync("v1/images?outdated=true&q=flagged/api")).Json["images"]!.AsArray();
        await Told.CurrentAsync(_gateway, "flagged/api");
        var after = (await _gateway.Admin.GetAsync("v1/images?outdated=true&q=flagged/api")).Json["images"]!.AsArray();

        Assert.That((string?)flag["base"], Is.EqualTo("registry.test:5000/library/os:1"));
        Assert.That((string?)flag["through"], Is.EqualTo("registry.test:5000/library/run:2"));
        Assert.That(((string?)flag["outlook"], (Guid)flag["buildId"]!), Is.EqualTo(("rebuild", build)));
        Assert.That((string?)listed.Single()!["why"]![0]!["evidence"], Is.EqualTo("build record"));
        Assert.That(after, Is.Empty);
    }

    [Test]
    public async Task Should_show_one_that_is_not_built_here()
    {
        await Told.OutdatedAsync(_gateway, Told.Flag("flagged-there/api"));
        var reader = await _gateway.WithScopesAsync("flagged-there", "read");
        var other = await _gateway.WithScopesAsync("flagged-not", "read");

        var page = await reader.GetAsync("v1/images/flagged-there/api");
        var listed = (await reader.GetAsync("v1/images?outdated=true")).Json["images"]!.AsArray();

        Assert.That(page.Status, Is.EqualTo(HttpStatusCode.OK), page.Text);
        Assert.That(page.Json["definition"], Is.Null);
        Assert.That((string?)listed.Single()!["image"], Is.EqualTo("flagged-there/api"));
        Assert.That((await reader.GetAsync("v1/images")).Json["images"]!.AsArray(), Is.Empty, "it is not defined");
        Assert.That((await other.GetAsync("v1/images?outdated=true")).Json["images"]!.AsArray(), Is.Empty);
        await Told.CurrentAsync(_gateway, "flagged-there/api");
        Assert.That((await reader.GetAsync("v1/images/flagged-there/api")).Status, Is.EqualTo(HttpStatusCode.NotFound));
    }

    [Test]
    public async Task Should_be_listed_page_by_page_and_apart_from_what_is_not()
    {
        foreach (var image in new[] { "flagged-pages/a", "flagged-pages/b", "flagged-pages/c" })
            await _gateway.Admin.DefineAsync(image);
        foreach (var image in new[] { "flagged-pages/a", "flagged-pages/c", "flagged-pages/there" })
            await Told.OutdatedAsync(_gateway, Told.Flag(image));
        var reader = await _gateway.WithScopesAsync("flagged-pages", "read");

        var pages = new List<string[]>();
        for (var next = "v1/images?outdated=true&limit=2"; next is not null;)
        {
            var page = (await reader.GetAsync(next)).Json;
            pages.Add([.. page["images"]!.AsArray().Select(one => $"{one!["image"]} {one["why"]!.AsArray().Count}")]);
            next = (string?)page["next"];
        }

        var current = (await reader.GetAsync("v1/images?outdated=false")).Json["images"]!.AsArray();
        var all = (await reader.GetAsync("v1/images")).Json["images"]!.AsArray();
        Assert.That(pages, Is.EqualTo(new[]
        {
            new[] { "flagged-pages/a 1", "flagged-pages/c 1" },
            ["flagged-pages/there 1"],
        }));
        Assert.That(current.Select(one => (string?)one!["image"]), Is.EqualTo(new[] { "flagged-pages/b" }));
        Assert.That(
            all.Select(one => ((string?)one!["image"], (bool)one["outdated"]!)),
            Is.EqualTo(new[] { ("flagged-pages/a", true), ("flagged-pages/b", false), ("flagged-pages/c", true) }));
    }

    [Test]
    public async Task Should_make_good_what_was_missed()
    {
        await Told.OutdatedAsync(_gateway, Told.Flag("flagged/gone"));
        await Told.OutdatedAsync(_gateway, Told.Flag("flagged/stays"));
        _gateway.Graph.Answers<ListOutdated, OutdatedImages>(question => question.After switch
        {
            null => new() { Images = [Told.Flag("flagged/stays")], At = Told.Since.AddHours(2), Next = 7 },
            7 => new() { Images = [Told.Flag("flagged/missed")], At = Told.Since.AddHours(2) },
            _ => null,
        });

        await Wait.UntilAsync("the missed one", async () => (await Told.FlagsAsync(_gateway, "flagged/missed")).Count == 1);
        await Wait.UntilAsync("the other to go", async () => (await Told.FlagsAsync(_gateway, "flagged/gone")).Count == 0);

        Assert.That(await Told.FlagsAsync(_gateway, "flagged/stays"), Has.Count.EqualTo(1));
    }

    [Test]
    public async Task Should_change_nothing_while_half_an_answer_is_missing()
    {
        await Told.OutdatedAsync(_gateway, Told.Flag("flagged/half"));
        var asked = _gateway.Graph.Asked<ListOutdated>().Count;
        _gateway.Graph.Answers<ListOutdated, OutdatedImages>(question =>
            question.After is null ? new() { Images = [], At = Told.Since, Next = 7 } : null);

        await Wait.UntilAsync("two more rounds", () => _gateway.Graph.Asked<ListOutdated>().Count >= asked + 4);

        Assert.That(await Told.FlagsAsync(_gateway, "flagged/half"), Has.Count.EqualTo(1));
    }
}
