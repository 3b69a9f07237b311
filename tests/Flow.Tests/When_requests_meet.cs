using System.Net;
using System.Text.Json;
using Builds.Contracts.Tests;
using Builds.Contracts.Tests.Publishing;
using Builds.Parts;

namespace Builds.Flow.Tests;

public sealed class When_requests_meet
{
    private Installation _builds = null!;
    private Outcomes _outcomes = null!;
    private Publisher _portus = null!;

    [OneTimeSetUp]
    public async Task An_installation()
    {
        _builds = await Installation.StartAsync(new InstallationOptions { Provider = "dockerd", Workers = 2 });
        _outcomes = await Outcomes.ListenAsync(_builds.Broker);
        _portus = await Publisher.ConnectAsync(_builds.Broker);
    }

    [OneTimeTearDown]
    public async Task Gone()
    {
        await _portus.DisposeAsync();
        await _outcomes.DisposeAsync();
        await _builds.DisposeAsync();
    }

    private string From => $"FROM {_builds.Registry.Host}/library/busybox:1\n";

    [Test]
    public async Task Should_build_once_what_was_published_five_times()
    {
        var repository = await _builds.Git.CreateRepositoryAsync("five.git");
        await repository.CommitAsync(("Dockerfile", From + "RUN echo five\n"));

        var id = await _portus.RequestAsync("team/five", _builds.Git.UrlOf(repository).ToString(), times: 5);
        var build = await _builds.EndOfAsync(id);

        Assert.That((build.State, build.Attempt), Is.EqualTo(("succeeded", 1)), build.Json.ToString());
        await Wait.UntilAsync("all five are dealt with", async () => await QueueIsEmptyAsync("worker.build-requested"));
        Assert.That(await _outcomes.OfAsync(id), Is.EqualTo(new[] { $"1 succeeded {build.Digest}" }));
    }

    [Test]
    public async Task Should_leave_the_tag_at_the_later_request()
    {
        var repository = await _builds.Git.CreateRepositoryAsync("race.git");
        var first = await repository.CommitAsync(("Dockerfile", From + "RUN echo first && sleep 3\n"));
        await repository.BranchAsync("earlier", first);
        var second = await repository.CommitAsync(("Dockerfile", From + "RUN echo second\n"));
        await repository.BranchAsync("later", second);
        var git = _builds.Git.UrlOf(repository).ToString();

        var earlier = await _portus.RequestAsync("team/race", git, "earlier");
        var later = await _portus.RequestAsync("team/race", git, "later");
        await _builds.EndOfAsync(earlier);
        var last = await _builds.EndOfAsync(later);

        Assert.That(last.State, Is.EqualTo("succeeded"), last.Json.ToString());
        Assert.That(await _builds.Registry.DigestOfAsync("team/race", "latest"), Is.EqualTo(last.Digest));
        var labels = await _builds.Registry.LabelsOfAsync("team/race", "latest");
        Assert.That(labels["org.opencontainers.image.revision"], Is.EqualTo(second));
    }

    [TestCase("no json at all")]
    [TestCase("[]")]
    [TestCase("""{"buildId":"{id}","tags":["latest"],{rest}}""")]
    [TestCase("""{"buildId":"{id}","image":null,"tags":["latest"],{rest}}""")]
    [TestCase("""{"buildId":"{id}","image":{"repository":"a/b"},"tags":["latest"],{rest},"cause":{"kind":1}}""")]
    [TestCase("""
        {"buildId":"{id}","image":{"repository":"A b"},"tags":["--latest"],
         "source":{"git":"ext::sh -c id","ref":"-oProxyCommand=x"},"requestedAt":"2026-01-01T00:00:00Z"}
        """)]
    public async Task Should_serve_the_next_after_one_that_cannot_be_built(string body)
    {
        const string rest = """
            "source":{"git":"https://git.example.org/a.git","ref":"main"},"requestedAt":"2026-01-01T00:00:00Z"
            """;
        var id = Guid.NewGuid();
        var repository = await _builds.Git.CreateRepositoryAsync($"next-{id:N}.git");
        await repository.CommitAsync(("Dockerfile", From + "RUN echo next\n"));

        await _portus.SendAsync(body.Replace("{id}", id.ToString()).Replace("{rest}", rest));
        var next = await _portus.RequestAsync($"team/next-{id:N}", _builds.Git.UrlOf(repository).ToString());

        Assert.That((await _builds.EndOfAsync(next)).State, Is.EqualTo("succeeded"));
        if (body.Contains("{id}"))
        {
            var outcome = (await _outcomes.OfAsync(id)).Single();
            Assert.That(outcome, Does.StartWith("0 failed"), "its publisher is not left in silence");
        }
    }

    [Test]
    public async Task Should_answer_the_ruby_script_of_the_README()
    {
        var repository = await _builds.Git.CreateRepositoryAsync("ruby.git");
        await repository.CommitAsync(("Dockerfile", From + "RUN echo asked for by ruby\n"));

        var ended = await RubyPublisher.RequestAsync(
            Path.Combine(Repository.Root, "docs/examples/request_build.rb"),
            _builds.Broker.Address,
            ("team/ruby", _builds.Git.UrlOf(repository).ToString(), "main", "latest"),
            ("BUILD_LIMIT", "120"));

        Assert.That(ended.ExitCode, Is.Zero, ended.Errors);
        Assert.That(string.Join('\n', ended.Lines), Does.Contain("asked for by ruby"));
        Assert.That(ended.Outcome, Does.Contain(await _builds.Registry.DigestOfAsync("team/ruby", "latest")));
    }

    private async Task<bool> QueueIsEmptyAsync(string queue)
    {
        using var answer = await _builds.Broker.Http.GetAsync(new Uri(_builds.Broker.Management, $"api/queues/%2F/{queue}"));
        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.OK));
        using var body = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        return body.RootElement.TryGetProperty("messages", out var messages) && messages.GetInt64() == 0;
    }
}
