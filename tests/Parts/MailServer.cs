using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Builds.Parts;

/// <summary>A mail that the server accepted.</summary>
/// <param name="To">Of the envelope.</param>
/// <param name="Source">As it was sent.</param>
/// <param name="User">Who had logged in.</param>
public sealed record ReceivedMail(string From, IReadOnlyList<string> To, string Source, bool IsProtected, string? User);

/// <summary>
/// An SMTP server that keeps what it accepts. By the first word of an address: <c>refused</c> is refused for good,
/// <c>later</c> once for now, and <c>silent</c> is taken without an answer while <see cref="Silence"/> is on.
/// </summary>
public sealed class MailServer : IAsyncDisposable
{
    public const string User = "builds";
    public const string Password = "mail-pw";

    private const string Python = "/usr/bin/python3"; // the distribution's: it has the distribution's modules

    private readonly TempFolder _folder = new("mail");
    private readonly string _tls;
    private PartProcess? _process;

    private MailServer(string tls) => _tls = tls;

    public int Port { get; } = FreePort.Next();

    /// <summary>PEM of the private authority of its certificate.</summary>
    public string CaFile => _folder.File("ca.pem");

    private string Mails => _folder.Folder("mails");

    /// <param name="tls"><c>none</c>, <c>startTls</c> (which then also asks for the log-in) or <c>implicit</c>.</param>
    public static async Task<MailServer> StartAsync(string tls = "startTls")
    {
        var server = new MailServer(tls);
        try
        {
            await server.PrepareAsync();
            await server.StartAgainAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>At the same port, with what it has accepted so far.</summary>
    public async Task StartAgainAsync()
    {
        var settings = new JsonObject
        {
            ["port"] = Port,
            ["tls"] = _tls,
            ["folder"] = Mails,
            ["certificate"] = _folder.File("server.pem"),
            ["key"] = _folder.File("server.key"),
            ["user"] = User,
            ["password"] = Password,
        };
        _process = await PartProcess.StartAsync(
            "mail", _folder, [Installed.Program(Python, "python3-aiosmtpd"), _folder.File("server.py"), settings.ToJsonString()]);
        await _process.ReadyAsync(async () =>
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, Port);
            return true;
        });
    }

    public async Task StopAsync()
    {
        if (_process is not null)
            await _process.DisposeAsync();
        _process = null;
    }

    public bool Silence
    {
        set => Say("silent", value ? "" : null);
    }

    /// <summary>How long it thinks about the text of a mail before it takes it.</summary>
    public int SecondsToThink
    {
        set => Say("seconds", $"{value}");
    }

    /// <summary>Mails that it takes in one connection; it ends the connection when it is offered another.</summary>
    public int? MostInOneConnection
    {
        set => Say("most", value?.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>Its answer to every recipient; null where each is treated as its name says.</summary>
    public string? Refusal
    {
        set => Say("refusal", value);
    }

    /// <summary>In the order of their acceptance.</summary>
    public IReadOnlyList<ReceivedMail> To(string address) =>
        [.. Directory.GetFiles(Mails, "*.eml").Order().Select(Read).Where(mail => mail.To.Contains(address))];

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _folder.Dispose();
    }

    private void Say(string name, string? text)
    {
        var file = Path.Combine(Mails, name);
        if (text is null)
            File.Delete(file);
        else
            File.WriteAllText(file, text);
    }

    private static ReceivedMail Read(string file)
    {
        var text = File.ReadAllText(file);
        var end = text.IndexOf('\n');
        var head = JsonSerializer.Deserialize<JsonNode>(text[..end])!;
        return new ReceivedMail(
            (string)head["from"]!,
            [.. head["to"]!.AsArray().Select(one => (string)one!)],
            text[(end + 1)..],
            (bool)head["tls"]!,
            (string?)head["user"]);
    }

    private async Task PrepareAsync()
    {
        using var authority = new PrivateAuthority();
        var (certificate, key) = authority.Issue([IPAddress.Loopback], "mail.test");
        await File.WriteAllTextAsync(CaFile, authority.RootPem);
        await File.WriteAllTextAsync(_folder.File("server.pem"), certificate);
        await File.WriteAllTextAsync(_folder.File("server.key"), key);
        await using var script = typeof(MailServer).Assembly.GetManifestResourceStream("MailServer.py")!;
        await using var file = File.Create(_folder.File("server.py"));
        await script.CopyToAsync(file);
    }
}
