using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Builds.ServiceDefaults;

namespace Builds.Gateway.Describing;

/// <summary>
/// Reads a JSON body strictly: what is unknown, missing, null, given twice or of the wrong type is refused by name.
/// </summary>
public static class Body
{
    private static readonly JsonSerializerOptions Strict = BuildsBus.Plain(new JsonSerializerOptions
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        AllowDuplicateProperties = false,
        MaxDepth = 16,
        TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
    });

    private static readonly JsonDocumentOptions Syntax = new() { MaxDepth = 16 };

    /// <returns>The value, and the bytes it was read from.</returns>
    public static async Task<(T Value, byte[] Bytes)> ReadAsync<T>(HttpRequest request, CancellationToken cancel)
    {
        if (!request.HasJsonContentType())
            throw new RefusedException(
                StatusCodes.Status415UnsupportedMediaType,
                "Send the body as JSON, with the header Content-Type: application/json.");

        using var buffer = new MemoryStream();
        await request.Body.CopyToAsync(buffer, cancel); // the server ends it at its limit
        var bytes = buffer.ToArray();
        return (Parse<T>(bytes), bytes);
    }

    private static T Parse<T>(byte[] bytes)
    {
        try
        {
            using var json = JsonDocument.Parse(bytes, Syntax);
            BodyCheck.Check(json.RootElement, Strict.GetTypeInfo(typeof(T)), path: "");
            return json.Deserialize<T>(Strict)!;
        }
        catch (JsonException e)
        {
            var line = e.LineNumber is { } number ? $" at line {number + 1}, byte {e.BytePositionInLine + 1}" : "";
            throw new RefusedException(StatusCodes.Status400BadRequest, $"The body is not JSON{line}; mend it there.");
        }
    }
}
