using System.Net;
using Builds.Parts;

namespace Builds.Worker.Tests.Images.Assumptions;

/// <summary>Docker and its BuildKit do what pulling, building and pushing rest upon.</summary>
[Parallelizable]
public sealed class When_a_daemon_works
{
    [Test]
    public async Task Should_report_a_failed_push_with_200_and_only_in_its_stream()
    {
        var image = $"127.0.0.1:{FreePort.Next()}/team/api";
        await RealParts.Daemon.Http.PostAsync($"images/create?fromImage={RealParts.Registry.Host}/os&tag=1", null);
        await RealParts.Daemon.DockerAsync("tag", $"{RealParts.Registry.Host}/os:1", $"{image}:1");
        using var request = new HttpRequestMessage(HttpMethod.Post, $"images/{image}/push?tag=1");
        request.Headers.Add("X-Registry-Auth", "e30="); // {}

        using var answer = await RealParts.Daemon.Http.SendAsync(request);

        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.OK));
        Assert.That(await answer.Content.ReadAsStringAsync(), Does.Contain("errorDetail").And.Contain("connection refused"));
    }

    [Test]
    public async Task Should_build_from_the_bases_that_it_has_without_asking_their_registry_again()
    {
        await using var proxy = FaultProxy.Before(RealParts.Registry.Port);
        using var scenario = new Scenario().With(
            "Dockerfile",
            $"""
            FROM {proxy.Host}/os:1 AS other
            RUN echo {Guid.NewGuid()} > /made
            FROM {proxy.Host}/os:1
            COPY --from={proxy.Host}/os:1 /etc/passwd /copied
            RUN --mount=from={proxy.Host}/os:1,target=/mounted cat /mounted/etc/passwd
            COPY --from=other /made /made

            """);
        var bases = await scenario.PullAsync();
        await proxy.SetAsync(new Fault.Refuse());

        var image = await scenario.BuildAsync(bases);

        Assert.That(image.Id, Does.StartWith("sha256:"));
        Assert.That(bases.BuildKit, Is.True);
    }

    [Test]
    public async Task Should_keep_what_it_pulled_under_the_digest_that_was_asked_for()
    {
        var digest = await RealParts.Registry.PushNewBaseAsync("kept", "1");
        using var scenario = new Scenario().With("Dockerfile", $"FROM {RealParts.Registry.Host}/kept:1\nRUN cat /etc/version\n");
        var bases = await scenario.PullAsync();
        await RealParts.Registry.PushNewBaseAsync("kept", "1"); // it moves between the pull and the build

        await scenario.BuildAsync(bases);

        Assert.That(bases.Images.Single().Digest, Is.EqualTo(digest));
        Assert.That(
            await RealParts.Daemon.DockerAsync(
                "image", "inspect", $"{RealParts.Registry.Host}/kept:1", "--format", "{{index .RepoDigests 0}}"),
            Does.EndWith(digest));
    }
}
