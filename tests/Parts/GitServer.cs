using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Builds.Parts;

public sealed record GitServerOptions
{
    /// <summary>With <see cref="Password"/>: basic auth for everything.</summary>
    public string? User { get; init; }

    public string? Password { get; init; }

    /// <summary>Taken as <c>Authorization: Bearer</c>, or as the password of any user, as forges do.</summary>
    public string? Token { get; init; }
}

/// <summary>git over HTTP: the real git-http-backend behind a web server of ours.</summary>
public sealed class GitServer : IAsyncDisposable
{
    private readonly TempFolder _folder = new("git");
    private readonly GitServerOptions _options;
    private readonly ConcurrentQueue<string> _requests = [];
    private readonly WebServer _server;

    private GitServer(GitServerOptions options)
    {
        _options = options;
        _server = new WebServer(app => app.Run(AnswerAsync));
    }

    /// <summary><c>http://127.0.0.1:port/</c></summary>
    public Uri Url => _server.Url;

    /// <summary><c>127.0.0.1:port</c></summary>
    public string Host => $"127.0.0.1:{Url.Port}";

    public string Root => _folder.FullPath;

    /// <summary>Each as <c>GET /team/api.git/info/refs?…</c>, also those that were refused.</summary>
    public IReadOnlyCollection<string> Requests => _requests;

    public static async Task<GitServer> StartAsync(GitServerOptions? options = null)
    {
        var server = new GitServer(options ?? new GitServerOptions());
        await server._server.StartAsync();
        return server;
    }

    /// <param name="name">For example <c>team/api.git</c>.</param>
    public Task<GitRepository> CreateRepositoryAsync(string name, bool anyCommit = true) =>
        GitRepository.CreateAsync(Root, name, anyCommit);

    public Uri UrlOf(GitRepository repository) => new(Url, repository.Name);

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _folder.Dispose();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var request = context.Request;
        _requests.Enqueue($"{request.Method} {request.Path}{request.QueryString}");
        if (!Allowed(context))
        {
            BasicAuth.Refuse(context);
            return;
        }

        await GitBackend.ServeAsync(context, Root);
    }

    private bool Allowed(HttpContext context)
    {
        var header = context.Request.Headers.Authorization.ToString();
        if (_options.Token is { } token)
            return header == "Bearer " + token || BasicAuth.Password(header) == token;
        return _options is not { User: { } user, Password: { } password } || header == BasicAuth.Header(user, password);
    }
}
