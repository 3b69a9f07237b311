using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using Builds.Contracts.Tests.Wire;
using Builds.Parts;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace Builds.Contracts.Tests.Publishing;

/// <summary>Takes requests as a worker does, and answers what the test wants; it builds nothing.</summary>
public sealed class StandInWorker : IAsyncDisposable
{
    private readonly Channel<string> _requests = System.Threading.Channels.Channel.CreateUnbounded<string>();
    private readonly Client _client;

    private StandInWorker(Client client) => _client = client;

    /// <summary>Also the queues go, so that the next publisher is the first again.</summary>
    public static async Task ForgetEarlierRequestsAsync()
    {
        await using var client = await Client.ConnectAsync();
        await client.Channel.QueueDeleteAsync("worker.build-requested", ifUnused: false, ifEmpty: false);
        await client.Channel.QueueDeleteAsync("gateway.build-requested", ifUnused: false, ifEmpty: false);
    }

    /// <summary>Listens on a queue that somebody else has to declare: the publisher.</summary>
    public static async Task<StandInWorker> StartAsync(string queue)
    {
        await Wait.UntilAsync($"{queue}, which its publisher declares", () =>
            new Management(TheBroker.Broker).HasAsync("queues", queue));
        var worker = new StandInWorker(await Client.ConnectAsync());
        var consumer = new AsyncEventingBasicConsumer(worker._client.Channel);
        consumer.ReceivedAsync += async (_, delivery) =>
        {
            await worker._requests.Writer.WriteAsync(Encoding.UTF8.GetString(delivery.Body.Span));
            await worker._client.Channel.BasicAckAsync(delivery.DeliveryTag, multiple: false);
        };
        await worker._client.Channel.BasicConsumeAsync(queue, autoAck: false, consumer);
        return worker;
    }

    /// <summary>The next request, read as strictly as on the bus.</summary>
    public async Task<BuildRequested> NextAsync()
    {
        var body = await _requests.Reader.ReadAsync().AsTask().WaitAsync(Wait.Generous);
        return JsonSerializer.Deserialize<BuildRequested>(body, Approved.Json)!;
    }

    public Task LogAsync(Guid buildId, int attempt, int sequence, params string[] lines) =>
        SayAsync("builds.build-log", new BuildLog
        {
            BuildId = buildId,
            Attempt = attempt,
            Sequence = sequence,
            Runs = [new LogRun { Step = "[1/1] RUN make", At = DateTimeOffset.UnixEpoch, Text = lines }],
        });

    public Task CompleteAsync(BuildRequested request, BuildOutcome outcome, int attempt, int logBatches) =>
        SayAsync("builds.build-completed", new BuildCompleted
        {
            BuildId = request.BuildId,
            Attempt = attempt,
            Outcome = outcome,
            Class = outcome == BuildOutcome.Succeeded ? null : FailureClass.Author,
            Reason = outcome == BuildOutcome.Succeeded ? null : "RUN make ended with 7",
            Image = request.Image,
            Tags = request.Tags,
            Source = request.Source,
            Digest = outcome == BuildOutcome.Succeeded ? "sha256:00" : null,
            Pushed = outcome == BuildOutcome.Succeeded ? request.Tags : [],
            Bases = [],
            Phases = [],
            LogBatches = logBatches,
            CompletedAt = DateTimeOffset.UnixEpoch,
        });

    public ValueTask DisposeAsync() => _client.DisposeAsync();

    private Task SayAsync<T>(string exchange, T message) =>
        _client.PublishAsync(exchange, JsonSerializer.Serialize(message, Approved.Json));
}
