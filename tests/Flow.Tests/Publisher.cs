using System.Text;
using System.Text.Json;
using Builds.Parts;
using RabbitMQ.Client;

namespace Builds.Flow.Tests;

/// <summary>Somebody who is nothing but an AMQP client.</summary>
public sealed class Publisher : IAsyncDisposable
{
    private readonly IConnection _connection;
    private readonly IChannel _channel;

    private Publisher(IConnection connection, IChannel channel) => (_connection, _channel) = (connection, channel);

    public static async Task<Publisher> ConnectAsync(Broker broker)
    {
        var connection = await new ConnectionFactory { Uri = broker.Address }.CreateConnectionAsync();
        return new Publisher(connection, await connection.CreateChannelAsync(
            new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true)));
    }

    /// <returns>The build's id.</returns>
    public async Task<Guid> RequestAsync(string image, string git, string @ref = "main", int times = 1)
    {
        var id = Guid.NewGuid();
        var body = JsonSerializer.Serialize(new
        {
            buildId = id,
            image = new { repository = image },
            tags = new[] { "latest" },
            source = new { git, @ref },
            requestedAt = TimeProvider.System.GetUtcNow(),
            cause = new { kind = "portus" },
        });
        for (var i = 0; i < times; i++)
            await SendAsync(body);
        return id;
    }

    public async Task SendAsync(string body) =>
        await _channel.BasicPublishAsync("builds.build-requested", "", mandatory: true, Encoding.UTF8.GetBytes(body));

    public async ValueTask DisposeAsync()
    {
        await _channel.DisposeAsync();
        await _connection.DisposeAsync();
    }
}
