using System.Text;
using RabbitMQ.Client;

namespace Builds.Contracts.Tests.Wire;

/// <summary>Nothing but an AMQP client.</summary>
public sealed class Client : IAsyncDisposable
{
    private readonly IConnection _connection;

    private Client(IConnection connection, IChannel channel) => (_connection, Channel) = (connection, channel);

    /// <summary>With publisher confirms: a publish is awaited until the broker has it.</summary>
    public IChannel Channel { get; }

    public static async Task<Client> ConnectAsync()
    {
        var connection = await new ConnectionFactory { Uri = TheBroker.Broker.Address }.CreateConnectionAsync();
        return new Client(connection, await connection.CreateChannelAsync(new CreateChannelOptions(true, true)));
    }

    /// <summary>A new queue bound to an exchange that is declared as everybody declares it; to be deleted by its user.</summary>
    public async Task<string> BindAsync(string exchange)
    {
        await Channel.ExchangeDeclareAsync(exchange, ExchangeType.Fanout, durable: true);
        var queue = await Channel.QueueDeclareAsync(exclusive: false, autoDelete: false);
        await Channel.QueueBindAsync(queue, exchange, "");
        return queue;
    }

    /// <summary>As the plainest of publishers does it: no header, no content type.</summary>
    public async Task PublishAsync(string exchange, string body, string routingKey = "") =>
        await Channel.BasicPublishAsync(
            exchange,
            routingKey,
            mandatory: true,
            new BasicProperties { Persistent = true },
            Encoding.UTF8.GetBytes(body));

    public async ValueTask DisposeAsync()
    {
        await Channel.DisposeAsync();
        await _connection.DisposeAsync();
    }
}
