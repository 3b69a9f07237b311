using System.Net.Http.Headers;
using System.Text;

namespace Builds.Parts;

/// <summary>A RabbitMQ of our own with its management plug-in, beside any other on the machine.</summary>
public sealed class Broker : IAsyncDisposable
{
    private const string Server = "/usr/lib/rabbitmq/bin/rabbitmq-server";
    private const string Control = "/usr/lib/rabbitmq/bin/rabbitmqctl";

    private readonly TempFolder _folder = new("broker");
    private readonly int _port = FreePort.Next();
    private readonly int _managementPort = FreePort.Next();
    private readonly int _distributionPort = FreePort.Next();
    private readonly int _namesPort = FreePort.Next();
    private PartProcess? _process;

    private Broker()
    {
        Address = new Uri($"amqp://{User}:{Password}@127.0.0.1:{_port}");
        Management = new Uri($"http://127.0.0.1:{_managementPort}");
        Http = new HttpClient { BaseAddress = Management };
        Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue(
            "Basic",
            Convert.ToBase64String(Encoding.ASCII.GetBytes($"{User}:{Password}")));
    }

    public string User { get; } = "builds";

    public string Password { get; } = "pw";

    /// <summary>With user and password, virtual host <c>/</c>.</summary>
    public Uri Address { get; }

    public Uri Management { get; }

    /// <summary>The management API, logged in: <c>GetStringAsync("api/queues")</c>.</summary>
    public HttpClient Http { get; }

    public int Port => _port;

    public static async Task<Broker> StartAsync()
    {
        var broker = new Broker();
        try
        {
            await broker.PrepareAsync();
            await broker.StartAgainAsync();
            return broker;
        }
        catch
        {
            await broker.DisposeAsync();
            throw;
        }
    }

    /// <summary>After <see cref="StopAsync"/> or <see cref="KillAsync"/>: same data, same ports.</summary>
    public async Task StartAgainAsync()
    {
        const string start = """
            epmd &
            until epmd -names >/dev/null 2>&1; do sleep 0.02; done
            exec setpriv --reuid rabbitmq --regid rabbitmq --clear-groups "$0"
            """;
        if (_process is not null)
            await _process.DisposeAsync();
        // a mere foreground epmd of ours: the one that Erlang starts by itself would outlive everybody
        _process = await PartProcess.StartAsync("rabbitmq", _folder, ["bash", "-c", start, Server], Surroundings());
        await _process.ReadyAsync(async () =>
        {
            using var answer = await Http.GetAsync(new Uri("api/health/checks/port-listener/" + _port, UriKind.Relative));
            return answer.IsSuccessStatusCode;
        });
    }

    /// <summary>In good order; what was acknowledged to a publisher is there again after <see cref="StartAgainAsync"/>.</summary>
    public Task StopAsync() => _process!.StopAsync();

    /// <summary>SIGKILL to the Erlang machine.</summary>
    public async Task KillAsync()
    {
        var id = await File.ReadAllTextAsync(_folder.File("rabbitmq.pid"));
        await Command.RunAsync("kill", "-s", "KILL", id.Trim());
        await _process!.EndedAsync();
    }

    /// <summary>rabbitmqctl against this broker; it takes about a second.</summary>
    public Task<string> ControlAsync(params string[] arguments) =>
        Command.RunAsync(
            "setpriv",
            ["--reuid", "rabbitmq", "--regid", "rabbitmq", "--clear-groups", Control, .. arguments],
            input: null,
            Surroundings());

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await _process.KillAsync(); // an orderly end takes seconds, and its data goes anyway
            await _process.DisposeAsync();
        }

        Http.Dispose();
        _folder.Dispose();
    }

    private async Task PrepareAsync()
    {
        if (!File.Exists(Server))
            throw new PartException("RabbitMQ is not installed: apt-get install rabbitmq-server (tests/run does it)");
        await File.WriteAllTextAsync(_folder.File("enabled_plugins"), "[rabbitmq_management].\n");
        await File.WriteAllTextAsync(_folder.File("rabbitmq.conf"), $"""
            listeners.tcp.1 = 127.0.0.1:{_port}
            management.tcp.ip = 127.0.0.1
            management.tcp.port = {_managementPort}
            default_user = {User}
            default_pass = {Password}
            consumer_timeout = 14400000
            disk_free_limit.absolute = 50MB
            log.file.level = info

            """);
        await Command.RunAsync("chown", "-R", "rabbitmq:rabbitmq", _folder.FullPath);
    }

    private Dictionary<string, string> Surroundings() => new()
    {
        ["HOME"] = _folder.FullPath,
        ["RABBITMQ_NODENAME"] = $"parts{_port}@localhost",
        ["RABBITMQ_DIST_PORT"] = _distributionPort.ToString(),
        ["ERL_EPMD_PORT"] = _namesPort.ToString(),
        ["ERL_EPMD_ADDRESS"] = "127.0.0.1",
        ["RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS"] = "-kernel inet_dist_use_interface {127,0,0,1}",
        ["RABBITMQ_MNESIA_BASE"] = _folder.FullPath + "/data",
        ["RABBITMQ_LOG_BASE"] = _folder.FullPath + "/log",
        ["RABBITMQ_CONFIG_FILE"] = _folder.FullPath + "/rabbitmq",
        ["RABBITMQ_ENABLED_PLUGINS_FILE"] = _folder.FullPath + "/enabled_plugins",
        ["RABBITMQ_PID_FILE"] = _folder.FullPath + "/rabbitmq.pid",
        ["RABBITMQ_CONF_ENV_FILE"] = "/dev/null", // /etc/rabbitmq/rabbitmq-env.conf is another broker's
        ["LANG"] = "C.UTF-8",
    };
}
