using System.Text.Json.Nodes;

namespace Builds.FakeDockerMachine;

/// <summary>
/// create, in the real one's order: the configuration is saved, the VM made, and only then its id noted.
/// </summary>
internal sealed class CreateCommand(Streams streams, Store store)
{
    private static readonly string[] Known = ["-d", "--driver", "--engine-env", "--fake-cloud", "--fake-fault", "--fake-tag"];

    public async Task<int> RunAsync(string[] args)
    {
        var flags = new List<(string Name, string Value)>();
        var i = 0;
        for (; i < args.Length && args[i].StartsWith('-'); i += 2)
        {
            if (!Known.Contains(args[i]) || i + 1 >= args.Length)
                return streams.Fail($"flag provided but not defined: {args[i]}");
            flags.Add((args[i], args[i + 1]));
        }

        string? Flag(params string[] names) => flags.LastOrDefault(flag => names.Contains(flag.Name)).Value;
        var driver = Flag("-d", "--driver") ?? "virtualbox";
        if (i != args.Length - 1)
            return streams.Fail("Error: No machine name specified");
        if (driver != "fake")
            return streams.Fail($"Driver \"{driver}\" not found. "
                + $"Do you have the plugin binary \"docker-machine-driver-{driver}\" accessible in your PATH?");
        if (Flag("--fake-cloud") is not { } cloud)
            return streams.Fail("Error setting machine configuration from flags provided: fake driver requires the --fake-cloud option");

        return await CreateAsync(
            args[i], new Cloud(cloud), cloud, new Faults(Flag("--fake-fault") ?? ""),
            flags.Where(flag => flag.Name == "--engine-env").Select(flag => flag.Value));
    }

    private async Task<int> CreateAsync(string name, Cloud cloud, string cloudPath, Faults faults, IEnumerable<string> engine)
    {
        if (store.Exists(name))
            return streams.Fail($"Docker machine \"{name}\" already exists");
        if (faults.Has("does-nothing"))
            return 0;
        streams.Say("Running pre-create checks...");
        if (faults.Has("pre-create"))
            return streams.Fail("Error with pre-create check: \"the quota of 0 VMs is used up\"", 3);
        streams.Say("Creating machine...");

        Authority.MakeOnce(store.Certificates);
        var folder = store.MakeMachine(name);
        store.Save(name, Configuration(name, cloudPath, folder, id: null, port: null));
        var id = await cloud.OrderAsync(faults);
        if (faults.Has("slow"))
            await Task.Delay(TimeSpan.FromSeconds(faults.Number("slow"))); // the fault that is played
        store.Save(name, Configuration(name, cloudPath, folder, id, port: null));
        streams.Say($"({name}) Ordered {id}");
        while (File.Exists(faults.Text("held")))
            await Task.Delay(20); // between two looks for the file that holds it
        if (faults.Has("hangs"))
            await Task.Delay(Timeout.Infinite); // the fault that is played
        if (faults.Has("fails-after-vm"))
            return streams.Fail("Error creating machine: Error running provisioning: ssh command error: exit status 255");

        streams.Say("Waiting for machine to be running, this may take a few minutes...");
        streams.Say("Copying certs to the remote machine...");
        Authority.MakeServer(store.Certificates, folder, stranger: faults.Has("stranger"));
        var port = await cloud.StartAsync(id, folder, engine);
        store.Save(name, Configuration(name, cloudPath, folder, id, port));
        streams.Say("Checking connection to Docker...");
        streams.Say("Docker is up and running!");
        return 0;
    }

    private JsonObject Configuration(string name, string cloud, string folder, string? id, int? port) => new()
    {
        ["ConfigVersion"] = 3,
        ["Name"] = name,
        ["DriverName"] = "fake",
        ["Driver"] = new JsonObject
        {
            ["IPAddress"] = "127.0.0.1",
            ["MachineName"] = name,
            ["StorePath"] = Path.GetDirectoryName(Path.GetDirectoryName(folder)),
            ["Cloud"] = cloud,
            ["InstanceId"] = id,
            ["Port"] = port,
        },
        ["HostOptions"] = new JsonObject
        {
            ["EngineOptions"] = new JsonObject { ["TlsVerify"] = true },
            ["AuthOptions"] = new JsonObject { ["CertDir"] = store.Certificates, ["StorePath"] = folder },
        },
    };
}
