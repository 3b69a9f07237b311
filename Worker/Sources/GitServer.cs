namespace Builds.Worker.Sources;

/// <summary>One conversation with the program <c>git-upload-pack</c> at the other end.</summary>
internal abstract class GitServer : IAsyncDisposable
{
    /// <summary>What it says first: its refs, up to a flush.</summary>
    public abstract Task<Stream> RefsAsync(CancellationToken cancel);

    /// <summary>What it answers to the one request that is ever made.</summary>
    public abstract Task<Stream> AnswerAsync(string request, CancellationToken cancel);

    /// <summary>Why it stopped talking in the middle.</summary>
    public abstract Task<Exception> WhyAsync(Exception ended, CancellationToken cancel);

    public abstract ValueTask DisposeAsync();
}

/// <summary>Opens them, and says which credentials go where.</summary>
/// <param name="main">The build's own git URL. Only its server ever sees the credential.</param>
internal sealed class GitServers(
    GitUrl main, GitCredential? credential, GitHosts hosts, CheckoutMeter meter, string folder)
{
    public GitServer Open(GitUrl url) => url.Scheme switch
    {
        "file" => new ProcessGitServer(url, meter, FileUploadPack.StartInfo(url)),
        "ssh" => new SshGitServer(url, CredentialFor, hosts, meter, folder),
        _ => new HttpGitServer(url, CredentialFor, hosts, meter),
    };

    /// <summary>Null for any other scheme, host and port; but an http server's own https is one with it.</summary>
    private GitCredential? CredentialFor(GitUrl url)
    {
        if (credential is null || url.Host != main.Host || !IsFor(credential.Host, main))
            return null;
        return (url.Scheme, url.Port) == (main.Scheme, main.Port)
            || (main is { Scheme: "http", Port: 80 } && url is { Scheme: "https", Port: 443 }) ? credential : null;
    }

    private static bool IsFor(string host, GitUrl url) =>
        GitUrl.TryParse($"{url.Scheme}://{host}/any", false, out var own, out _)
        && own.Host == url.Host
        && (own.Port == url.Port || !host.EndsWith($":{own.Port}", StringComparison.Ordinal));
}
