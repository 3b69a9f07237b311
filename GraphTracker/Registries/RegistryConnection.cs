using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Builds.GraphTracker.Registries;

/// <summary>
/// The way to one registry: its address, whose certificates are trusted, and what it asks for to let us in (basic, or a
/// bearer token of the server that it names; distribution specification, token authentication).
/// </summary>
internal sealed partial class RegistryConnection : IDisposable
{
    private readonly KnownRegistryOptions _options;
    private readonly HttpClient _http;
    private volatile Dictionary<string, string> _tokens = [];

    public RegistryConnection(KnownRegistryOptions options, TimeSpan timeout)
    {
        _options = options;
        var handler = new SocketsHttpHandler
        {
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            UseCookies = false,
            SslOptions = Trusting(options.CaFile),
        };
        _http = new HttpClient(handler) { Timeout = timeout };
    }

    public Uri Api => _options.Api;

    public TimeSpan Pause => TimeSpan.FromMilliseconds(_options.PauseMilliseconds);

    /// <exception cref="RegistryUnavailableException">No answer, or one that says "not now" or "not you".</exception>
    public async Task<HttpResponseMessage> SendAsync(
        HttpMethod method, Uri uri, string scope, IEnumerable<string> accept, CancellationToken cancel)
    {
        try
        {
            var answer = await SendOnceAsync(method, uri, accept, Known(scope), cancel);
            if (answer.StatusCode == HttpStatusCode.Unauthorized
                && await AuthorizeAsync(answer.Headers.WwwAuthenticate, scope, cancel) is { } header)
            {
                answer.Dispose();
                answer = await SendOnceAsync(method, uri, accept, header, cancel);
            }

            if (answer.IsSuccessStatusCode || answer.StatusCode == HttpStatusCode.NotFound)
                return answer;
            using (answer)
                throw new RegistryUnavailableException($"{_options.Host} answered {(int)answer.StatusCode} to {uri.AbsolutePath}"
                    + (answer.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden
                        ? ": look at User and Password of this registry in the settings" : ""));
        }
        catch (Exception e) when (e is HttpRequestException or IOException or JsonException
            || e is OperationCanceledException && !cancel.IsCancellationRequested)
        {
            throw new RegistryUnavailableException(
                $"{_options.Host} cannot be reached: {e.GetBaseException().Message}", e);
        }
    }

    public void Dispose() => _http.Dispose();

    private async Task<HttpResponseMessage> SendOnceAsync(
        HttpMethod method, Uri uri, IEnumerable<string> accept, AuthenticationHeaderValue? header,
        CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(method, uri);
        request.Headers.Add("Accept", accept);
        request.Headers.Authorization = header;
        return await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
    }

    private AuthenticationHeaderValue? Known(string scope) =>
        _tokens.TryGetValue(scope, out var token) ? new AuthenticationHeaderValue("Bearer", token) : null;

    private async Task<AuthenticationHeaderValue?> AuthorizeAsync(
        HttpHeaderValueCollection<AuthenticationHeaderValue> asked, string scope, CancellationToken cancel)
    {
        if (asked.FirstOrDefault(way => way.Scheme.Equals("Bearer", StringComparison.OrdinalIgnoreCase))
            is not { Parameter: { } parameter })
            return asked.Any(way => way.Scheme.Equals("Basic", StringComparison.OrdinalIgnoreCase)) ? Basic() : null;

        var fields = Field().Matches(parameter)
            .ToDictionary(match => match.Groups[1].Value.ToLowerInvariant(), match => match.Groups[2].Value);
        if (await TokenAsync(fields, scope, cancel) is not { } token)
            return null;
        if (_tokens.Count > 1000)
            _tokens = [];
        _tokens = new Dictionary<string, string>(_tokens) { [scope] = token };
        return new AuthenticationHeaderValue("Bearer", token);
    }

    // The password goes where the registry says, so never from an encrypted connection to one that is not.
    private async Task<string?> TokenAsync(Dictionary<string, string> asked, string scope, CancellationToken cancel)
    {
        if (!Uri.TryCreate(asked.GetValueOrDefault("realm"), UriKind.Absolute, out var realm)
            || realm.Scheme != Uri.UriSchemeHttps
                && (realm.Scheme != Uri.UriSchemeHttp || Api.Scheme == Uri.UriSchemeHttps))
            throw new RegistryUnavailableException(
                $"{_options.Host} names a token server that is not to be used: \"{asked.GetValueOrDefault("realm")}\".");

        var query = $"{realm.Query.TrimStart('?')}&service={Uri.EscapeDataString(asked.GetValueOrDefault("service", ""))}"
            + $"&scope={Uri.EscapeDataString(scope)}";
        using var request = new HttpRequestMessage(HttpMethod.Get, new UriBuilder(realm) { Query = query }.Uri);
        request.Headers.Authorization = Basic();
        using var answer = await _http.SendAsync(request, cancel);
        if (!answer.IsSuccessStatusCode)
            return null;
        using var json = JsonDocument.Parse(await answer.Content.ReadAsByteArrayAsync(cancel));
        return json.RootElement.TryGetProperty("token", out var token)
            || json.RootElement.TryGetProperty("access_token", out token)
            ? token.GetString()
            : null;
    }

    private AuthenticationHeaderValue? Basic() => _options is { User: { } user, Secret: { } password }
        ? new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}")))
        : null;

    private static SslClientAuthenticationOptions Trusting(string? file)
    {
        var options = new SslClientAuthenticationOptions();
        if (file is not null)
        {
            options.CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck, // a private authority rarely publishes a list
            };
            options.CertificateChainPolicy.CustomTrustStore.ImportFromPemFile(file);
        }

        return options;
    }

    [GeneratedRegex("([A-Za-z]+)=\"([^\"]*)\"")]
    private static partial Regex Field();
}
