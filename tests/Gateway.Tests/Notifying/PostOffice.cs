using System.Text;
using Builds.Contracts;
using Builds.Gateway.Describing;
using Builds.Gateway.Flagging;
using Builds.Gateway.Notifying;
using Builds.Gateway.Storing;
using Builds.Gateway.Tests.Claiming;
using Builds.Gateway.Tests.Flagging;
using Builds.Parts;
using Dapper;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using MimeKit;
using RegistryOptions = Builds.Gateway.Defining.RegistryOptions;

namespace Builds.Gateway.Tests.Notifying;

/// <summary>All that writes mails, in this process, over a real mail server; what is due is due by its clock.</summary>
internal sealed class PostOffice : IAsyncDisposable
{
    public const double Settle = 60;

    private readonly TempFolder _folder = new("post");
    private readonly GatewayStore _store;
    private readonly Flags _flags;
    private readonly SeeMail _seen;

    private PostOffice(MailServer server, string? publicUrl)
    {
        Server = server;
        var options = Options.Create(new MailOptions
        {
            Host = "127.0.0.1", Port = server.Port, Tls = MailTls.None, From = "builds@builds.test", SettleSeconds = Settle,
            RetrySeconds = 60,
        });
        var registries = Options.Create(new RegistryOptions { Default = TheGateway.Registry });
        _store = new GatewayStore(Options.Create(new StoreOptions { Folder = _folder.FullPath }));
        _flags = new Flags(new Notices(options, Clock), registries, Clock);
        var links = new Links(Options.Create(new PublicOptions { Url = publicUrl }));
        Postman = new Postman(
            new WaitingMails(_store, options, Clock), new Letters(_store, links, options, Clock), options, Clock,
            NullLogger<Postman>.Instance);
        _seen = new SeeMail(_store, Postman, options);
    }

    public MailServer Server { get; }
    public ManualClock Clock { get; } = new();
    public Postman Postman { get; }

    /// <summary>What <c>GET /v1/mail</c> says.</summary>
    public SeenMail Seen => _seen.Handle();

    public static async Task<PostOffice> OpenAsync(string? publicUrl = null)
    {
        var office = new PostOffice(await MailServer.StartAsync("none"), publicUrl);
        await office.Postman.StartAsync(default);
        return office;
    }

    private const string InsertMember = """
        insert into member (namespace, mail, name, role) values (@ns, @address, 'Somebody', 'owner')
        """;

    /// <summary>An owner of a namespace of its own, who is to be told about one image of it.</summary>
    public async Task<string> TellAsync(string name, Func<ImageOutdated, ImageOutdated>? change = null)
    {
        var address = $"{name}@example.org";
        await _store.WriteAsync(db => db.Execute(InsertMember, new { ns = name, address }), default);
        await NewsAsync(name, "api", change);
        return address;
    }

    /// <summary>Something else of that namespace is outdated.</summary>
    public Task NewsAsync(string name, string image, Func<ImageOutdated, ImageOutdated>? change = null)
    {
        var flag = Told.Flag($"{name}/{image}");
        return _store.WriteAsync(db => _flags.Outdated(db, change is null ? flag : change(flag)), default);
    }

    public async Task<MimeMessage> FirstToAsync(string address)
    {
        await Wait.UntilAsync($"a mail to {address}", () => Server.To(address).Count > 0);
        var source = Encoding.UTF8.GetBytes(Server.To(address)[0].Source);
        return await MimeMessage.LoadAsync(new MemoryStream(source));
    }

    public async ValueTask DisposeAsync()
    {
        await Postman.StopAsync(default);
        Postman.Dispose();
        await _store.DisposeAsync();
        await Server.DisposeAsync();
        _folder.Dispose();
    }
}
