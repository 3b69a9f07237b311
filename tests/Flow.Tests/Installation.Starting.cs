using System.Net.Http.Headers;
using Builds.Parts;

namespace Builds.Flow.Tests;

/// <content>The parts and services, and how they are set.</content>
public sealed partial class Installation
{
    internal const string NotificationSecret = "between-registry-and-gateway";

    /// <summary>One more worker beside the others, with a folder of its own.</summary>
    public async Task<ServiceProcess> AddWorkerAsync()
    {
        var settings = new Dictionary<string, string>
        {
            ["Bus:Address"] = Broker.Address.ToString(),
            ["Bus:HeartbeatSeconds"] = "5",
            ["Worker:Name"] = $"worker-{_workers.Count + 1}",
            ["Worker:Slots"] = "2",
            ["Worker:Folder"] = "{folder}/state",
            ["Worker:DrainSeconds"] = "0",
            ["Keys:Folder"] = _folder.File("keys"),
            ["Machines:Provider"] = _options.Provider,
            ["Sources:AllowedHosts:0"] = "127.0.0.1",
            ["Images:AllowedRegistries:0"] = "127.0.0.1", // some tests take bases from further registries
        };
        if (Engine is not null)
            settings["Machines:Engine:Address"] = Engine.Socket.ToString();
        if (_options.Provider == "docker-machine")
        {
            settings["Machines:DockerMachine:Binary"] = FakeDockerMachine;
            settings["Machines:DockerMachine:Driver"] = "fake";
            settings["Machines:DockerMachine:CreateOptions:0"] = "--fake-cloud";
            settings["Machines:DockerMachine:CreateOptions:1"] = Cloud;
        }

        foreach (var (key, value) in _options.WorkerSettings)
            settings[key] = value;

        var worker = await ServiceProcess.StartAsync("Worker", settings);
        _workers.Add(worker);
        return worker;
    }

    private async Task StartPartsAsync()
    {
        var broker = Broker.StartAsync();
        var registry = _options.Registry ?? new RegistryOptions();
        Registry = await Registry.StartAsync(!_options.Graph ? registry : registry with
        {
            Notify = new Uri($"http://127.0.0.1:{_gatewayPort}/hooks/registry"),
            NotifyAuthorization = $"Bearer {NotificationSecret}",
        });
        if (_options.BehindProxy is { } use)
            use(_registryProxy = FaultProxy.Before(Registry.Port));
        Git = await GitServer.StartAsync(_options.Git);
        if (_options.Provider == "engine")
            Engine = await DockerDaemon.StartAsync();
        await Registry.PushBaseAsync("library/busybox", "1");
        await Command.RunAsync(
            ServiceProcess.Built("Worker"),
            ["keys", "create", "--folder", _folder.File("keys"), "--public", _folder.File("keys.json")]);
        Broker = await broker;
    }

    private async Task StartGraphTrackerAsync()
    {
        var settings = new Dictionary<string, string>
        {
            ["Bus:Address"] = Broker.Address.ToString(),
            ["Bus:HeartbeatSeconds"] = "5",
            ["Store:Folder"] = "{folder}/state",
            ["Registries:Default"] = Registry.Host,
            ["Registries:Known:0:Host"] = Registry.Host,
            ["Registries:Known:0:Url"] = Registry.Url.ToString(),
        };
        foreach (var (key, value) in _options.GraphTrackerSettings)
            settings[key] = value;
        GraphTracker = await ServiceProcess.StartAsync("GraphTracker", settings);
    }

    private async Task StartGatewayAsync()
    {
        var settings = new Dictionary<string, string>
        {
            ["Bus:Address"] = Broker.Address.ToString(),
            ["Bus:HeartbeatSeconds"] = "5",
            ["Store:Folder"] = "{folder}/state",
            ["Registry:Default"] = _registryProxy?.Host ?? Registry.Host,
            ["Sources:AllowedHosts:0"] = "127.0.0.1",
            ["Keys:File"] = _folder.File("keys.json"),
            ["Tokens:AdminFile"] = "{folder}/admin-token",
        };
        if (_options.Graph)
        {
            settings["Hooks:Registries:0:Host"] = Registry.Host;
            settings["Hooks:Registries:0:Secret"] = NotificationSecret;
        }

        foreach (var (key, value) in _options.GatewaySettings)
            settings[key] = value;

        Gateway = await ServiceProcess.StartAsync("Gateway", settings, port: _gatewayPort);
        var token = (await File.ReadAllTextAsync(Path.Combine(Gateway.Folder, "admin-token"))).Trim();
        Api = new HttpClient { BaseAddress = Gateway.Url, Timeout = TimeSpan.FromMinutes(10) };
        Api.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
    }
}
