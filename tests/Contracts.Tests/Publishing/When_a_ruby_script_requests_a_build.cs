using Builds.Parts;

namespace Builds.Contracts.Tests.Publishing;

public sealed class When_a_ruby_script_requests_a_build
{
    private static readonly string Script = Path.Combine(Repository.Root, "docs/examples/request_build.rb");

    [SetUp]
    public Task SetUpAsync() => StandInWorker.ForgetEarlierRequestsAsync();

    [Test]
    public async Task Should_ask_for_what_it_was_told()
    {
        var id = Guid.NewGuid();
        var script = RunAsync(("BUILD_ID", id.ToString()), ("REGISTRY", "registry.example.org"));
        await using var worker = await StandInWorker.StartAsync("worker.build-requested");
        await using var gateway = await StandInWorker.StartAsync("gateway.build-requested");

        var request = await worker.NextAsync();
        var seenByGateway = await gateway.NextAsync();
        await worker.CompleteAsync(request, BuildOutcome.Succeeded, attempt: 1, logBatches: 0);
        await script;

        Assert.Multiple(() =>
        {
            Assert.That(request.BuildId, Is.EqualTo(id));
            Assert.That(request.Image, Is.EqualTo(new ImageReference
            {
                Registry = "registry.example.org",
                Repository = "team/api",
            }));
            Assert.That(request.Tags, Is.EqualTo(["latest"]));
            Assert.That(request.Source, Is.EqualTo(new GitSource
            {
                Git = "https://git.example.org/team/api.git",
                Ref = "main",
            }));
            Assert.That(request.Cause!.Kind, Is.EqualTo(BuildCauseKind.Portus));
            Assert.That(seenByGateway.BuildId, Is.EqualTo(id));
        });
    }

    [Test]
    public async Task Should_print_the_lines_in_order_and_end_with_0()
    {
        var script = RunAsync();
        await using var worker = await StandInWorker.StartAsync("worker.build-requested");

        var request = await worker.NextAsync();
        await worker.LogAsync(Guid.NewGuid(), 1, 0, "another build's line");
        await worker.LogAsync(request.BuildId, 1, 1, "three");
        await worker.CompleteAsync(request, BuildOutcome.Succeeded, attempt: 1, logBatches: 2);
        await worker.LogAsync(request.BuildId, 1, 0, "one", "two");

        var ended = await script;
        Assert.Multiple(() =>
        {
            Assert.That(ended.Lines, Is.EqualTo(["one", "two", "three", "succeeded: sha256:00"]));
            Assert.That(ended.ExitCode, Is.Zero, ended.Errors);
        });
    }

    [Test]
    public async Task Should_tell_attempts_apart_and_end_with_1_where_the_build_failed()
    {
        var script = RunAsync();
        await using var worker = await StandInWorker.StartAsync("worker.build-requested");

        var request = await worker.NextAsync();
        await worker.LogAsync(request.BuildId, 1, 0, "lost attempt");
        await worker.LogAsync(request.BuildId, 2, 0, "again");
        await worker.LogAsync(request.BuildId, 1, 1, "a late word of the lost one");
        await worker.CompleteAsync(request, BuildOutcome.Failed, attempt: 2, logBatches: 1);

        var ended = await script;
        Assert.Multiple(() =>
        {
            Assert.That(
                ended.Lines,
                Is.EqualTo(["lost attempt", "--- attempt 2 ---", "again", "failed: RUN make ended with 7"]));
            Assert.That(ended.ExitCode, Is.EqualTo(1));
        });
    }

    [Test]
    public async Task Should_say_that_there_is_no_broker()
    {
        var ended = await RubyPublisher.RequestAsync(
            Script,
            new Uri($"amqp://builds:pw@127.0.0.1:{FreePort.Next()}"),
            ("team/api", "https://git.example.org/team/api.git", "main", "latest"));

        Assert.Multiple(() =>
        {
            Assert.That(ended.ExitCode, Is.EqualTo(1));
            Assert.That(ended.Errors, Does.Contain("Could not establish TCP connection"));
        });
    }

    [Test]
    public async Task Should_not_wait_for_ever_for_an_outcome()
    {
        var ended = await RunAsync(("BUILD_LIMIT", "1"));

        Assert.Multiple(() =>
        {
            Assert.That(ended.ExitCode, Is.EqualTo(1));
            Assert.That(ended.Errors, Does.Contain("no outcome after 1 s"));
        });
    }

    [Test]
    public async Task Should_not_wait_for_ever_for_a_broker_that_takes_nothing()
    {
        await TheBroker.Broker.ControlAsync("set_disk_free_limit", "900GB");
        try
        {
            var ended = await RunAsync();

            Assert.Multiple(() =>
            {
                Assert.That(ended.ExitCode, Is.EqualTo(1));
                Assert.That(ended.Errors, Does.StartWith("request_build: "));
            });
        }
        finally
        {
            await TheBroker.Broker.ControlAsync("set_disk_free_limit", "50MB");
        }
    }

    private static Task<RubyPublisher.Ended> RunAsync(params (string Name, string Value)[] settings) =>
        RubyPublisher.RequestAsync(
            Script,
            TheBroker.Broker.Address,
            ("team/api", "https://git.example.org/team/api.git", "main", "latest"),
            settings);
}
