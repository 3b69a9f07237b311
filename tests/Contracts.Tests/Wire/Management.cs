using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Builds.Parts;

namespace Builds.Contracts.Tests.Wire;

/// <summary>What an operator sees and does in the management page, by the same API.</summary>
public sealed class Management(Broker broker)
{
    /// <summary>Messages from the head of a queue; they stay where they are.</summary>
    public Task<JsonArray> LookAsync(string queue, int count = 100) => GetAsync(queue, "ack_requeue_true", count);

    /// <summary>Messages from the head of a queue, away from it.</summary>
    public Task<JsonArray> TakeAsync(string queue, int count = 100) => GetAsync(queue, "ack_requeue_false", count);

    /// <summary>Waits until so many are there.</summary>
    public Task<JsonArray> LookForAsync(string queue, int count) =>
        Wait.ForAsync($"{count} messages in {queue}", async () =>
            await LookAsync(queue) is { } seen && seen.Count >= count ? seen : null);

    /// <summary>What the broker says of <c>exchanges</c> or <c>queues</c> of that name.</summary>
    public async Task<JsonNode> DescribeAsync(string kind, string name) =>
        (await broker.Http.GetFromJsonAsync<JsonNode>(Path($"{kind}/%2F/{name}")))!;

    public async Task<bool> HasAsync(string kind, string name)
    {
        using var answer = await broker.Http.GetAsync(Path($"{kind}/%2F/{name}"));
        return answer.StatusCode == HttpStatusCode.OK;
    }

    private async Task<JsonArray> GetAsync(string queue, string mode, int count)
    {
        using var answer = await broker.Http.PostAsJsonAsync(
            Path($"queues/%2F/{queue}/get"),
            new { count, ackmode = mode, encoding = "auto" });
        answer.EnsureSuccessStatusCode();
        return (await answer.Content.ReadFromJsonAsync<JsonArray>())!;
    }

    private static Uri Path(string path) => new("api/" + path, UriKind.Relative);
}
