using System.Buffers.Text;
using System.Text;
using Microsoft.AspNetCore.WebUtilities;

namespace Builds.Gateway.Describing;

/// <summary>
/// Lists in pages: a cursor is where the last page ended, so that what is added meanwhile moves nothing.
/// </summary>
public static class Page
{
    private const int Usual = 50;
    private const int Largest = 500;

    public static int Size(int? limit) => limit switch
    {
        null => Usual,
        >= 1 and <= Largest => limit.Value,
        _ => throw RefusedException.Bad("limit", $"limit must be from 1 to {Largest}."),
    };

    public static string[] Parts(string cursor, int count)
    {
        if (!Base64Url.IsValid(cursor))
            throw BadCursor();
        var parts = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(cursor)).Split('\n');
        return parts.Length == count ? parts : throw BadCursor();
    }

    public static RefusedException BadCursor() => RefusedException.Bad(
        "cursor", "cursor must be one that an earlier page gave in next; begin without one.");

    /// <returns>Path and query of the next page, with all other parameters as they were.</returns>
    public static string Next(HttpRequest request, params string[] parts)
    {
        var cursor = Base64Url.EncodeToString(Encoding.UTF8.GetBytes(string.Join('\n', parts)));
        var query = request.Query.Where(one => one.Key != "cursor")
            .SelectMany(one => one.Value, (one, value) => KeyValuePair.Create(one.Key, value))
            .Append(KeyValuePair.Create("cursor", (string?)cursor));
        return QueryHelpers.AddQueryString(request.Path, query);
    }
}
