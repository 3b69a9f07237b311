using Builds.Parts;
using Builds.Worker.Images;

namespace Builds.Worker.Tests.Images;

[Parallelizable]
public sealed class When_a_push_is_put_right
{
    [Test]
    public async Task Should_put_the_newest_back_where_it_has_pushed_late()
    {
        using var scenario = Scene();
        var (image, registry) = (scenario.Request.Image, RealParts.Registry);
        var newest = await registry.PushNewBaseAsync(image.Repository, "newest");
        var late = await scenario.BuildAsync();
        await scenario.PushAsync(late);

        Assert.That(await KeepAsync());
        Assert.That(await registry.DigestOfAsync(image.Repository, "1"), Is.EqualTo(newest));
        Assert.That(await KeepAsync(), Is.False);

        Task<bool> KeepAsync() => scenario.Tags.KeepAsync(
            image, "1", newest, late.Id, null, scenario.Credentials, CancellationToken.None);
    }

    [Test]
    public async Task Should_leave_alone_what_somebody_else_has_pushed_meanwhile()
    {
        using var scenario = Scene();
        var (image, registry) = (scenario.Request.Image, RealParts.Registry);
        var newest = await registry.PushNewBaseAsync(image.Repository, "newest");
        var late = await scenario.BuildAsync();
        await scenario.PushAsync(late);
        var others = await registry.PushNewBaseAsync(image.Repository, "1");

        Assert.That(await scenario.Tags.KeepAsync(
            image, "1", newest, late.Id, null, scenario.Credentials, CancellationToken.None), Is.False);
        Assert.That(await registry.DigestOfAsync(image.Repository, "1"), Is.EqualTo(others));
    }

    [Test]
    public async Task Should_put_back_too_what_an_earlier_attempt_has_pushed_before_it_was_overtaken()
    {
        using var scenario = Scene();
        var (image, registry) = (scenario.Request.Image, RealParts.Registry);
        var old = await RealParts.PushToAllAsync(image.Repository, "1", "2", "3");
        scenario.Request = scenario.Request with { Tags = ["1", "3"], Replaces = old };
        var first = await scenario.PushAsync();
        var others = await registry.PushNewBaseAsync(image.Repository, "2");
        scenario.Request = scenario.Request with { Tags = ["1", "2", "3"] };
        var second = await scenario.With("Dockerfile", Dockerfile()).BuildAsync();

        var overtaken = await Assert.ThrowsAsync<OvertakenException>(() => scenario.PushAsync(second, attempt: 2));

        Assert.That(overtaken!.Message, Does.Contain(others)
            .And.EndWith($"An earlier attempt at this build had pushed 1, 3, which is put back to {old}. Nothing else was pushed."));
        foreach (var tag in new[] { "1", "3" })
        {
            Assert.That(scenario.Before.Digests[tag], Is.EqualTo(old));
            Assert.That(await KeepAsync(tag, null), Is.False, "another attempt may be pushing it");
            Assert.That(await registry.DigestOfAsync(image.Repository, tag), Is.EqualTo(first.Digest));
            Assert.That(await KeepAsync(tag, scenario.Request.BuildId));
            Assert.That(await registry.DigestOfAsync(image.Repository, tag), Is.EqualTo(old));
        }

        Assert.That(await KeepAsync("2", scenario.Request.BuildId), Is.False);
        Assert.That(await registry.DigestOfAsync(image.Repository, "2"), Is.EqualTo(others));

        Task<bool> KeepAsync(string tag, Guid? build) => scenario.Tags.KeepAsync(
            image, tag, old, second.Id, build, scenario.Credentials, CancellationToken.None);
    }

    [Test]
    public async Task Should_leave_alone_a_tag_that_is_not_there_and_one_whose_image_is_gone()
    {
        using var scenario = Scene();
        var late = await scenario.BuildAsync();
        await scenario.PushAsync(late);
        var gone = "sha256:" + new string('a', 64);

        foreach (var tag in new[] { "none", "1" })
            Assert.That(await scenario.Tags.KeepAsync(
                scenario.Request.Image, tag, gone, late.Id, null, scenario.Credentials, CancellationToken.None), Is.False);
    }

    private static string Dockerfile() => $"FROM {RealParts.Registry.Host}/os:1\nRUN echo {Guid.NewGuid()} > /unique\n";

    private static Scenario Scene() => new Scenario().With("Dockerfile", Dockerfile());
}
