using System.Net.Http.Json;
using System.Text.Json;

namespace Builds.Parts;

/// <summary>What the clients of a broker have opened to it, and how it is closed without their doing.</summary>
public static class BrokerClients
{
    /// <summary>The connections of one process, by the names of the management page. It learns of them with a delay, so
    /// there is at least one when this returns.</summary>
    public static Task<string[]> ConnectionsOfAsync(this Broker broker, int process) =>
        Wait.ForAsync($"a connection of process {process}", async () =>
        {
            var all = await broker.Http.GetFromJsonAsync<JsonElement>(new Uri("api/connections", UriKind.Relative));
            string[] names = [.. all.EnumerateArray().Where(one => ProcessOf(one) == $"{process}")
                .Select(one => one.GetProperty("name").GetString()!)];
            return names.Length > 0 ? names : null;
        });

    /// <summary>As an operator does it in the management page.</summary>
    public static async Task CloseConnectionAsync(this Broker broker, string name)
    {
        using var answer = await broker.Http.DeleteAsync(
            new Uri($"api/connections/{Uri.EscapeDataString(name)}", UriKind.Relative));
        answer.EnsureSuccessStatusCode();
    }

    /// <summary>
    /// Every channel of a connection, which stays: the broker closes a channel by itself where its client does what it
    /// may not, such as acknowledging what was never delivered.
    /// </summary>
    /// <returns>How many were closed.</returns>
    public static async Task<int> CloseChannelsAsync(this Broker broker, string connection)
    {
        var closed = await broker.ControlAsync("eval", $$"""
            All = [P || [{pid, P}, {name, N}] <- rabbit_channel:info_all([pid, name]),
                   string:prefix(N, <<"{{connection}} (">>) =/= nomatch],
            [rabbit_channel:do(P, {'basic.ack', 1000000000, false}) || P <- All],
            Gone = fun(_, []) -> true; (F, _) -> timer:sleep(50), F(F, [P || P <- All, is_process_alive(P)]) end,
            Gone(Gone, All),
            length(All).
            """);
        return int.Parse(closed.Trim());
    }

    private static string? ProcessOf(JsonElement connection) =>
        connection.TryGetProperty("client_properties", out var properties)
        && properties.TryGetProperty("process_id", out var id)
            ? id.ToString()
            : null;
}
