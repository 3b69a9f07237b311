namespace Builds.Flow.Tests.ByHand;

/// <summary>Images that nobody has built here, by a registry that notifies: their layers are all that tells.</summary>
public sealed partial class When_images_are_pushed_by_hand : IDisposable
{
    private readonly TagsOnDisk _tags = new();
    private Installation _builds = null!;
    private Hand _hand = null!;
    private Known _known = null!;

    [OneTimeSetUp]
    public async Task An_installation_without_workers()
    {
        _builds = await Installation.StartAsync(new InstallationOptions
        {
            Workers = 0,
            Graph = true,
            Registry = _tags.Options,
            GraphTrackerSettings = new Dictionary<string, string> { ["Cascades:SettleSeconds"] = "0" },
        });
        _hand = new Hand(_builds.Engine!, _builds.Registry);
        _known = new Known(_builds);
    }

    [OneTimeTearDown]
    public async Task Gone()
    {
        if (_builds is not null)
            await _builds.DisposeAsync();
    }

    public void Dispose() => _tags.Dispose();

    [Test]
    public async Task Should_name_every_alias_of_one_digest()
    {
        await _hand.BuildAsync("alias/os:1", "FROM {library/busybox:1}", "RUN echo 1 >/etc/version");
        await _hand.TagAsync("alias/os:1", "alias/os:latest");
        await _hand.TagAsync("alias/os:1", "alias/mirror:1");
        await _hand.BuildAsync("alias/api:1", "FROM {alias/os:1}", "RUN echo api >/api");
        await _hand.TagAsync("alias/api:1", "alias/api:latest");

        string[] aliases = ["alias/mirror:1", "alias/os:1", "alias/os:latest"];
        foreach (var api in new[] { "alias/api:1", "alias/api:latest" })
            await _known.StandsOnAsync(api, [
                .. aliases.Select(os => $"{api} → {os} layers"),
                .. aliases.Select(os => $"{os} → library/busybox:1 layers"),
            ]);
        Assert.That(await _known.DigestOfAsync("alias/os:1"), Is.EqualTo(await _known.DigestOfAsync("alias/mirror:1")));

        await _hand.BuildAsync("alias/os:latest", "FROM {library/busybox:1}", "RUN echo 2 >/etc/version");
        await _known.IsOutdatedAsync("alias",
            "alias/api:1: notDefined, alias/os:latest", "alias/api:latest: notDefined, alias/os:latest");
    }

    [Test]
    public async Task Should_not_guess_who_stands_on_whom_where_the_layers_are_the_same()
    {
        await PushShellAsync("same/os:latest", "1");
        await _hand.BuildAsync("same/one:1", "FROM {same/os:latest}", "LABEL one=1");
        await _hand.BuildAsync("same/two:1", "FROM {same/os:latest}", "LABEL two=2");
        var bare = await StackedImage.ReadAsync(_builds.Registry, "same/one:1");
        await bare.PutAsync(_builds.Registry, "same/bare:1");

        await _known.StandsOnAsync("same/one:1", "same/one:1 → same/os:latest layers");
        await _known.StandsOnAsync("same/two:1", "same/two:1 → same/os:latest layers");
        await _known.StandsOnAsync("same/os:latest");
        await _known.StandsOnAsync("same/bare:1");
        var same = (await _known.TagAsync("same/bare:1")).GetProperty("sameLayers").EnumerateArray();
        Assert.That(same.Select(one => _known.Bare(one.GetString()!)),
            Is.EquivalentTo(new[] { "same/one:1", "same/os:latest", "same/two:1" }));

        await PushShellAsync("same/os:latest", "2");
        await _known.IsOutdatedAsync("same",
            "same/one:1: notDefined, same/os:latest", "same/two:1: notDefined, same/os:latest");
    }

    [Test]
    public async Task Should_know_nothing_of_an_image_that_was_exported_and_imported()
    {
        await PushShellAsync("flat/os:latest", "1");
        await _hand.BuildAsync("flat/api:1", "FROM {flat/os:latest}", "RUN echo api >/api");
        await _hand.FlattenAsync("flat/api:1", "flat/flat:1");

        await _known.StandsOnAsync("flat/api:1", "flat/api:1 → flat/os:latest layers");
        await _known.StandsOnAsync("flat/flat:1");
        await PushShellAsync("flat/os:latest", "2");
        await _known.IsOutdatedAsync("flat", "flat/api:1: notDefined, flat/os:latest");
    }

    [Test]
    public async Task Should_take_of_two_bases_with_the_same_bottom_the_one_that_is_whole()
    {
        await PushShellAsync("bottom/os:1", "1");
        await _hand.BuildAsync("bottom/python:3", "FROM {bottom/os:1}", "RUN echo python >/python");
        await _hand.BuildAsync("bottom/node:20", "FROM {bottom/os:1}", "RUN echo node >/node");
        await _hand.BuildAsync("bottom/api:1", "FROM {bottom/python:3}", "RUN echo api >/api");
        await _hand.BuildAsync("bottom/web:1", "FROM {bottom/node:20}", "RUN echo web >/web");
        await _known.StandsOnAsync("bottom/api:1",
            "bottom/api:1 → bottom/python:3 layers", "bottom/python:3 → bottom/os:1 layers");
        await _known.StandsOnAsync("bottom/web:1",
            "bottom/web:1 → bottom/node:20 layers", "bottom/node:20 → bottom/os:1 layers");

        await _hand.BuildAsync("bottom/node:20", "FROM {bottom/os:1}", "RUN echo newer >/node");
        await _known.IsOutdatedAsync("bottom", "bottom/web:1: notDefined, bottom/node:20");
        await PushShellAsync("bottom/os:1", "2");
        await _known.IsOutdatedAsync("bottom",
            "bottom/python:3: notDefined, bottom/os:1", "bottom/node:20: notDefined, bottom/os:1",
            "bottom/web:1: notDefined, bottom/node:20", "bottom/api:1: notDefined, bottom/os:1 through bottom/python:3");
    }

    [Test]
    public async Task Should_read_a_rebased_image_anew()
    {
        var old = await PushShellAsync("rebased/os:latest", "1");
        await _hand.BuildAsync("rebased/api:1", "FROM {rebased/os:latest}", "RUN echo api >/api");
        await _known.StandsOnAsync("rebased/api:1", "rebased/api:1 → rebased/os:latest layers");
        var @new = await PushShellAsync("rebased/os:latest", "2");
        await _known.IsOutdatedAsync("rebased", "rebased/api:1: notDefined, rebased/os:latest");

        var api = await StackedImage.ReadAsync(_builds.Registry, "rebased/api:1");
        await api.Rebased(old, @new).PutAsync(_builds.Registry, "rebased/api:1");
        await _known.StandsOnAsync("rebased/api:1", "rebased/api:1 → rebased/os:latest layers");
        await _known.IsOutdatedAsync("rebased");
    }

    private async Task<StackedImage> PushShellAsync(string image, string version)
    {
        var shell = await StackedImage.ShellAsync($"{image} {version}"); // no other test's
        await shell.PutAsync(_builds.Registry, image);
        return shell;
    }
}
