using Builds.Parts;

namespace Builds.Flow.Tests.ByHand;

/// <summary>When a base moves, and when that is none.</summary>
public sealed partial class When_images_are_pushed_by_hand
{
    [Test]
    public async Task Should_outdate_nothing_by_a_new_tag_beside_the_old()
    {
        await PushShellAsync("beside/os:1.0", "1");
        await _hand.BuildAsync("beside/api:1", "FROM {beside/os:1.0}", "RUN echo api >/api");
        await _known.StandsOnAsync("beside/api:1", "beside/api:1 → beside/os:1.0 layers");

        await PushShellAsync("beside/os:1.1", "2");
        await _known.HasHeardOfAsync("beside/os:1.1");
        await _known.HasDecidedAsync();
        Assert.That(await _known.OutdatedAsync("beside"), Is.Empty);

        await PushShellAsync("beside/os:1.0", "3");
        await _known.IsOutdatedAsync("beside", "beside/api:1: notDefined, beside/os:1.0");
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task Should_rebuild_nothing_where_a_base_is_deleted(bool byDigest)
    {
        var ns = byDigest ? "gone" : "untagged";
        await PushShellAsync($"{ns}/os:latest", "1");
        await _builds.DefineAsync($"{ns}/api", ("Dockerfile", "FROM {ns}/os:latest"));
        await _hand.BuildAsync($"{ns}/api:latest", $"FROM {{{ns}/os:latest}}", "RUN echo api >/api");
        await _known.StandsOnAsync($"{ns}/api:latest", $"{ns}/api:latest → {ns}/os:latest layers");

        if (byDigest)
            await _builds.Registry.DeleteAsync($"{ns}/os", (await _known.DigestOfAsync($"{ns}/os:latest"))!);
        else
            await UntagAsync($"{ns}/os", "latest");
        await _known.HasHeardOfAsync($"{ns}/os:latest");
        await _known.HasDecidedAsync();
        Assert.That(await _known.DigestOfAsync($"{ns}/os:latest"), Is.Null);
        Assert.That(await _known.OutdatedAsync(ns), Is.Empty);
        Assert.That(await _builds.BuildsOfAsync($"{ns}/api"), Is.Empty);

        await PushShellAsync($"{ns}/os:latest", "2");
        await _known.IsOutdatedAsync(ns, $"{ns}/api:latest: rebuild, {ns}/os:latest");
        await Wait.UntilAsync("a rebuild", async () => (await _builds.BuildsOfAsync($"{ns}/api")).Count > 0);
    }

    [Test]
    public async Task Should_find_outdated_what_stands_on_any_earlier_version()
    {
        var first = await PushShellAsync("often/os:latest", "1");
        await _known.HasHeardOfAsync("often/os:latest");
        List<StackedImage> versions = [first];
        foreach (var version in new[] { "2", "3", "4" })
            versions.Add(await PushShellAsync("often/os:latest", version));
        foreach (var (place, version) in versions.Index())
            await version.With("api").PutAsync(_builds.Registry, $"often/api:{place + 1}");

        await _known.IsOutdatedAsync("often",
            [.. Enumerable.Range(1, 3).Select(place => $"often/api:{place}: notDefined, often/os:latest")]);
        await _known.StandsOnAsync("often/api:4", "often/api:4 → often/os:latest layers");
    }

    [Test]
    public async Task Should_rebuild_nothing_that_was_heard_of_before_the_base_it_stands_on()
    {
        await PushShellAsync("early/os:latest", "1");
        await _builds.DefineAsync("early/api", ("Dockerfile", "FROM early/os:latest"));
        await _hand.BuildAsync("early/api:latest", "FROM {early/os:latest}", "RUN echo api >/api");
        await _known.StandsOnAsync("early/api:latest", "early/api:latest → early/os:latest layers");

        var next = await StackedImage.ShellAsync("early/os:latest 2");
        await next.With("api").PutAsync(_builds.Registry, "early/api:latest");
        await _known.StandsOnAsync("early/api:latest");
        await next.PutAsync(_builds.Registry, "early/os:latest");
        await _known.StandsOnAsync("early/api:latest", "early/api:latest → early/os:latest layers");
        await _known.HasDecidedAsync();
        Assert.That(await _known.OutdatedAsync("early"), Is.Empty);
        Assert.That(await _builds.BuildsOfAsync("early/api"), Is.Empty);

        await PushShellAsync("early/os:latest", "3");
        await _known.IsOutdatedAsync("early", "early/api:latest: rebuild, early/os:latest");
    }

    [TestCase("platform", false)]
    [TestCase("oci", true)]
    public async Task Should_compare_each_platform_by_itself(string ns, bool isOci)
    {
        var amd = await ShellAsync("amd64", "1");
        var arm = await ShellAsync("arm64", "1");
        await StackedImage.PutIndexAsync(_builds.Registry, $"{ns}/os:latest", amd, arm);
        await _hand.BuildAsync($"{ns}/amd:1", $"FROM {{{ns}/os:latest}}", "COPY Dockerfile /");
        await arm.With("arm").PutAsync(_builds.Registry, $"{ns}/arm:1");
        await StackedImage.PutIndexAsync(_builds.Registry, $"{ns}/both:1", amd.With("both"), arm.With("both"));
        foreach (var image in new[] { $"{ns}/amd:1", $"{ns}/arm:1" })
            await _known.StandsOnAsync(image, $"{image} → {ns}/os:latest layers");
        await _known.StandsOnAsync($"{ns}/both:1",
            $"{ns}/both:1 → {ns}/os:latest layers", $"{ns}/both:1 → {ns}/os:latest layers");

        arm = await ShellAsync("arm64", "2");
        await StackedImage.PutIndexAsync(_builds.Registry, $"{ns}/os:latest", amd, arm);
        await _known.IsOutdatedAsync(ns,
            $"{ns}/arm:1: notDefined, {ns}/os:latest", $"{ns}/both:1: notDefined, {ns}/os:latest");

        amd = await ShellAsync("amd64", "2");
        await StackedImage.PutIndexAsync(_builds.Registry, $"{ns}/os:latest", amd, arm);
        await _known.IsOutdatedAsync(ns,
            $"{ns}/amd:1: notDefined, {ns}/os:latest", $"{ns}/arm:1: notDefined, {ns}/os:latest",
            $"{ns}/both:1: notDefined, {ns}/os:latest");

        async Task<StackedImage> ShellAsync(string architecture, string version) =>
            await StackedImage.ShellAsync($"{ns} {architecture} {version}", architecture) with { IsOci = isOci };
    }

    private async Task UntagAsync(string repository, string tag)
    {
        _tags.Remove(repository, tag);
        Assert.That(await _builds.NotifyAsync(Notifications.Of(Notifications.Delete(repository, tag))), Is.EqualTo(202));
    }
}
