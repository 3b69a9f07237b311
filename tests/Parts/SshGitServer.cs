using System.Net.Sockets;

namespace Builds.Parts;

/// <summary>git over ssh: a private sshd that lets one deploy key read what is below its root, and nothing else.</summary>
public sealed class SshGitServer : IAsyncDisposable
{
    private readonly TempFolder _folder = new("ssh");
    private readonly int _port = FreePort.Next();
    private PartProcess? _process;

    private SshGitServer()
    {
    }

    /// <summary><c>127.0.0.1:port</c></summary>
    public string Host => $"127.0.0.1:{_port}";

    public string Root => _folder.Folder("git");

    /// <summary>Of the deploy key, 0600.</summary>
    public string PrivateKeyFile => _folder.File("deploy-key");

    /// <summary>A key that the server does not know.</summary>
    public string StrangePrivateKeyFile => _folder.File("strange-key");

    /// <summary>The server's line for a known_hosts file.</summary>
    public string KnownHosts { get; private set; } = "";

    /// <summary>A line that names this host with the key of another.</summary>
    public string WrongKnownHosts { get; private set; } = "";

    public string Output => File.ReadAllText(_process!.LogFile);

    public static async Task<SshGitServer> StartAsync()
    {
        var server = new SshGitServer();
        try
        {
            await server.PrepareAsync();
            await server.RunAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    public Task<GitRepository> CreateRepositoryAsync(string name, bool anyCommit = true) =>
        GitRepository.CreateAsync(Root, name, anyCommit);

    /// <summary><c>ssh://root@127.0.0.1:port/team/api.git</c></summary>
    public string UrlOf(GitRepository repository) => $"ssh://{Environment.UserName}@{Host}/{repository.Name}";

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
            await _process.DisposeAsync();
        _folder.Dispose();
    }

    private async Task PrepareAsync()
    {
        var keygen = Installed.Program("ssh-keygen", "openssh-client");
        foreach (var key in (string[])["host-key", "deploy-key", "strange-key"])
            await Command.RunAsync(keygen, "-q", "-t", "ed25519", "-N", "", "-C", key, "-f", _folder.File(key));
        KnownHosts = $"[127.0.0.1]:{_port} {await PublicAsync("host-key")}";
        WrongKnownHosts = $"[127.0.0.1]:{_port} {await PublicAsync("strange-key")}";

        await File.WriteAllTextAsync(_folder.File("serve"), $"""
            case $SSH_ORIGINAL_COMMAND in
                *..*) echo "no such repository" >&2 && exit 1 ;;
                "git-upload-pack '"*"'") path=$(echo "$SSH_ORIGINAL_COMMAND" | cut -d "'" -f 2) ;;
                *) echo "this key may only fetch" >&2 && exit 1 ;;
            esac
            exec git-upload-pack "{Root}/$path"

            """);
        await File.WriteAllTextAsync(
            _folder.File("authorized_keys"),
            $"restrict,command=\"sh {_folder.File("serve")}\" {await PublicAsync("deploy-key")}\n");
        await File.WriteAllTextAsync(_folder.File("sshd_config"), $"""
            ListenAddress 127.0.0.1:{_port}
            HostKey {_folder.File("host-key")}
            PidFile none
            AuthorizedKeysFile {_folder.File("authorized_keys")}
            PermitRootLogin forced-commands-only
            PasswordAuthentication no
            KbdInteractiveAuthentication no
            StrictModes no
            UsePAM yes

            """);
    }

    private async Task RunAsync()
    {
        var sshd = Installed.Program("sshd", "openssh-server");
        Directory.CreateDirectory("/run/sshd"); // sshd insists on it; the package's service would make it
        _process = await PartProcess.StartAsync("sshd", _folder, [sshd, "-D", "-e", "-f", _folder.File("sshd_config")]);
        await _process.ReadyAsync(async () =>
        {
            using var client = new TcpClient();
            await client.ConnectAsync("127.0.0.1", _port);
            return true;
        });
    }

    private async Task<string> PublicAsync(string key) =>
        string.Join(' ', (await File.ReadAllTextAsync(_folder.File(key + ".pub"))).Split(' ').Take(2));
}
