using System.Net;
using System.Text;
using Builds.Contracts;
using Builds.Parts;
using Builds.Worker.Images;

namespace Builds.Worker.Tests.Images;

[Parallelizable]
public sealed class When_somebody_else_pushes_too
{
    [Test]
    public async Task Should_replace_what_it_is_to_replace()
    {
        using var scenario = Scene();
        var image = scenario.Request.Image.Repository;
        scenario.Request = scenario.Request with { Replaces = await RealParts.Registry.PushNewBaseAsync(image, "1") };

        var pushed = await scenario.PushAsync();

        Assert.That(await RealParts.Registry.DigestOfAsync(image, "1"), Is.EqualTo(pushed.Digest));
    }

    [Test]
    public async Task Should_push_nothing_where_somebody_else_has_pushed_one_of_the_tags_since_it_was_asked_for()
    {
        using var scenario = Scene();
        var (image, registry) = (scenario.Request.Image.Repository, RealParts.Registry);
        var old = await registry.PushNewBaseAsync(image, "1");
        scenario.Request = scenario.Request with { Tags = ["1", "latest"], Replaces = old };
        var others = await registry.PushNewBaseAsync(image, "latest");

        var overtaken = await Assert.ThrowsAsync<OvertakenException>(() => scenario.PushAsync());

        Assert.That(overtaken!.Found, Is.EqualTo(others));
        Assert.That(overtaken.Message, Does.Contain($"{image}:latest").And.Contain(others).And.Contain(old));
        Assert.That(await registry.DigestOfAsync(image, "1"), Is.EqualTo(old));
        Assert.That(await registry.DigestOfAsync(image, "latest"), Is.EqualTo(others));
    }

    [Test]
    public async Task Should_bring_back_no_tag_that_was_deleted_meanwhile()
    {
        using var scenario = Scene();
        scenario.Request = scenario.Request with { Replaces = "sha256:" + new string('a', 64) };

        var overtaken = await Assert.ThrowsAsync<OvertakenException>(() => scenario.PushAsync());

        Assert.That(overtaken!.Found, Is.Empty);
        Assert.That(await RealParts.Registry.DigestOfAsync(scenario.Request.Image.Repository, "1"), Is.Null);
    }

    [Test]
    public async Task Should_replace_what_an_earlier_attempt_at_the_same_build_has_pushed([Values] bool inAnIndex)
    {
        using var scenario = Scene();
        var (image, registry) = (scenario.Request.Image.Repository, RealParts.Registry);
        scenario.Request = scenario.Request with { Replaces = await registry.PushNewBaseAsync(image, "1") };
        var first = await scenario.PushAsync();
        if (inAnIndex)
            await registry.PutManifestAsync(image, "1", Parts.BaseImage.IndexType, Encoding.UTF8.GetBytes($$"""
                {"schemaVersion":2,"mediaType":"{{Parts.BaseImage.IndexType}}","manifests":[
                  {"mediaType":"{{Parts.BaseImage.ManifestType}}","size":1,"digest":"{{first.Digest}}",
                   "platform":{"os":"linux","architecture":"amd64"} } ] }
                """));

        var second = await scenario.With("Dockerfile", Dockerfile()).PushAsync();

        Assert.That(second.Digest, Is.Not.EqualTo(first.Digest));
        Assert.That(await registry.DigestOfAsync(image, "1"), Is.EqualTo(second.Digest));
        scenario.Request = scenario.Request with { BuildId = Guid.NewGuid() };
        Assert.That(
            (await Assert.ThrowsAsync<OvertakenException>(() => scenario.PushAsync()))!.Found, Is.EqualTo(second.Digest),
            "another build's");
    }

    [Test]
    public async Task Should_push_no_tag_more_where_somebody_pushes_it_while_one_before_it_is_pushed()
    {
        await using var front = await ImmutableTags.BeforeAsync(RealParts.Registry);
        using var scenario = Scene(front);
        var (image, registry) = (scenario.Request.Image.Repository, RealParts.Registry);
        var old = await RealParts.PushToAllAsync(image, "1", "2", "3");
        scenario.Request = scenario.Request with { Tags = ["1", "2", "3"], Replaces = old };
        string? others = null;
        front.OnTag = async tag => others ??= tag == "1" ? await registry.PushNewBaseAsync(image, "2") : null;

        var overtaken = await Assert.ThrowsAsync<OvertakenException>(() => scenario.PushAsync());

        Assert.That(await registry.DigestOfAsync(image, "2"), Is.EqualTo(others));
        Assert.That(overtaken!.Found, Is.EqualTo(others));
        Assert.That(overtaken.Message, Does.Contain($"{image}:2 has become {others}")
            .And.Contain($"1 had been pushed before ({await registry.DigestOfAsync(image, "1")}), 2, 3 not.")
            .And.Not.Contain("Nothing was pushed"));
        Assert.That(scenario.Before.Digests["1"], Is.EqualTo(old), "what it is put back to");
    }

    [Test]
    public async Task Should_push_nothing_where_somebody_does_between_two_tries()
    {
        await using var front = await ImmutableTags.BeforeAsync(RealParts.Registry);
        front.Status = HttpStatusCode.ServiceUnavailable;
        using var scenario = Scene(front);
        var (image, registry) = (scenario.Request.Image.Repository, RealParts.Registry);
        scenario.Request = scenario.Request with { Replaces = await registry.PushNewBaseAsync(image, "1") };
        string? others = null;
        front.OnTag = async tag =>
        {
            front.Closed.Clear(); // the second try would be let through
            if (others is not null)
                return;
            front.Closed.Add(tag);
            others = await registry.PushNewBaseAsync(image, tag);
        };

        var overtaken = await Assert.ThrowsAsync<OvertakenException>(() => scenario.PushAsync());

        Assert.That(await registry.DigestOfAsync(image, "1"), Is.EqualTo(others));
        Assert.That(overtaken!.Message, Does.Contain(others).And.EndsWith("Nothing was pushed."));
    }

    [Test]
    public async Task Should_know_what_the_tags_were_before_whoever_had_pushed_that()
    {
        using var scenario = Scene();
        var image = scenario.Request.Image.Repository;
        var others = await RealParts.Registry.PushNewBaseAsync(image, "1");
        scenario.Request = scenario.Request with { Tags = ["1", "new"] };

        await scenario.PushAsync();

        Assert.That(scenario.Before.Digests, Is.EqualTo(new Dictionary<string, string> { ["1"] = others }));
    }

    [Test]
    public async Task Should_not_take_what_an_earlier_attempt_has_pushed_for_what_was_there_before()
    {
        using var scenario = Scene();
        await RealParts.Registry.PushNewBaseAsync(scenario.Request.Image.Repository, "1");
        await scenario.PushAsync();

        await scenario.PushAsync(await scenario.With("Dockerfile", Dockerfile()).BuildAsync(), attempt: 2);

        Assert.That(scenario.Before.Digests, Is.Empty, "what was before that nobody knows any more");
        Assert.That(scenario.Before.Own, Is.EqualTo(new[] { "1" }));
    }

    private static string Dockerfile() => $"FROM {RealParts.Registry.Host}/os:1\nRUN echo {Guid.NewGuid()} > /unique\n";

    private static Scenario Scene(ImmutableTags? front = null)
    {
        var scenario = new Scenario().With("Dockerfile", Dockerfile());
        if (front is not null)
            scenario.Request = scenario.Request with { Image = scenario.Request.Image with { Registry = front.Host } };
        return scenario;
    }
}
