using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Builds.GraphTracker.Registries;

/// <summary>
/// Answers what a registry asks for to let us in: basic, or a bearer token of the server that it names (distribution
/// specification, token authentication). User and password are shown to the hosts in the settings and to nobody else.
/// </summary>
internal sealed partial class RegistryLogin
{
    private const int MostTokens = 1000;
    private const string HubTokens = "auth.docker.io";

    private readonly HttpClient _http;
    private readonly KnownRegistryOptions _options;
    private readonly AuthenticationHeaderValue? _basic;
    private readonly ConcurrentDictionary<string, string> _tokens = new(StringComparer.Ordinal);

    public RegistryLogin(HttpClient http, KnownRegistryOptions options)
    {
        (_http, _options) = (http, options);
        if (options.User is { } user)
            _basic = new AuthenticationHeaderValue(
                "Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{options.ReadPassword()}")));
    }

    /// <summary>What was let in for this before; null where nothing was.</summary>
    public AuthenticationHeaderValue? Known(string scope) =>
        _tokens.TryGetValue(scope, out var token) ? new AuthenticationHeaderValue("Bearer", token) : null;

    /// <returns>Null where there is nothing to show.</returns>
    /// <exception cref="RegistryUnavailableException">The token server does not answer, or knows us not.</exception>
    public async Task<AuthenticationHeaderValue?> AnswerAsync(
        HttpHeaderValueCollection<AuthenticationHeaderValue> asked, string scope, CancellationToken cancel)
    {
        if (asked.FirstOrDefault(way => way.Scheme.Equals("Bearer", StringComparison.OrdinalIgnoreCase))
            is not { Parameter: { } parameter })
            return asked.Any(way => way.Scheme.Equals("Basic", StringComparison.OrdinalIgnoreCase)) ? _basic : null;

        var fields = Field().Matches(parameter).DistinctBy(match => match.Groups[1].Value.ToLowerInvariant())
            .ToDictionary(match => match.Groups[1].Value.ToLowerInvariant(), match => match.Groups[2].Value);
        var realm = Judged(fields.GetValueOrDefault("realm", ""));
        if (await TokenAsync(realm, fields.GetValueOrDefault("service", ""), scope, cancel) is not { } token)
            return null;
        if (_tokens.Count > MostTokens)
            _tokens.Clear();
        _tokens[scope] = token;
        return new AuthenticationHeaderValue("Bearer", token);
    }

    /// <summary>
    /// A registry names its token server itself. It may be at the registry's own host, at the one in the settings, and,
    /// where there is no password to show, at any that is encrypted.
    /// </summary>
    private Uri Judged(string named)
    {
        var isUri = Uri.TryCreate(named, UriKind.Absolute, out var realm);
        var isOurs = isUri && (realm!.IdnHost == _options.Api.IdnHost || IsNamed(realm));
        if (isUri && (realm!.Scheme == Uri.UriSchemeHttps && (isOurs || _basic is null)
                || realm.Scheme == Uri.UriSchemeHttp && isOurs && _options.Api.Scheme == Uri.UriSchemeHttp))
            return realm;
        throw new RegistryUnavailableException(
            $"{_options.Host} names the token server \"{named}\", which is not asked: it is at another host, or not "
            + "encrypted. Where it may be shown the password, name it as TokenServer of this registry in the settings.")
        {
            IsDenied = true,
        };
    }

    private bool IsNamed(Uri realm) => _options.TokenServer is { } named
        ? named.Equals(realm.IdnHost, StringComparison.OrdinalIgnoreCase)
            || named.Equals($"{realm.IdnHost}:{realm.Port}", StringComparison.OrdinalIgnoreCase)
        : _options.Host == KnownRegistryOptions.DockerHub && realm.IdnHost == HubTokens;

    private async Task<string?> TokenAsync(Uri realm, string service, string scope, CancellationToken cancel)
    {
        var query = $"{realm.Query.TrimStart('?')}&service={Uri.EscapeDataString(service)}"
            + $"&scope={Uri.EscapeDataString(scope)}";
        using var request = new HttpRequestMessage(HttpMethod.Get, new UriBuilder(realm) { Query = query }.Uri);
        request.Headers.Authorization = _basic;
        using var answer = await SendAsync(request, realm, cancel);
        if (answer.StatusCode == HttpStatusCode.Unauthorized && _basic is not null)
            throw new RegistryUnavailableException(
                $"The token server {realm.Authority} of {_options.Host} does not know us: look at User and Password of "
                + "this registry in the settings.")
            {
                IsDenied = true,
            };
        if (RegistryConnection.IsPassing(answer.StatusCode))
            throw new RegistryUnavailableException(
                $"The token server {realm.Authority} of {_options.Host} answered {(int)answer.StatusCode}.")
            {
                RetryAfter = RegistryConnection.RetryAfterOf(answer) ?? TimeSpan.Zero,
            };
        if (!answer.IsSuccessStatusCode)
            return null;

        using var json = JsonDocument.Parse(await answer.Content.ReadAsByteArrayAsync(cancel));
        return ManifestReader.Text(json.RootElement, "token") ?? ManifestReader.Text(json.RootElement, "access_token");
    }

    // Without it nothing can be asked: the registry is as good as away.
    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, Uri realm, CancellationToken cancel)
    {
        try
        {
            return await _http.SendAsync(request, cancel);
        }
        catch (HttpRequestException e)
        {
            throw new RegistryUnavailableException(
                $"The token server {realm.Authority} of {_options.Host} cannot be reached: "
                + e.GetBaseException().Message, e)
            {
                RetryAfter = TimeSpan.Zero,
            };
        }
    }

    [GeneratedRegex("([A-Za-z]+)=\"([^\"]*)\"")]
    private static partial Regex Field();
}
