using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;
using Builds.Parts;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace Builds.Gateway.Tests;

/// <summary>Nothing but AMQP: publishes plain JSON and sees what the Gateway publishes.</summary>
public sealed class AmqpClient : IAsyncDisposable
{
    private static readonly string[] Watched =
        ["build-requested", "build-cancel-requested", "image-defined", "image-forgotten", "image-pushed"];

    private readonly IConnection _connection;
    private readonly IChannel _channel;
    private readonly ConcurrentQueue<(string Exchange, JsonNode Body)> _seen = [];

    private AmqpClient(IConnection connection, IChannel channel) => (_connection, _channel) = (connection, channel);

    public static async Task<AmqpClient> ConnectAsync(Uri address)
    {
        var connection = await new ConnectionFactory { Uri = address }.CreateConnectionAsync();
        var channel = await connection.CreateChannelAsync(new CreateChannelOptions(true, true));
        var client = new AmqpClient(connection, channel);
        var consumer = new AsyncEventingBasicConsumer(channel);
        consumer.ReceivedAsync += (_, delivery) =>
        {
            client._seen.Enqueue((delivery.Exchange, JsonNode.Parse(Encoding.UTF8.GetString(delivery.Body.Span))!));
            return Task.CompletedTask;
        };
        var queue = (await channel.QueueDeclareAsync()).QueueName;
        foreach (var name in Watched)
        {
            await channel.ExchangeDeclareAsync("builds." + name, "fanout", durable: true);
            await channel.QueueBindAsync(queue, "builds." + name, "");
        }

        await channel.BasicConsumeAsync(queue, autoAck: true, consumer);
        return client;
    }

    /// <summary>Returns when the broker has confirmed it; a message for which there is no queue fails.</summary>
    public async Task PublishAsync(string message, JsonNode body) =>
        await PublishAsync(message, Encoding.UTF8.GetBytes(body.ToJsonString()));

    public async Task PublishAsync(string message, byte[] body) => await _channel.BasicPublishAsync(
        "builds." + message,
        "",
        mandatory: true,
        new BasicProperties { ContentType = "application/json", Persistent = true },
        body);

    public IReadOnlyList<JsonNode> Seen(string message) =>
        [.. _seen.Where(one => one.Exchange == "builds." + message).Select(one => one.Body)];

    public Task<JsonNode> WaitForAsync(string message, Func<JsonNode, bool> condition) =>
        Wait.ForAsync(message, () => Task.FromResult(Seen(message).FirstOrDefault(condition)));

    public async ValueTask DisposeAsync()
    {
        await _channel.DisposeAsync();
        await _connection.DisposeAsync();
    }
}
