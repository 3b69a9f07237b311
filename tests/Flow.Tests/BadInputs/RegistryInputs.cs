namespace Builds.Flow.Tests.BadInputs;

internal static class RegistryInputs
{
    public static IEnumerable<BadInput> All =>
    [
        new("a registry that is down")
        {
            Definition = async at => new(await at.LinesAsync("RUN true\n")) { ["registry"] = at.Nobody },
            State = "errored",
            Class = "service",
            Reason = ["could not be pushed", "Connection refused", "127.0.0.1:"],
        },
        new("a registry that wants credentials")
        {
            Definition = async at => new(await at.LinesAsync("RUN true\n")) { ["registry"] = at.LockedRegistry.Host },
            Reason = ["wants credentials for a push to team/"],
        },
        new("wrong credentials for a registry")
        {
            Definition = async at => new(await at.LinesAsync("RUN true\n"))
            {
                ["registry"] = at.LockedRegistry.Host,
                ["credentials"] = new { registries = new[] { "mispusher" } },
            },
            Reason = ["does not let user \"pusher\" for 127.0.0.1:", "push to team/", "Mend that credential"],
            Hidden = ["wr0ng"],
        },
    ];
}
