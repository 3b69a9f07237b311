using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Builds.Parts;

namespace Builds.Gateway.Tests;

/// <summary>One Gateway over one broker for the tests of the API, started by the first that asks.</summary>
public sealed class TheGateway : IAsyncDisposable
{
    public const string Registry = "registry.test:5000";

    /// <summary>Another one that notifies the Gateway.</summary>
    public const string OtherRegistry = "other.test";

    public const string HookSecret = "hook-secret-of-the-registry";
    public const string OtherHookSecret = "hook-secret-of-the-other-one";

    private static readonly SemaphoreSlim One = new(1);
    private static TheGateway? _running;

    private readonly List<IAsyncDisposable> _parts = [];
    private readonly TempFolder _folder = new("api");

    public Broker Broker { get; private set; } = null!;
    public ServiceProcess Process { get; private set; } = null!;
    public AmqpClient Amqp { get; private set; } = null!;
    public FakeWorker Worker { get; private set; } = null!;
    public FakeGraph Graph { get; private set; } = null!;
    public MailServer Mail { get; private set; } = null!;

    /// <summary>The workers' private key; its kid is <c>first</c>.</summary>
    public RSA WorkerKey { get; } = RSA.Create(2048);

    public string KeysFile => _folder.File("keys.json");

    public string AdminToken { get; private set; } = null!;

    /// <summary>Calls with the admin's token.</summary>
    public ApiClient Admin { get; private set; } = null!;

    public static async Task<TheGateway> GetAsync()
    {
        await One.WaitAsync();
        try
        {
            return _running ??= await StartAsync();
        }
        finally
        {
            One.Release();
        }
    }

    public static async Task StopAsync()
    {
        if (_running is not null)
            await _running.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var part in Enumerable.Reverse(_parts))
            await part.DisposeAsync();
        _folder.Dispose();
        WorkerKey.Dispose();
    }

    public ApiClient As(string token) => new(Process.Url, token);

    public ApiClient Nobody() => new(Process.Url, token: null);

    /// <summary>A token for one namespace.</summary>
    public async Task<ApiClient> WithScopesAsync(string ns, params string[] scopes)
    {
        var made = await Admin.PostAsync("v1/tokens", new { name = "test", @namespace = ns, scopes });
        return As(made.Json["token"]!.GetValue<string>());
    }

    public void WriteKeys(params (string Kid, RSA Key)[] keys) => File.WriteAllText(KeysFile, new JsonObject
    {
        ["keys"] = new JsonArray([.. keys.Select(one => (JsonNode)new JsonObject
        {
            ["kty"] = "RSA",
            ["kid"] = one.Kid,
            ["n"] = Base64Url(one.Key.ExportParameters(false).Modulus!),
            ["e"] = Base64Url(one.Key.ExportParameters(false).Exponent!),
        })]),
    }.ToJsonString());

    private static string Base64Url(byte[] bytes) => System.Buffers.Text.Base64Url.EncodeToString(bytes);

    private static async Task<TheGateway> StartAsync()
    {
        var gateway = new TheGateway();
        gateway.WriteKeys(("first", gateway.WorkerKey));
        await File.WriteAllTextAsync(gateway._folder.File("hook-secret"), OtherHookSecret + "\n");
        gateway._parts.Add(gateway.Mail = await MailServer.StartAsync());
        gateway._parts.Add(gateway.Broker = await Broker.StartAsync());
        gateway._parts.Add(gateway.Process = await ServiceProcess.StartAsync("Gateway", new Dictionary<string, string>
        {
            ["Bus:Address"] = gateway.Broker.Address.ToString(),
            ["Store:Folder"] = "{folder}/store",
            ["Registry:Default"] = Registry,
            ["Tokens:AdminFile"] = "{folder}/secrets/admin.token",
            ["Keys:File"] = gateway.KeysFile,
            ["Sources:AllowedHosts:0"] = "127.0.0.2",
            ["Hooks:Registries:0:Host"] = Registry,
            ["Hooks:Registries:0:Secret"] = HookSecret,
            ["Hooks:Registries:1:Host"] = OtherRegistry,
            ["Hooks:Registries:1:SecretFile"] = gateway._folder.File("hook-secret"),
            ["Flags:ResyncMinutes"] = "0.02",
            ["Flags:RetryMinutes"] = "0.02",
            ["Mail:Host"] = "127.0.0.1",
            ["Mail:Port"] = $"{gateway.Mail.Port}",
            ["Mail:CaFile"] = gateway.Mail.CaFile,
            ["Mail:User"] = MailServer.User,
            ["Mail:Password"] = MailServer.Password,
            ["Mail:From"] = "builds@builds.test",
            ["Mail:SettleSeconds"] = "1",
            ["Mail:RetrySeconds"] = "0.5",
            ["Mail:MostExplained"] = "3",
            ["Graph:PatienceSeconds"] = "3",
            ["Graph:DoctorSeconds"] = "3",
            ["Logs:EndGraceSeconds"] = "2",
            ["Logs:GapGraceSeconds"] = "1",
            ["Logs:HeartbeatSeconds"] = "1",
            ["Logging:LogLevel:Default"] = "Trace",
            ["Logging:LogLevel:Microsoft.AspNetCore"] = "Trace",
            ["Logging:LogLevel:MassTransit"] = "Information",
        }));
        gateway._parts.Add(gateway.Amqp = await AmqpClient.ConnectAsync(gateway.Broker.Address));
        gateway._parts.Add(gateway.Graph = await FakeGraph.StartAsync(gateway.Broker.Address));
        gateway._parts.Add(gateway.Worker = await FakeWorker.StartAsync(gateway.Broker.Address));
        gateway.AdminToken = (await File.ReadAllTextAsync(
            Path.Combine(gateway.Process.Folder, "secrets/admin.token"))).Trim();
        gateway.Admin = gateway.As(gateway.AdminToken);
        return gateway;
    }
}

[SetUpFixture]
public sealed class TheEnd
{
    [OneTimeTearDown]
    public Task StopAsync() => TheGateway.StopAsync();
}
