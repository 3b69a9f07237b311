using System.Net;
using Builds.Contracts;
using Builds.Parts;
using Builds.Worker.Images;

namespace Builds.Worker.Tests.Images;

[Parallelizable]
public sealed class When_a_registry_takes_some_tags_only
{
    private const string First = "Of the tags of this build 1 had been pushed before (sha256:";

    [Test]
    public async Task Should_say_which_it_has_and_which_it_has_not()
    {
        await using var front = await ImmutableTags.BeforeAsync(RealParts.Registry);
        front.Closed.Add("2");
        using var scenario = Scene(front);

        var failure = await Assert.ThrowsAsync<BuildFailedException>(() => scenario.PushAsync());

        var (repository, registry) = (scenario.Request.Image.Repository, RealParts.Registry);
        Assert.That(failure!.Class, Is.EqualTo(FailureClass.Author));
        Assert.That(failure.Message, Does.Contain($"push to {repository}").And.Contain("the tag is immutable")
            .And.Contain(First).And.Contain("), 2, 3 not."));
        Assert.That(failure.Message, Does.Contain($"({await registry.DigestOfAsync(repository, "1")})"));
        Assert.That(await registry.TagsOfAsync(repository), Is.EqualTo(new[] { "1" }));
    }

    [Test]
    public async Task Should_say_it_too_where_the_fault_is_the_registrys()
    {
        await using var front = await ImmutableTags.BeforeAsync(RealParts.Registry);
        front.Closed.Add("3");
        front.Status = HttpStatusCode.ServiceUnavailable;
        using var scenario = Scene(front);

        await Assert.ThatAsync(() => scenario.PushAsync(),
            Throws.TypeOf<RegistryUnavailableException>().With.Message.Contains("1, 2 had been pushed before (sha256:")
                .And.Message.Contains("), 3 not."));
    }

    [Test]
    public async Task Should_not_speak_of_tags_where_none_has_been_pushed()
    {
        await using var front = await ImmutableTags.BeforeAsync(RealParts.Registry);
        front.Closed.Add("1");
        using var scenario = Scene(front);

        await Assert.ThatAsync(() => scenario.PushAsync(),
            Throws.TypeOf<BuildFailedException>().With.Message.Not.Contains("had been pushed"));
        Assert.That(await RealParts.Registry.DigestOfAsync(scenario.Request.Image.Repository, "2"), Is.Null);
    }

    private static Scenario Scene(ImmutableTags front)
    {
        var scenario = new Scenario()
            .With("Dockerfile", $"FROM {RealParts.Registry.Host}/os:1\nRUN echo {Guid.NewGuid()} > /unique\n");
        scenario.Request = scenario.Request with
        {
            Image = scenario.Request.Image with { Registry = front.Host }, Tags = ["1", "2", "3"],
        };
        return scenario;
    }
}
