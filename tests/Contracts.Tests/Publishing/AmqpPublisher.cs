using System.Text.Json;
using System.Threading.Channels;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace Builds.Contracts.Tests.Publishing;

/// <summary>
/// Requests builds and follows them with RabbitMQ.Client alone: no contract, no bus, only what docs/operating.md says.
/// </summary>
public sealed class AmqpPublisher : IAsyncDisposable
{
    private static readonly TimeSpan PublishLimit = TimeSpan.FromSeconds(10);

    private readonly Channel<(string Exchange, JsonElement Body)> _events =
        System.Threading.Channels.Channel.CreateUnbounded<(string, JsonElement)>();

    private readonly IConnection _connection;
    private readonly IChannel _channel;

    private AmqpPublisher(IConnection connection, IChannel channel) => (_connection, _channel) = (connection, channel);

    public static async Task<AmqpPublisher> ConnectAsync(Uri broker)
    {
        var connection = await new ConnectionFactory { Uri = broker }.CreateConnectionAsync();
        var confirmed = new CreateChannelOptions(
            publisherConfirmationsEnabled: true,
            publisherConfirmationTrackingEnabled: true);
        var publisher = new AmqpPublisher(connection, await connection.CreateChannelAsync(confirmed));
        await publisher.DeclareAsync();
        return publisher;
    }

    /// <summary>Returns once the broker has it in a queue.</summary>
    /// <param name="request">Written as JSON by its property names, as they are.</param>
    public async Task RequestAsync(object request)
    {
        using var limit = new CancellationTokenSource(PublishLimit);
        await _channel.BasicPublishAsync(
            "builds.build-requested",
            routingKey: "",
            mandatory: true,
            new BasicProperties { ContentType = "application/json", Persistent = true },
            JsonSerializer.SerializeToUtf8Bytes(request),
            limit.Token);
    }

    /// <summary>The lines of a build in their order, and its <c>BuildCompleted</c>.</summary>
    public async Task<(IReadOnlyList<string> Lines, JsonElement Completed)> FollowAsync(Guid buildId, TimeSpan limit)
    {
        using var deadline = new CancellationTokenSource(limit);
        var batches = new SortedDictionary<(int Attempt, int Sequence), string[]>();
        JsonElement? completed = null;
        while (completed is null || batches.Count < completed.Value.GetProperty("logBatches").GetInt32())
        {
            var (exchange, body) = await _events.Reader.ReadAsync(deadline.Token);
            if (body.GetProperty("buildId").GetGuid() != buildId)
                continue;
            if (exchange == "builds.build-completed")
                completed = body;
            else
                batches[(body.GetProperty("attempt").GetInt32(), body.GetProperty("sequence").GetInt32())] = Lines(body);
        }

        return ([.. batches.Values.SelectMany(lines => lines)], completed.Value);
    }

    public async ValueTask DisposeAsync()
    {
        await _channel.DisposeAsync();
        await _connection.DisposeAsync();
    }

    private async Task DeclareAsync()
    {
        await _channel.ExchangeDeclareAsync("builds.build-requested", ExchangeType.Fanout, durable: true);
        foreach (var name in new[] { "worker.build-requested", "gateway.build-requested" })
        {
            await _channel.QueueDeclareAsync(name, durable: true, exclusive: false, autoDelete: false, new Dictionary<string, object?>
            {
                ["x-queue-type"] = "quorum",
            });
            await _channel.QueueBindAsync(name, "builds.build-requested", routingKey: "");
        }

        var events = await _channel.QueueDeclareAsync();
        foreach (var exchange in new[] { "builds.build-log", "builds.build-completed" })
        {
            await _channel.ExchangeDeclareAsync(exchange, ExchangeType.Fanout, durable: true);
            await _channel.QueueBindAsync(events, exchange, routingKey: "");
        }

        var consumer = new AsyncEventingBasicConsumer(_channel);
        consumer.ReceivedAsync += async (_, delivery) =>
            await _events.Writer.WriteAsync((delivery.Exchange, JsonSerializer.Deserialize<JsonElement>(delivery.Body.Span)));
        await _channel.BasicConsumeAsync(events, autoAck: true, consumer);
    }

    private static string[] Lines(JsonElement batch) =>
        [.. from run in batch.GetProperty("runs").EnumerateArray()
            from line in run.GetProperty("text").EnumerateArray()
            select line.GetString()!];
}
