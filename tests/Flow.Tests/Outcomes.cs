using System.Collections.Concurrent;
using System.Text.Json;
using Builds.Parts;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace Builds.Flow.Tests;

/// <summary>Every BuildCompleted that went over the bus, in a queue of the test's own.</summary>
public sealed class Outcomes : IAsyncDisposable
{
    private readonly ConcurrentQueue<JsonElement> _seen = new();
    private readonly IConnection _connection;
    private readonly IChannel _channel;

    private Outcomes(IConnection connection, IChannel channel) => (_connection, _channel) = (connection, channel);

    public static async Task<Outcomes> ListenAsync(Broker broker)
    {
        var connection = await new ConnectionFactory { Uri = broker.Address, AutomaticRecoveryEnabled = true }.CreateConnectionAsync();
        var channel = await connection.CreateChannelAsync();
        var outcomes = new Outcomes(connection, channel);
        await channel.ExchangeDeclareAsync("builds.build-completed", ExchangeType.Fanout, durable: true);
        var queue = $"outcomes-{Guid.NewGuid():N}";
        await channel.QueueDeclareAsync(queue, durable: true, exclusive: false, autoDelete: false);
        await channel.QueueBindAsync(queue, "builds.build-completed", "");

        var consumer = new AsyncEventingBasicConsumer(channel);
        consumer.ReceivedAsync += (_, delivery) =>
        {
            outcomes._seen.Enqueue(JsonDocument.Parse(delivery.Body.ToArray()).RootElement);
            return Task.CompletedTask;
        };
        await channel.BasicConsumeAsync(queue, autoAck: true, consumer);
        return outcomes;
    }

    /// <summary>
    /// The different outcomes published of a build. One that is repeated word for word is one: messages come at least once.
    /// </summary>
    public async Task<IReadOnlyList<string>> OfAsync(Guid build)
    {
        await Wait.UntilAsync($"the outcome of {build} is published", () => Texts(build).Any());
        return [.. Texts(build).Distinct()];
    }

    private IEnumerable<string> Texts(Guid build) =>
        _seen.Where(outcome => outcome.GetProperty("buildId").GetGuid() == build)
            .Select(outcome => $"{outcome.GetProperty("attempt")} {outcome.GetProperty("outcome")} {Digest(outcome)}");

    private static string Digest(JsonElement outcome) =>
        outcome.TryGetProperty("digest", out var digest) ? digest.GetString()! : "";

    public async ValueTask DisposeAsync()
    {
        await _channel.DisposeAsync();
        await _connection.DisposeAsync();
    }
}
