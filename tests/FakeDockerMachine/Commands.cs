using System.Text.Json;
using System.Text.Json.Nodes;

namespace Builds.FakeDockerMachine;

/// <summary>The calls. Everything but create and rm only reads.</summary>
internal sealed class Commands(Streams streams, Store store)
{
    public async Task<int> RunAsync(string[] args) => args switch
    {
        [] or ["help", ..] => Usage(),
        [['-', ..], ..] => Usage(), // an unknown global flag: usage, and 0
        ["version"] => Say("docker-machine version 0.16.2, build fake"),
        ["create", .. var rest] => await new CreateCommand(streams, store).RunAsync(rest),
        ["rm", .. var rest] => await new RemoveCommand(streams, store).RunAsync(rest),
        ["fake-destroy", var cloud, var id] => await DestroyAsync(new Cloud(cloud), id),
        ["url", var name] => WithMachine(name, machine => Say(Url(machine))),
        ["ip", var name] => WithMachine(name, machine => Say((string)machine["Driver"]!["IPAddress"]!)),
        ["status", var name] => WithMachine(name, _ => Say("Running")),
        ["inspect", "-f" or "--format", var format, var name] => WithMachine(name, machine => Say(Format(machine, format))),
        ["inspect", var name] => WithMachine(name, machine => Say(machine.ToJsonString(new JsonSerializerOptions { WriteIndented = true }))),
        ["config", var name] => WithMachine(name, machine => Config(name, machine)),
        ["env", "--shell", _, var name] => WithMachine(name, machine => Env(name, machine)),
        ["env", var name] => Environment.GetEnvironmentVariable("SHELL") is null
            ? Say("Error: Unknown shell", 1)
            : WithMachine(name, machine => Env(name, machine)),
        ["ls", "-q" or "--quiet"] => List(_ => "", quiet: true),
        ["ls", ..] => List(name => $"{name}|fake|{State(name)}"),
        _ => streams.Fail($"docker-machine: '{args[0]}' is not a docker-machine command. See 'docker-machine --help'."),
    };

    /// <summary>Not of docker-machine: what one would do at the provider's console.</summary>
    private static async Task<int> DestroyAsync(Cloud cloud, string id)
    {
        await cloud.DestroyAsync(id);
        return 0;
    }

    private int Usage() => Say("Usage: docker-machine [OPTIONS] COMMAND [arg...]");

    private int Say(string text, int code = 0)
    {
        streams.Say(text);
        return code;
    }

    private int WithMachine(string name, Func<JsonObject, int> answer)
    {
        if (!store.Exists(name))
            return streams.Fail($"Docker machine \"{name}\" does not exist. "
                + "Use \"docker-machine ls\" to list machines. Use \"docker-machine create\" to add a new one.");
        try
        {
            return answer(store.Load(name));
        }
        catch (Exception e) when (e is JsonException or FileNotFoundException)
        {
            return streams.Fail("Error getting migrated host: unexpected end of JSON input");
        }
    }

    private static string Url(JsonObject machine) => $"tcp://127.0.0.1:{machine["Driver"]!["Port"]}";

    private static string Format(JsonObject machine, string format) => format switch
    {
        "{{json .Driver}}" => machine["Driver"]!.ToJsonString(),
        "{{.HostOptions.AuthOptions.StorePath}}" => (string)machine["HostOptions"]!["AuthOptions"]!["StorePath"]!,
        "{{.DriverName}}" => "fake",
        _ => "<no value>",
    };

    private int Config(string name, JsonObject machine)
    {
        var folder = store.Machine(name);
        streams.Say("--tlsverify");
        streams.Say($"--tlscacert=\"{folder}/ca.pem\"");
        streams.Say($"--tlscert=\"{folder}/cert.pem\"");
        streams.Say($"--tlskey=\"{folder}/key.pem\"");
        return Say($"-H={Url(machine)}");
    }

    private int Env(string name, JsonObject machine)
    {
        streams.Say("export DOCKER_TLS_VERIFY=\"1\"");
        streams.Say($"export DOCKER_HOST=\"{Url(machine)}\"");
        streams.Say($"export DOCKER_CERT_PATH=\"{store.Machine(name)}\"");
        return Say($"export DOCKER_MACHINE_NAME=\"{name}\"");
    }

    private int List(Func<string, string> line, bool quiet = false)
    {
        foreach (var name in store.Names())
            if (!quiet)
                streams.Say(line(name));
            else if (State(name) != "Error") // one whose configuration is broken is left out
                streams.Say(name);
        return 0;
    }

    private string State(string name)
    {
        try
        {
            store.Load(name);
            return "Running";
        }
        catch (Exception e) when (e is JsonException or FileNotFoundException)
        {
            return "Error";
        }
    }
}
