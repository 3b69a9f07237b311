using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Builds.Worker.Images;

/// <summary>Answers a registry's <c>WWW-Authenticate</c>: basic, or a bearer token from the server that it names
/// (distribution token authentication, with a password or an identity token).</summary>
internal sealed partial class RegistryAccess(HttpClient http, Uri api, RegistryCredential? credential)
{
    private const string Client = "builds";

    /// <summary>Sends, and once more with what the answer asks for.</summary>
    public async Task<HttpResponseMessage> SendAsync(
        Func<HttpRequestMessage> request, string scope, CancellationToken cancel)
    {
        var first = request();
        if (credential?.Token is { } token)
            first.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        var answer = await http.SendAsync(first, cancel);
        if (answer.StatusCode != HttpStatusCode.Unauthorized
            || await AuthorizeAsync(answer.Headers.WwwAuthenticate, scope, cancel) is not { } header)
            return answer;

        answer.Dispose();
        var second = request();
        second.Headers.Authorization = header;
        return await http.SendAsync(second, cancel);
    }

    /// <summary>Null where there is nothing to offer, or the token server does not grant it either.</summary>
    private async Task<AuthenticationHeaderValue?> AuthorizeAsync(
        HttpHeaderValueCollection<AuthenticationHeaderValue> asked, string scope, CancellationToken cancel)
    {
        if (asked.FirstOrDefault(
            way => way.Scheme.Equals("Bearer", StringComparison.OrdinalIgnoreCase)) is { Parameter: { } parameter })
        {
            var fields = Field().Matches(parameter)
                .ToDictionary(m => m.Groups[1].Value.ToLowerInvariant(), m => m.Groups[2].Value);
            return await TokenAsync(fields, scope, cancel) is { } token
                ? new AuthenticationHeaderValue("Bearer", token) : null;
        }

        return asked.Any(way => way.Scheme.Equals("Basic", StringComparison.OrdinalIgnoreCase)) ? Basic() : null;
    }

    private async Task<string?> TokenAsync(Dictionary<string, string> asked, string scope, CancellationToken cancel)
    {
        if (!Uri.TryCreate(asked.GetValueOrDefault("realm"), UriKind.Absolute, out var realm)
            || realm.Scheme != Uri.UriSchemeHttps
                && (realm.Scheme != Uri.UriSchemeHttp || api.Scheme == Uri.UriSchemeHttps))
            throw new RegistryUnavailableException(
                $"{api.Authority} names a token server that is not to be used: " +
                $"\"{asked.GetValueOrDefault("realm")}\".");

        var service = asked.GetValueOrDefault("service", "");
        using var request = credential?.Token is { } identity
            ? new HttpRequestMessage(HttpMethod.Post, realm)
            {
                Content = new FormUrlEncodedContent(new Dictionary<string, string>
                {
                    ["grant_type"] = "refresh_token",
                    ["refresh_token"] = identity,
                    ["service"] = service,
                    ["scope"] = scope,
                    ["client_id"] = Client,
                }),
            }
            : new HttpRequestMessage(HttpMethod.Get, new UriBuilder(realm)
            {
                Query = $"{realm.Query.TrimStart('?')}&service={Uri.EscapeDataString(service)}"
                    + $"&scope={Uri.EscapeDataString(scope)}",
            }.Uri);
        if (credential?.Token is null)
            request.Headers.Authorization = Basic();
        using var answer = await http.SendAsync(request, cancel);
        if ((int)answer.StatusCode >= 500 || answer.StatusCode == HttpStatusCode.TooManyRequests)
            throw new RegistryUnavailableException(
                $"The token server {realm.Authority} of {api.Authority} answered {(int)answer.StatusCode}.");
        if (!answer.IsSuccessStatusCode)
            return null;

        using var json = JsonDocument.Parse(await answer.Content.ReadAsByteArrayAsync(cancel));
        return json.RootElement.TryGetProperty("token", out var token)
            || json.RootElement.TryGetProperty("access_token", out token)
            ? token.GetString()
            : null;
    }

    private AuthenticationHeaderValue? Basic() => credential?.Username is null
        ? null
        : new AuthenticationHeaderValue("Basic",
            Convert.ToBase64String(Encoding.UTF8.GetBytes($"{credential.Username}:{credential.Password}")));

    [GeneratedRegex("([A-Za-z]+)=\"([^\"]*)\"")]
    private static partial Regex Field();
}
