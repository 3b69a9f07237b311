using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using Builds.Parts;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace Builds.Benchmarks;

/// <summary>From sending the POST until a listener at the broker has BuildStarted, the worker being idle.</summary>
public static class TriggerToStart
{
    private const int PerRound = 4;

    public static async Task<IEnumerable<Row>> RunAsync(int rounds)
    {
        await using var stage = await Stage.SetAsync();
        await stage.StartWorkerAsync("engine");
        await stage.DefineAsync("bench/start", "");
        await using var connection = await new ConnectionFactory { Uri = stage.Broker.Address }.CreateConnectionAsync();
        await using var channel = await connection.CreateChannelAsync();
        var started = await ListenAsync(channel);

        var accepted = new List<double>();
        var begun = new List<double>();
        for (var i = 0; i < (rounds + 1) * PerRound; i++)
        {
            var sent = Stopwatch.GetTimestamp();
            var id = await stage.Api.TriggerAsync("bench/start", $"r{i}");
            var answered = Stopwatch.GetTimestamp();
            await stage.Api.SucceededAsync(id);
            await Wait.UntilAsync("BuildStarted", () => started.ContainsKey(id));
            if (i < PerRound)
                continue; // warm-up
            accepted.Add(Stopwatch.GetElapsedTime(answered, started[id]).TotalMilliseconds);
            begun.Add(Stopwatch.GetElapsedTime(sent, started[id]).TotalMilliseconds);
        }

        return
        [
            new Row("POST accepted → BuildStarted", "ms", accepted, "median at most 50 ms"),
            new Row("POST sent → BuildStarted", "ms", begun, "–"),
        ];
    }

    private static async Task<ConcurrentDictionary<Guid, long>> ListenAsync(IChannel channel)
    {
        var started = new ConcurrentDictionary<Guid, long>();
        var queue = await channel.QueueDeclareAsync();
        await channel.ExchangeDeclareAsync("builds.build-started", ExchangeType.Fanout, durable: true);
        await channel.QueueBindAsync(queue, "builds.build-started", routingKey: "");
        var consumer = new AsyncEventingBasicConsumer(channel);
        consumer.ReceivedAsync += (_, delivery) =>
        {
            var now = Stopwatch.GetTimestamp();
            var message = JsonSerializer.Deserialize<JsonElement>(delivery.Body.Span);
            started.TryAdd(message.GetProperty("buildId").GetGuid(), now);
            return Task.CompletedTask;
        };
        await channel.BasicConsumeAsync(queue, autoAck: true, consumer);
        return started;
    }
}
