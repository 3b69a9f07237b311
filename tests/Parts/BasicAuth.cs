using System.Text;
using Microsoft.AspNetCore.Http;

namespace Builds.Parts;

internal static class BasicAuth
{
    public static bool Matches(HttpContext context, string user, string password) =>
        context.Request.Headers.Authorization == Header(user, password);

    public static string Header(string user, string password) =>
        "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}"));

    /// <summary>Null where the header is no basic auth.</summary>
    public static string? Password(string header) =>
        header.StartsWith("Basic ", StringComparison.Ordinal)
            ? Encoding.UTF8.GetString(Convert.FromBase64String(header["Basic ".Length..])).Split(':', 2).Last()
            : null;

    public static void Refuse(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status401Unauthorized;
        context.Response.Headers.WWWAuthenticate = "Basic realm=\"builds\"";
    }
}
