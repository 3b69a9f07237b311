using System.Text.Json;
using Builds.Contracts;

namespace Builds.Gateway.Queueing;

/// <summary>What can be made out of a body that is no <see cref="BuildRequested"/>.</summary>
/// <param name="Problem">What is wrong, beginning with the field where there is one.</param>
/// <param name="Known">As much as could be read; null where not even the id could.</param>
public sealed record UnreadableRequest(string Problem, BuildRequested? Known)
{
    /// <returns>Null where the body can be read well.</returns>
    public static UnreadableRequest? Of(byte[] body, DateTimeOffset now)
    {
        try
        {
            return JsonSerializer.Deserialize<BuildRequested>(body, BuildQueue.Json) is null
                ? new UnreadableRequest("The body is null; a JSON object is expected.", null)
                : null;
        }
        catch (JsonException e)
        {
            return new UnreadableRequest(ProblemOf(e), IdOf(body) is { } id ? Lenient(id, body, now) : null);
        }
    }

    private static string ProblemOf(JsonException e)
    {
        var said = e.Message.Split(" Path: ")[0].Split(" Consider ")[0];
        if (said.Split("including: ") is [_, var missing])
            said = $"required and missing: {missing}";
        return e.Path is { Length: > 2 } path ? $"{path[2..]}: {said}" : $"The request cannot be read: {said}";
    }

    // Token by token, so that it is found in a body that breaks off after it.
    private static Guid? IdOf(byte[] body)
    {
        var reader = new Utf8JsonReader(body);
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
                return null;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var isId = string.Equals(reader.GetString(), "buildId", StringComparison.OrdinalIgnoreCase);
                reader.Read();
                if (isId)
                    return reader.TokenType == JsonTokenType.String && reader.TryGetGuid(out var id) ? id : null;
                reader.Skip();
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null; // no JSON from here on, or text that is no UTF-8
        }

        return null;
    }

    private static BuildRequested Lenient(Guid id, byte[] body, DateTimeOffset now)
    {
        var root = Parsed(body);
        return Clipped.From(new BuildRequested
        {
            BuildId = id,
            Image = new ImageReference
            {
                Registry = Text(root, "image", "registry"),
                Repository = Text(root, "image", "repository") ?? "unreadable",
            },
            Tags = [],
            Source = new GitSource { Git = Text(root, "source", "git") ?? "", Ref = Text(root, "source", "ref") ?? "" },
            RequestedAt = now,
        });
    }

    private static JsonElement? Parsed(byte[] body)
    {
        try
        {
            return JsonSerializer.Deserialize<JsonElement>(body);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string? Text(JsonElement? root, string field, string part)
    {
        try
        {
            return root is { ValueKind: JsonValueKind.Object } all
                && all.TryGetProperty(field, out var inner) && inner.ValueKind == JsonValueKind.Object
                && inner.TryGetProperty(part, out var value) && value.ValueKind == JsonValueKind.String
                    ? value.GetString()
                    : null;
        }
        catch (InvalidOperationException)
        {
            return null; // text that is no UTF-8
        }
    }
}
