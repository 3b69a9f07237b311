using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Polly;

namespace Builds.GraphTracker.Registries;

/// <summary>What a registry answered, read to its end.</summary>
internal sealed record RegistryAnswer(byte[] Bytes, string MediaType, HttpResponseHeaders Headers);

/// <summary>
/// The way to one registry: its address, whose certificates are trusted, how long it is waited for. Short outages are
/// waited out here.
/// </summary>
internal sealed class RegistryConnection : IDisposable
{
    private const int MostBytes = 8 << 20; // no manifest, configuration, page of names or token is larger
    private const int MostRedirects = 5;   // to where blobs lie; the handler takes no credentials along

    private static readonly TimeSpan LongestPause = TimeSpan.FromHours(1); // whatever it asks for

    private readonly KnownRegistryOptions _options;
    private readonly TimeSpan _patience;
    private readonly HttpClient _http;
    private readonly RegistryLogin _login;
    private readonly ResiliencePipeline _retry;

    public RegistryConnection(KnownRegistryOptions options, RegistryOptions all, TimeProvider clock)
    {
        _options = options;
        _patience = TimeSpan.FromSeconds(all.TimeoutSeconds);
        var handler = new SocketsHttpHandler
        {
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            UseCookies = false,
            MaxAutomaticRedirections = MostRedirects,
            SslOptions = Trusting(options.CaFile),
        };
        _http = new HttpClient(handler)
        {
            Timeout = Timeout.InfiniteTimeSpan,
            MaxResponseContentBufferSize = MostBytes,
        };
        _login = new RegistryLogin(_http, options);
        _retry = Retries.Of(all, clock);
    }

    public Uri Api => _options.Api;

    public TimeSpan Pause => TimeSpan.FromMilliseconds(_options.PauseMilliseconds);

    /// <param name="most">Bytes of the answer.</param>
    /// <returns>Null where it is not there (404).</returns>
    /// <exception cref="RegistryUnavailableException">No answer, or one that says "not now" or "not you".</exception>
    /// <exception cref="ManifestBadException">The answer is larger.</exception>
    public async Task<RegistryAnswer?> AskAsync(
        HttpMethod method, Uri uri, string scope, IEnumerable<string> accept, int most, CancellationToken cancel)
    {
        if (uri.Scheme != Api.Scheme || uri.Authority != Api.Authority)
            throw new ArgumentException($"{uri} is not at {Api}", nameof(uri)); // credentials would go with it
        return await _retry.ExecuteAsync(
            async stop => await InTimeAsync(inTime => TryAsync(method, uri, scope, accept, most, inTime), stop),
            cancel);
    }

    /// <summary>Whether anybody is there, who may as well say that we are not let in.</summary>
    public async Task<bool> AnswersAsync(CancellationToken cancel)
    {
        try
        {
            return await InTimeAsync(async inTime =>
            {
                using var answer = await _http.GetAsync(Api, HttpCompletionOption.ResponseHeadersRead, inTime);
                return !IsPassing(answer.StatusCode);
            }, cancel);
        }
        catch (RegistryUnavailableException)
        {
            return false;
        }
    }

    public void Dispose() => _http.Dispose();

    internal static bool IsPassing(HttpStatusCode status) => status
        is HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError;

    /// <summary>Seconds, or an instant by the clock of whoever answers (RFC 9110, 10.2.3).</summary>
    /// <returns>Null where it does not ask to be left alone; zero where it does, and does not say how long.</returns>
    internal static TimeSpan? RetryAfterOf(HttpResponseMessage answer)
    {
        var asked = answer.Headers.RetryAfter?.Delta ?? answer.Headers.RetryAfter?.Date - answer.Headers.Date;
        return asked is { } pause
            ? TimeSpan.FromTicks(Math.Clamp(pause.Ticks, 0, LongestPause.Ticks))
            : answer.StatusCode == HttpStatusCode.TooManyRequests ? TimeSpan.Zero : null;
    }

    // The limit is one for headers and body: a registry that trickles is one that does not answer.
    private async Task<T> InTimeAsync<T>(Func<CancellationToken, Task<T>> ask, CancellationToken cancel)
    {
        using var inTime = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        inTime.CancelAfter(_patience);
        try
        {
            return await ask(inTime.Token);
        }
        catch (OperationCanceledException e) when (!cancel.IsCancellationRequested)
        {
            throw new RegistryUnavailableException(
                $"{_options.Host} has not answered within {_patience.TotalSeconds:0} s.", e);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or JsonException)
        {
            throw new RegistryUnavailableException(
                $"{_options.Host} cannot be reached: {e.GetBaseException().Message}", e);
        }
    }

    private async Task<RegistryAnswer?> TryAsync(
        HttpMethod method, Uri uri, string scope, IEnumerable<string> accept, int most, CancellationToken cancel)
    {
        var header = _login.Known(scope);
        var answer = await SendAsync(method, uri, accept, header, cancel);
        try
        {
            if (answer.StatusCode == HttpStatusCode.Unauthorized
                && await _login.AnswerAsync(answer.Headers.WwwAuthenticate, scope, cancel) is { } shown)
            {
                answer.Dispose();
                header = shown;
                answer = await SendAsync(method, uri, accept, header, cancel);
            }

            if (answer.StatusCode == HttpStatusCode.NotFound)
                return null;
            if (!answer.IsSuccessStatusCode)
                throw Refused(answer, uri, header);
            var bytes = method == HttpMethod.Head ? [] : await LimitedAsync(answer, most, cancel);
            return new RegistryAnswer(bytes, answer.Content.Headers.ContentType?.MediaType ?? "", answer.Headers);
        }
        finally
        {
            answer.Dispose();
        }
    }

    private async Task<HttpResponseMessage> SendAsync(
        HttpMethod method, Uri uri, IEnumerable<string> accept, AuthenticationHeaderValue? header,
        CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(method, uri);
        request.Headers.Add("Accept", accept);
        request.Headers.Authorization = header;
        return await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
    }

    // With user and password each request is let in or none; a token is for one repository.
    private RegistryUnavailableException Refused(HttpResponseMessage answer, Uri uri, AuthenticationHeaderValue? header)
    {
        var isClosed = answer.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden;
        var isDenied = answer.StatusCode == HttpStatusCode.Unauthorized && header?.Scheme == "Basic";
        return new RegistryUnavailableException(
            $"{_options.Host} answered {(int)answer.StatusCode} to {uri.AbsolutePath}"
            + (isClosed
                ? ": look at User and Password of this registry in the settings, and at what they may read"
                : ""))
        {
            IsDenied = isDenied,
            IsRefusal = !isDenied && !IsPassing(answer.StatusCode),
            RetryAfter = RetryAfterOf(answer),
        };
    }

    private static async Task<byte[]> LimitedAsync(HttpResponseMessage answer, int most, CancellationToken cancel)
    {
        try
        {
            await answer.Content.LoadIntoBufferAsync(most, cancel);
            return await answer.Content.ReadAsByteArrayAsync(cancel);
        }
        catch (HttpRequestException e) when (e.HttpRequestError == HttpRequestError.ConfigurationLimitExceeded)
        {
            throw new ManifestBadException($"It is larger than {most} bytes.", e);
        }
    }

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
}
