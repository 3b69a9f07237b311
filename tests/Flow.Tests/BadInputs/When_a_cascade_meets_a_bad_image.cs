using System.Net.Http.Json;
using System.Text.Json;
using Builds.Flow.Tests.ByHand;
using Builds.Parts;

namespace Builds.Flow.Tests.BadInputs;

/// <summary>One that cannot be rebuilt, or is not to be any more, keeps nobody else waiting.</summary>
public sealed class When_a_cascade_meets_a_bad_image
{
    private MailServer _mail = null!;
    private People _people = null!;
    private Installation _builds = null!;
    private FaultProxy _source = null!;
    private Known _known = null!;

    [OneTimeSetUp]
    public async Task An_installation_with_a_graph()
    {
        _mail = await MailServer.StartAsync("none");
        _people = new People(_mail);
        _builds = await Installation.StartAsync(new InstallationOptions
        {
            Graph = true,
            GatewaySettings = _people.Settings,
            GraphTrackerSettings = new Dictionary<string, string> { ["Cascades:SettleSeconds"] = "0" },
        });
        _source = FaultProxy.Before(_builds.Git.Url.Port);
        _known = new Known(_builds);
    }

    [OneTimeTearDown]
    public async Task Gone()
    {
        if (_source is not null)
            await _source.DisposeAsync();
        if (_builds is not null)
            await _builds.DisposeAsync();
        if (_mail is not null)
            await _mail.DisposeAsync();
    }

    [TearDown]
    public Task The_next_is_served() => _builds.NextIsServedAsync();

    [Test]
    public async Task Should_leave_alone_what_is_forgotten_in_the_middle()
    {
        await PushAsync("forgotten/os", "one");
        await BuildAsync("forgotten/low", "FROM {forgotten/os}\nRUN echo low >/low", isHeld: true);
        await BuildAsync("forgotten/mid", "FROM {forgotten/low}\nRUN echo mid >/mid");
        await BuildAsync("forgotten/top", "FROM {forgotten/mid}\nRUN echo top >/top");
        await BuildAsync("forgotten/side", "FROM {forgotten/os}\nRUN echo side >/side");

        await _source.SetAsync(new Fault.Hang());
        await PushAsync("forgotten/os", "two");
        await Wait.UntilAsync("a rebuild of low", async () => (await RebuildsAsync("forgotten/low")).Count > 0);
        foreach (var image in new[] { "forgotten/low", "forgotten/mid" })
            (await _builds.Api.DeleteAsync($"v1/images/{image}")).EnsureSuccessStatusCode();
        await _source.SetAsync(new Fault.Pass());

        await _known.IsOutdatedAsync("forgotten",
            "forgotten/mid:latest: notDefined, forgotten/low:latest",
            "forgotten/top:latest: ancestor, forgotten/low:latest through forgotten/mid:latest");
        await _known.HasDecidedAsync();
        Assert.That(await RebuildsAsync("forgotten/low"), Is.EqualTo(new[] { "succeeded" }), "it had begun");
        Assert.That(await RebuildsAsync("forgotten/mid"), Is.Empty);
        Assert.That(await RebuildsAsync("forgotten/top"), Is.Empty);
        Assert.That(await RebuildsAsync("forgotten/side"), Is.EqualTo(new[] { "succeeded" }));
    }

    [Test]
    public async Task Should_block_what_stands_on_one_that_fails_until_it_is_mended_and_resumed()
    {
        await People.JoinAsync(_builds, "fails");
        await PushAsync("fails/os", "one");
        var source = await BuildAsync("fails/bad", "FROM {fails/os}\nRUN grep -q one /etc/version", followsRef: true);
        await BuildAsync("fails/above", "FROM {fails/bad}\nRUN echo above >/above");
        await BuildAsync("fails/side", "FROM {fails/os}\nRUN echo side >/side");

        await PushAsync("fails/os", "two");
        string[] blocked =
        [
            "fails/bad:latest: failed, fails/os:latest",
            "fails/above:latest: blocked, fails/os:latest through fails/bad:latest",
        ];
        await _known.IsOutdatedAsync("fails", blocked);
        Assert.That(await RebuildsAsync("fails/side"), Is.EqualTo(new[] { "succeeded" }));
        Assert.That(await RebuildsAsync("fails/above"), Is.Empty);
        var above = (await _builds.OutdatedAsync()).Single(flag => flag.Image == "fails/above").Flag;
        Assert.That(above.GetProperty("next").GetString(), Does.Match("blocked by .*fails/bad:latest: its rebuild has failed: .*grep"));
        await IsToldThatItFailedAsync("fails/bad", "fails/above");

        await ResumeAsync("fails/os"); // too early: nobody has mended anything
        await Wait.UntilAsync("it fails once more", async () => (await RebuildsAsync("fails/bad")).Count(state => state == "failed") == 2);
        await _known.IsOutdatedAsync("fails", blocked);
        await source.CommitAsync(("Dockerfile", Written("FROM {fails/os}\nRUN grep -q two /etc/version")));
        await ResumeAsync("fails/os");

        await _known.IsOutdatedAsync("fails");
        Assert.That(await RebuildsAsync("fails/bad"), Is.EquivalentTo(new[] { "failed", "failed", "succeeded" }));
        Assert.That(await RebuildsAsync("fails/above"), Is.EqualTo(new[] { "succeeded" }));
        Assert.That(await RebuildsAsync("fails/side"), Has.Count.EqualTo(1));
    }

    [Test]
    public async Task Should_not_follow_an_image_that_is_its_own_base()
    {
        await PushAsync("self/loop", "one");
        await BuildAsync("self/loop", "FROM {self/loop}\nRUN echo loop >>/loop");

        await _known.IsOutdatedAsync("self", "self/loop:latest: cycle, self/loop:latest");
        await _known.HasDecidedAsync();
        Assert.That(await _builds.BuildsOfAsync("self/loop"), Has.Count.EqualTo(1));
    }

    [Test]
    public async Task Should_not_follow_two_that_are_each_others_base()
    {
        await PushAsync("ring/a", "one");
        await PushAsync("ring/b", "one");
        await BuildAsync("ring/a", "FROM {ring/b}\nRUN echo a >>/a");
        await BuildAsync("ring/b", "FROM {ring/a}\nRUN echo b >>/b");

        await _known.IsOutdatedAsync("ring", "ring/a:latest: cycle, ring/b:latest");
        await _known.HasDecidedAsync();
        foreach (var image in new[] { "ring/a", "ring/b" })
            Assert.That(await _builds.BuildsOfAsync(image), Has.Count.EqualTo(1), image);
    }

    private async Task IsToldThatItFailedAsync(string image, string above)
    {
        var build = (await _builds.BuildsOfAsync(image)).First(one => one.CauseKind == "cascade");
        var (failed, held) = ($"{_builds.Registry.Host}/{image}:latest", $"{_builds.Registry.Host}/{above}:latest");
        var letter = await Wait.ForAsync("the mail about the rebuild that failed", () => Task.FromResult(
            _people.To(People.Contributor).FirstOrDefault(letter =>
                letter.Images.TryGetValue(failed, out var facts) && facts["now"].Contains("failed", StringComparison.Ordinal))));

        Assert.That(letter.Images[failed]["rebuild"], Is.EqualTo($"failed: {build.Reason}"));
        var letters = _people.To(People.Contributor);
        Assert.That(letters.Any(one => one.Images.TryGetValue(held, out var facts) && facts["now"].Contains("blocked by")));
        Assert.That(letters.Select(one => one.Subject), Has.Some.Contains("not rebuilt"));
        Assert.That(_people.To(People.Viewer), Is.Empty);
    }

    private async Task PushAsync(string image, string version) =>
        await (await StackedImage.ShellAsync($"{image} {version}\n")).PutAsync(_builds.Registry, $"{image}:latest");

    /// <summary>Defines it, and builds it for the first time.</summary>
    /// <param name="isHeld">Its source is reached where it can be held.</param>
    private async Task<GitRepository> BuildAsync(
        string image, string dockerfile, bool isHeld = false, bool followsRef = false)
    {
        var repository = await _builds.DefineAsync(image, ("Dockerfile", Written(dockerfile)));
        if (isHeld || followsRef)
            await _builds.DefineAsync(image, new
            {
                git = isHeld ? $"http://{_source.Host}/{repository.Name}" : _builds.Git.UrlOf(repository).ToString(),
                @ref = "main", tags = new[] { "latest" },
                rebuild = new { source = followsRef ? "followRef" : "asBuilt" },
            });
        var build = await _builds.EndOfAsync(await _builds.RequestAsync(image));
        Assert.That(build.State, Is.EqualTo("succeeded"), build.Json.ToString());
        await _known.HasHeardOfAsync($"{image}:latest");
        return repository;
    }

    private string Written(string dockerfile) => dockerfile
        .Replace("{", _builds.Registry.Host + "/", StringComparison.Ordinal)
        .Replace("}", ":latest", StringComparison.Ordinal);

    /// <summary>The state of each.</summary>
    private async Task<List<string>> RebuildsAsync(string image) =>
        [.. (await _builds.BuildsOfAsync(image)).Where(build => build.CauseKind == "cascade").Select(build => build.State)];

    private async Task ResumeAsync(string root)
    {
        var page = await _builds.Api.GetFromJsonAsync<JsonElement>("v1/cascades");
        var cascade = page.GetProperty("cascades").EnumerateArray()
            .Single(one => one.GetProperty("root").GetString() == $"{_builds.Registry.Host}/{root}:latest");
        Assert.That(cascade.GetProperty("state").GetString(), Is.EqualTo("blocked"));
        var path = $"v1/cascades/{cascade.GetProperty("cascadeId").GetString()}/resume";
        using var answer = await _builds.Api.PostAsync(path, content: null);
        Assert.That((int)answer.StatusCode, Is.EqualTo(202), await answer.Content.ReadAsStringAsync());
    }
}
