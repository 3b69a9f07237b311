using System.Diagnostics;
using System.Globalization;
using System.Text;

#pragma warning disable CA1416 // a worker runs on Linux

namespace Builds.Worker.Sources;

/// <summary>
/// OpenSSH with one deploy key and the host keys that its credential names: nothing else is offered, accepted or asked.
/// </summary>
internal sealed class SshGitServer(
    GitUrl url, Func<GitUrl, GitCredential?> credentialFor, GitHosts hosts, CheckoutMeter meter, string folder)
    : ProcessGitServer(url, meter, cancel => CommandAsync(url, credentialFor(url), hosts, Own(folder), cancel))
{
    private readonly string _folder = Own(folder);
    private static int s_turn;

    private static async Task<ProcessStartInfo> CommandAsync(
        GitUrl url, GitCredential? credential, GitHosts hosts, string folder, CancellationToken cancel)
    {
        var addresses = await hosts.ResolveAsync(url, cancel);
        if (credential is not { Kind: GitCredentialKind.GitSsh, PrivateKey: { Length: > 0 } key })
        {
            throw new BuildFailedException(
                $"The repository {url} needs a deploy key; store a credential of kind gitSsh for {url.Host} and name "
                + "it in the definition. (It is only ever sent to the server that the build's own git URL names.)");
        }
        if (string.IsNullOrWhiteSpace(credential.KnownHosts))
        {
            throw new BuildFailedException(
                $"The deploy key for {url.Host} has no known host keys beside it; add the lines that ssh-keyscan "
                + "prints, after comparing them with what the server's owner publishes.");
        }
        SshProgram.Require(url);
        var keyFile = await WriteAsync(folder, "key", key, cancel);
        var hostsFile = await WriteAsync(folder, "known_hosts", credential.KnownHosts, cancel);
        // Connected to by address, so that the name is not resolved again; its host key is looked up under the name.
        var address = addresses[s_turn++ % addresses.Length].ToString();
        var alias = url.Port == 22 ? url.Host : $"[{url.Host}]:{url.Port}";
        string[] options =
        [
            "BatchMode=yes", "StrictHostKeyChecking=yes", "CheckHostIP=no", "UpdateHostKeys=no",
            $"UserKnownHostsFile={hostsFile}", "GlobalKnownHostsFile=/dev/null", $"HostKeyAlias={alias}",
            "IdentitiesOnly=yes", $"IdentityFile={keyFile}", "IdentityAgent=none", "PreferredAuthentications=publickey",
            $"ConnectTimeout={JudgedConnection.Patience.TotalSeconds:0}", "ClearAllForwardings=yes", "ForwardAgent=no",
            "PermitLocalCommand=no", "ControlMaster=no", "ControlPath=none", "RequestTTY=no", "LogLevel=ERROR",
        ];
        var path = url.Path.StartsWith("/~", StringComparison.Ordinal) ? url.Path[1..] : url.Path;
        return new ProcessStartInfo(SshProgram.Name,
        [
            "-F", "/dev/null", .. options.SelectMany(option => new[] { "-o", option }),
            "-p", url.Port.ToString(CultureInfo.InvariantCulture), "-l", url.User!, "--", address,
            $"git-upload-pack '{path}'", // no quote can be in a path that GitUrl lets through
        ]);
    }

    /// <summary>The key is on the disk for as long as ssh runs.</summary>
    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        Wipe.Folder(_folder);
    }

    protected override Exception? Explain(string errors)
    {
        if (Says(errors, "Host key verification failed", "IDENTIFICATION HAS CHANGED", "host key is known"))
        {
            return new BuildFailedException(
                $"{Url.Host} shows a host key that is not the known one. If its key was changed on purpose, store the "
                + "credential again with the new lines of ssh-keyscan; if not, somebody may be in between.");
        }
        if (Says(errors, "Permission denied", "invalid format", "error in libcrypto", "passphrase", "Too many auth"))
        {
            return new BuildFailedException(
                $"{Url.Host} does not accept the deploy key for {Url} ({errors}); see that it is added there for "
                + "reading, and that it has no passphrase.");
        }
        return base.Explain(errors);
    }

    private static string Own(string folder) => Path.Combine(folder, "ssh");

    private static async Task<string> WriteAsync(string folder, string name, string text, CancellationToken cancel)
    {
        var path = Path.Combine(Directory.CreateDirectory(folder).FullName, name);
        await using var file = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
        // OpenSSH insists on the last line's end.
        var lines = text.Replace("\r\n", "\n", StringComparison.Ordinal).TrimEnd('\n') + "\n";
        await file.WriteAsync(Encoding.UTF8.GetBytes(lines), cancel);
        return path;
    }
}
