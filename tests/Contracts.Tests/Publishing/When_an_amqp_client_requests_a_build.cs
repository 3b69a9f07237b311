using Builds.Parts;

namespace Builds.Contracts.Tests.Publishing;

public sealed class When_an_amqp_client_requests_a_build
{
    [SetUp]
    public Task SetUpAsync() => StandInWorker.ForgetEarlierRequestsAsync();

    [Test]
    public async Task Should_read_its_log_and_its_outcome()
    {
        var id = Guid.NewGuid();
        await using var publisher = await AmqpPublisher.ConnectAsync(TheBroker.Broker.Address);
        await using var worker = await StandInWorker.StartAsync("worker.build-requested");

        await publisher.RequestAsync(new
        {
            buildId = id,
            image = new { repository = "team/api" },
            tags = new[] { "latest" },
            source = new { git = "https://git.example.org/team/api.git", @ref = "main" },
            requestedAt = "2026-01-02T03:04:05Z",
        });
        var request = await worker.NextAsync();
        await worker.LogAsync(id, 1, 0, "one");
        await worker.LogAsync(id, 1, 1, "two");
        await worker.CompleteAsync(request, BuildOutcome.Succeeded, attempt: 1, logBatches: 2);

        var (lines, completed) = await publisher.FollowAsync(id, Wait.Generous);
        Assert.Multiple(() =>
        {
            Assert.That(request.BuildId, Is.EqualTo(id));
            Assert.That(lines, Is.EqualTo(["one", "two"]));
            Assert.That(completed.GetProperty("outcome").GetString(), Is.EqualTo("succeeded"));
            Assert.That(completed.GetProperty("digest").GetString(), Is.EqualTo("sha256:00"));
        });
    }
}
