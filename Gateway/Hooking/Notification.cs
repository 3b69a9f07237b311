using System.Text.Json;

namespace Builds.Gateway.Hooking;

/// <summary>
/// The body of a notification: <c>{"events":[…]}</c> as a registry sends it (distribution, notifications), a list of
/// events, or one bare event as Portus forwards it. Its content type says nothing that is needed.
/// </summary>
internal static class Notification
{
    /// <param name="body">At most the limit, and nothing where it was larger.</param>
    public static IReadOnlyList<ReadEvent> Read(ReadOnlyMemory<byte> body, string registry)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            var root = json.RootElement;
            if (root.ValueKind == JsonValueKind.Array)
                return ReadAll(root, registry);
            if (root.ValueKind != JsonValueKind.Object)
                return [new ReadEvent(null, "the body is neither an object nor a list")];
            if (!root.TryGetProperty("events", out var events))
                return [ReadOne(root, registry)];
            return events.ValueKind == JsonValueKind.Array
                ? ReadAll(events, registry)
                : [new ReadEvent(null, "events is no list")];
        }
        catch (JsonException e)
        {
            return
            [
                new ReadEvent(null, $"the body is not JSON (line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1})"),
            ];
        }
        catch (InvalidOperationException)
        {
            return [Unreadable("the body")];
        }
    }

    private static List<ReadEvent> ReadAll(JsonElement events, string registry) =>
        [.. events.EnumerateArray().Select(one => ReadOne(one, registry))];

    private static ReadEvent ReadOne(JsonElement one, string registry)
    {
        try
        {
            return EventReader.Read(one, registry);
        }
        catch (InvalidOperationException)
        {
            return Unreadable("an event");
        }
    }

    // Half a surrogate pair: names are put together only when something is looked for among them.
    private static ReadEvent Unreadable(string what) => new(null, $"{what} has a name in it that is no text");
}
