using System.Text;
using System.Text.Json;
using Builds.Contracts;
using Builds.Gateway.Queueing;
using Builds.Parts;
using RabbitMQ.Client;

namespace Builds.Gateway.Tests.Queueing;

/// <summary>A publisher and reader that knows nothing but AMQP.</summary>
internal sealed class PlainPublisher : IAsyncDisposable
{
    private readonly IConnection _connection;
    private readonly IChannel _channel;

    private PlainPublisher(IConnection connection, IChannel channel) => (_connection, _channel) = (connection, channel);

    public static async Task<PlainPublisher> ConnectAsync(Broker broker)
    {
        var connection = await new ConnectionFactory { Uri = broker.Address }.CreateConnectionAsync();
        return new PlainPublisher(connection, await connection.CreateChannelAsync());
    }

    public Task PublishAsync(BuildRequested request) =>
        PublishAsync("builds.build-requested", JsonSerializer.Serialize(request, BuildQueue.Json));

    public async Task PublishAsync(string exchange, string body) =>
        await _channel.BasicPublishAsync(exchange, "", Encoding.UTF8.GetBytes(body));

    /// <summary>A queue of this client's own that gets what is published from now on.</summary>
    public async Task<string> ListenAsync(string exchange)
    {
        var queue = $"listener.{Guid.NewGuid():N}";
        await _channel.QueueDeclareAsync(queue, durable: true, exclusive: false, autoDelete: false);
        await _channel.QueueBindAsync(queue, exchange, "");
        return queue;
    }

    public async Task<BasicGetResult?> TakeNowAsync(string queue)
    {
        await using var channel = await _connection.CreateChannelAsync(); // asking for a queue that is not there yet ends it
        return await channel.BasicGetAsync(queue, autoAck: true);
    }

    public Task<BasicGetResult> TakeAsync(string queue) =>
        Wait.ForAsync($"a message in {queue}", () => TakeNowAsync(queue));

    public async Task<T> TakeAsync<T>(string queue)
        where T : class =>
        JsonSerializer.Deserialize<T>((await TakeAsync(queue)).Body.Span, BuildQueue.Json)!;

    public async Task PurgeAsync(string queue) => await _channel.QueuePurgeAsync(queue);

    public static string Text(BasicGetResult message, string header) =>
        Encoding.UTF8.GetString((byte[])message.BasicProperties.Headers![header]!);

    public async ValueTask DisposeAsync()
    {
        await _channel.DisposeAsync();
        await _connection.DisposeAsync();
    }

    public static BuildRequested Request(string tag = "latest") => new()
    {
        BuildId = Guid.NewGuid(),
        Image = new ImageReference { Repository = $"team/{Guid.NewGuid():N}" },
        Tags = [tag],
        Source = new GitSource { Git = "https://git.example.org/team/api.git", Ref = "main" },
        RequestedAt = TimeProvider.System.GetUtcNow(),
    };
}
