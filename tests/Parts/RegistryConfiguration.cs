using System.Net;

namespace Builds.Parts;

internal static class RegistryConfiguration
{
    /// <summary>The registry's configuration; the files that it names are written too.</summary>
    public static async Task<Dictionary<string, object>> WriteAsync(
        RegistryOptions options,
        TempFolder folder,
        string host,
        TokenServer? tokens,
        PrivateAuthority? authority)
    {
        var http = new Dictionary<string, object> { ["addr"] = host, ["secret"] = Guid.NewGuid().ToString() };
        if (authority is not null)
            http["tls"] = await TlsAsync(folder, authority, options.Address);

        var configuration = new Dictionary<string, object>
        {
            ["version"] = "0.1",
            ["log"] = new { level = "info", accesslog = new { disabled = false } },
            ["http"] = http,
            ["compatibility"] = new { schema1 = new { enabled = true } }, // only by hand: no daemon pushes it any more
            ["storage"] = new
            {
                filesystem = new { rootdirectory = options.Storage ?? folder.Folder("data") },
                delete = new { enabled = true },
            },
        };
        if (tokens is not null)
            configuration["auth"] = await TokenAsync(folder, tokens);
        else if (options is { User: { } user, Password: { } password })
            configuration["auth"] = await BasicAsync(folder, user, password);
        if (options.Notify is not null)
            configuration["notifications"] = Notifications(options.Notify, options.NotifyAuthorization);
        return configuration;
    }

    private static async Task<object> TlsAsync(TempFolder folder, PrivateAuthority authority, IPAddress address)
    {
        var (certificate, key) = authority.Issue([IPAddress.Loopback, address], "localhost");
        await File.WriteAllTextAsync(folder.File("ca.pem"), authority.RootPem);
        await File.WriteAllTextAsync(folder.File("tls.pem"), certificate);
        await File.WriteAllTextAsync(folder.File("tls.key"), key);
        return new { certificate = folder.File("tls.pem"), key = folder.File("tls.key") };
    }

    private static async Task<object> TokenAsync(TempFolder folder, TokenServer tokens)
    {
        await File.WriteAllTextAsync(folder.File("tokens.pem"), tokens.CertificatePem);
        return new
        {
            token = new
            {
                realm = tokens.Realm.ToString(),
                service = TokenServer.Service,
                issuer = TokenServer.Issuer,
                rootcertbundle = folder.File("tokens.pem"),
            },
        };
    }

    private static async Task<object> BasicAsync(TempFolder folder, string user, string password)
    {
        // the registry reads bcrypt only
        var line = await Command.RunAsync(Installed.Program("htpasswd", "apache2-utils"), "-nbB", user, password);
        await File.WriteAllTextAsync(folder.File("htpasswd"), line.Trim() + "\n");
        return new { htpasswd = new { realm = "builds", path = folder.File("htpasswd") } };
    }

    private static object Notifications(Uri url, string? authorization) => new
    {
        endpoints = new[]
        {
            new
            {
                name = "builds",
                url = url.ToString(),
                timeout = "5s",
                threshold = 5,
                backoff = "1s",
                headers = authorization is null
                    ? new Dictionary<string, string[]>()
                    : new Dictionary<string, string[]> { ["Authorization"] = [authorization] },
            },
        },
    };
}
