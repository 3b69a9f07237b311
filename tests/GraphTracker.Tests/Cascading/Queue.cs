using System.Text.Json;
using Builds.Parts;
using Builds.ServiceDefaults;
using RabbitMQ.Client;

namespace Builds.GraphTracker.Tests.Cascading;

/// <summary>A queue that nobody else reads.</summary>
internal sealed class Queue(IConnection connection, string name) : IAsyncDisposable
{
    private static readonly JsonSerializerOptions Json = BuildsBus.Plain(new JsonSerializerOptions());

    private readonly Lazy<Task<IChannel>> _channel = new(() => connection.CreateChannelAsync());

    /// <summary>The next ones, taken away, once there are so many.</summary>
    public async Task<IReadOnlyList<T>> TakeAsync<T>(int count)
    {
        var channel = await _channel.Value;
        var taken = new List<T>();
        await Wait.UntilAsync($"{count} messages in {name}", async () =>
        {
            while (taken.Count < count && await channel.BasicGetAsync(name, autoAck: true) is { } message)
                taken.Add(JsonSerializer.Deserialize<T>(message.Body.Span, Json)!);
            return taken.Count == count;
        });
        return taken;
    }

    /// <summary>Takes until there is the one.</summary>
    public async Task<T> TakeUntilAsync<T>(Func<T, bool> isIt)
    {
        while (true)
        {
            if ((await TakeAsync<T>(1))[0] is var one && isIt(one))
                return one;
        }
    }

    public async Task<uint> CountAsync() => await (await _channel.Value).MessageCountAsync(name);

    public async ValueTask DisposeAsync()
    {
        if (_channel.IsValueCreated)
            await (await _channel.Value).DisposeAsync();
    }
}
