using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using Builds.Contracts;

namespace Builds.Worker.Sources;

/// <summary>
/// git's smart HTTP (gitprotocol-http). Redirects are followed by hand, each judged like the URL itself.
/// </summary>
internal sealed class HttpGitServer : GitServer
{
    private const string Refs = "/info/refs?service=git-upload-pack";
    private const int MaxRedirects = 5;

    private readonly Func<GitUrl, GitCredential?> _credentialFor;
    private readonly CheckoutMeter _meter;
    private readonly HttpClient _client;
    private GitUrl _at;

    public HttpGitServer(GitUrl url, Func<GitUrl, GitCredential?> credentialFor, GitHosts hosts, CheckoutMeter meter)
    {
        (_at, _credentialFor, _meter) = (url, credentialFor, meter);
        _client = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false, // a proxy would resolve the name anew
            ConnectCallback = (_, connecting) => new ValueTask<Stream>(hosts.ConnectAsync(_at, connecting)),
        })
        {
            Timeout = Timeout.InfiniteTimeSpan, // the worker has the clock, and kills
        };
        // Some forges tell git from a browser by this name.
        _client.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("git", "2.0"));
    }

    public override async Task<Stream> RefsAsync(CancellationToken cancel)
    {
        for (var hops = 0; hops <= MaxRedirects; hops++)
        {
            var response = await SendAsync(HttpMethod.Get, Refs, null, cancel);
            if ((int)response.StatusCode is >= 300 and < 400 && response.Headers.Location is { } location)
            {
                _at = Redirected(new Uri(Address(Refs), location));
                continue;
            }
            var stream = await ContentAsync(response, "application/x-git-upload-pack-advertisement", cancel);
            var buffer = new byte[PktLine.MaxLength];
            return PktLine.ReadText(stream, buffer) == "# service=git-upload-pack"
                && PktLine.ReadText(stream, buffer) is null
                    ? stream
                    : throw new GitProtocolException("it does not announce git-upload-pack");
        }
        throw new BuildFailedException(
            $"{_at} redirects more than {MaxRedirects} times; use the URL it finally leads to.");
    }

    public override async Task<Stream> AnswerAsync(string request, CancellationToken cancel)
    {
        var content = new ByteArrayContent(Encoding.ASCII.GetBytes(request));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/x-git-upload-pack-request");
        var response = await SendAsync(HttpMethod.Post, "/git-upload-pack", content, cancel);
        return await ContentAsync(response, "application/x-git-upload-pack-result", cancel);
    }

    public override Task<Exception> WhyAsync(Exception ended, CancellationToken cancel) =>
        Task.FromResult<Exception>(
            GitHosts.Unreachable(_at, $"the connection broke in the middle ({ended.Message.TrimEnd('.')})"));

    public override ValueTask DisposeAsync()
    {
        _client.Dispose();
        return ValueTask.CompletedTask;
    }

    private GitCredential? Given => _credentialFor(_at) is { Basic: not null } given ? given : null;

    private Uri Address(string suffix) => new(_at.ToString().TrimEnd('/') + suffix);

    private async Task<HttpResponseMessage> SendAsync(
        HttpMethod method, string suffix, HttpContent? content, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(method, Address(suffix)) { Content = content };
        if (Given?.Basic is { } basic)
        {
            request.Headers.Authorization =
                new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(basic)));
        }
        try
        {
            return await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
        }
        catch (HttpRequestException fault)
        {
            throw Understood(fault);
        }
    }

    private Exception Understood(HttpRequestException fault)
    {
        for (Exception? inner = fault; inner is not null; inner = inner.InnerException)
        {
            if (inner is BuildFailedException or GitUnreachableException)
                return inner;
            if (inner is AuthenticationException)
            {
                return new BuildFailedException(
                    $"The certificate of {_at.Host} is not trusted: {inner.Message.TrimEnd('.')}. Mend it at the "
                    + "server, or have the operator add its authority to those that the workers trust.");
            }
            if (inner is SocketException)
                return GitHosts.Unreachable(_at, inner.Message);
        }
        return fault.HttpRequestError is HttpRequestError.InvalidResponse or HttpRequestError.ConfigurationLimitExceeded
            ? new GitProtocolException(fault.Message)
            : GitHosts.Unreachable(_at, fault.Message.TrimEnd('.'));
    }

    private async Task<Stream> ContentAsync(HttpResponseMessage response, string type, CancellationToken cancel)
    {
        if (response.StatusCode != HttpStatusCode.OK)
            throw Refused((int)response.StatusCode);
        if ((response.Content.Headers.ContentType?.MediaType ?? "no content type") is var given && given != type)
            throw new GitProtocolException($"it answers with {GitText.Shown(given)} where git was expected");
        return new BufferedStream(new MeteredStream(await response.Content.ReadAsStreamAsync(cancel), _meter), 1 << 16);
    }

    private Exception Refused(int status) => (status, Given) switch
    {
        (401, null) => new BuildFailedException(
            $"The repository {_at} needs credentials, or is not there; store some for {_at.Host} and name them in the "
            + "definition."),
        (401, { Username: { } name }) => new BuildFailedException(
            $"{_at.Host} does not accept the credentials of {GitText.Shown(name)} for {_at}; renew them."),
        (401, _) => new BuildFailedException($"{_at.Host} does not accept the token for {_at}; renew it."),
        (403, _) => new BuildFailedException($"{_at.Host} forbids reading {_at}; give the credentials that right."),
        (404 or 410, null) => new BuildFailedException(
            $"There is no repository at {_at}, or it needs credentials; correct the URL, or store credentials."),
        (404 or 410, _) => new BuildFailedException(
            $"There is no repository at {_at} that the credentials may see; correct the URL, or give them that right."),
        (429 or >= 500, _) => GitHosts.Unreachable(_at, $"it answers with status {status}"),
        _ => new BuildFailedException(
            $"{_at.Host} answers with status {status} when asked for {_at}; see whether the URL is right."),
    };

    private GitUrl Redirected(Uri location)
    {
        var to = location.AbsoluteUri;
        if (!to.EndsWith(Refs, StringComparison.Ordinal))
        {
            throw new BuildFailedException(
                $"{_at} redirects to a page that is no repository; it may need credentials, or another URL.");
        }
        if (!GitUrl.TryParse(to[..^Refs.Length], false, out var url, out var refusal))
            throw new BuildFailedException($"{_at} redirects elsewhere, and: {refusal}", FailureClass.Policy);
        if (_at.Scheme == "https" && url.Scheme != "https")
        {
            throw new BuildFailedException(
                $"{_at} redirects from https to {url.Scheme}, which is not followed.", FailureClass.Policy);
        }
        _meter.Say($"{_at} redirects to {url}");
        return url;
    }
}
