using System.Text.Json;

namespace Builds.FakeDockerMachine;

/// <summary>rm, with the exit codes of the real one, which say little.</summary>
internal sealed class RemoveCommand(Streams streams, Store store)
{
    public async Task<int> RunAsync(string[] args)
    {
        var unknown = args.FirstOrDefault(argument => argument.StartsWith('-') && argument is not ("-y" or "-f" or "--force"));
        if (unknown is not null)
        {
            streams.Fail($"flag provided but not defined: {unknown}");
            return 0; // nothing done, and 0
        }

        var force = args.Contains("-f") || args.Contains("--force");
        var names = args.Where(argument => !argument.StartsWith('-')).ToList();
        streams.Say($"About to remove {string.Join(", ", names)}");
        streams.Say("WARNING: This action will delete both local reference and remote instance.");
        if (!force && !args.Contains("-y"))
        {
            streams.Write("Are you sure? (y/n): ");
            return 0;
        }

        var code = 0;
        foreach (var name in names)
            code = Math.Max(code, await RemoveAsync(name, force));
        return force ? 0 : code;
    }

    private async Task<int> RemoveAsync(string name, bool force)
    {
        if (!store.Exists(name))
            return streams.Fail($"Error removing host \"{name}\": Docker machine \"{name}\" does not exist. "
                + "Use \"docker-machine ls\" to list machines. Use \"docker-machine create\" to add a new one.");
        try
        {
            var driver = store.Load(name)["Driver"]!;
            var cloud = new Cloud((string)driver["Cloud"]!);
            if ((string?)driver["InstanceId"] is { } id && await DestroyAsync(cloud, id, name) is { } problem)
                return problem;
        }
        catch (Exception e) when (!force && e is JsonException or FileNotFoundException)
        {
            return streams.Fail($"Error removing host \"{name}\": unexpected end of JSON input");
        }

        Directory.Delete(store.Machine(name), recursive: true);
        streams.Say($"Successfully removed {name}");
        return 0;
    }

    /// <returns>An exit code if it is not gone.</returns>
    private async Task<int?> DestroyAsync(Cloud cloud, string id, string name)
    {
        var faults = cloud.FaultsOf(id);
        if (faults.Has("rm-lies"))
        {
            cloud.Change(id, faults.Used("rm-lies"));
            return 0;
        }

        if (faults.Has("corrupt"))
        {
            cloud.Change(id, faults.Used("corrupt"));
            await File.WriteAllTextAsync(Path.Combine(store.Machine(name), "config.json"), "");
            return streams.Fail("Error saving host to store: no space left on device");
        }

        if (faults.Has("rm-fails"))
        {
            cloud.Change(id, faults.Used("rm-fails"));
            return streams.Fail("Error removing host: RequestLimitExceeded: Request limit exceeded.");
        }

        if (faults.Has("rm-hangs"))
        {
            cloud.Change(id, faults.Used("rm-hangs"));
            await Task.Delay(Timeout.Infinite); // the fault that is played
        }

        await cloud.DestroyAsync(id);
        return null;
    }
}
