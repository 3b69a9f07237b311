namespace Builds.Flow.Tests.BadInputs;

internal static class BuildInputs
{
    // In portions, as real commands print: all at once is more than the BuildKit of Docker 20.10 always bears.
    private const string Million =
        "RUN for n in $(seq 0 99); do seq $((n * 10000 + 1)) $((n * 10000 + 10000)); sleep 0.02; done\n";

    public static IEnumerable<BadInput> All =>
    [
        new("a base that is not there")
        {
            Definition = at => at.SourceAsync(("Dockerfile", $"FROM {at.Builds.Registry.Host}/library/none:1\n")),
            Reason = ["library/none:1 (line 1", "Push it first, or correct the name"],
        },
        new("a private base")
        {
            Definition = at => at.SourceAsync(("Dockerfile", $"FROM {at.LockedRegistry.Host}/library/busybox:1\n")),
            Reason = ["library/busybox:1 (line 1", "credentials for 127.0.0.1:"],
        },
        new("a RUN that exits 7")
        {
            Definition = at => at.LinesAsync("RUN echo last words; exit 7\n"),
            Reason = ["RUN echo last words; exit 7", "exit code 7"],
            Check = log => Assert.That(log, Does.Match(@"last words\n[^\n]*code: 7\n[^\n]*failed[^\n]*\n$")),
        },
        BadInput.Taken("a build argument that nothing declares", async at => new(await at.LinesAsync("RUN true\n"))
        {
            ["buildArgs"] = new Dictionary<string, string> { ["UNKNOWN"] = "1" },
        }) with
        {
            Log = ["[UNKNOWN] were not consumed"],
        },
        new("an unknown target")
        {
            Definition = async at => new(await at.LinesAsync("RUN true\n")) { ["target"] = "nowhere" },
            Reason = ["nowhere"],
        },
        new("a platform that the base does not have")
        {
            Definition = async at => new(await at.LinesAsync("RUN true\n")) { ["platform"] = "linux/s390x" },
            Reason = ["it is not there for linux/s390x, only for linux/"],
        },
        BadInput.Taken("a build that prints a million lines", at => at.LinesAsync(Million)) with
        {
            Check = log => Assert.That(
                log.Split('\n').Where(line => int.TryParse(line, out _)).Select(int.Parse)
                    .SequenceEqual(Enumerable.Range(1, 1_000_000)),
                "each line once and in order"),
        },
        BadInput.Taken(
            "a line of 10 MB",
            at => at.LinesAsync(
                "RUN for n in $(seq 100); do head -c 100000 /dev/zero | tr '\\0' x; sleep 0.02; done; echo; echo after it\n")) with
        {
            Log = ["[line cut: ", "after it"],
            Check = log => Assert.That(log.Length, Is.LessThan(200_000)),
        },
        BadInput.Taken(
            "control characters", at => at.LinesAsync(@"RUN printf 'red \033[31m bell \007 null \000 end\n'" + "\n")) with
        {
            Log = ["red \u241b[31m bell \u2407 null \u2400 end"],
            Hidden = ["\u001b", "\a", "\0"],
        },
        BadInput.Taken("a secret that is printed", async at =>
        {
            var url = await at.LockedAsync(at.From + $"RUN echo told: '{BadPlaces.Password}'\n");
            return new(BadPlaces.At(url)) { ["credentials"] = new { git = "reader", registries = Array.Empty<string>() } };
        }) with
        {
            Log = ["told: ***"],
            Hidden = [BadPlaces.Password],
        },
        new("a build that sleeps for ever")
        {
            Definition = at => at.LinesAsync("RUN echo asleep; sleep 100000\n"),
            Request = new { timeoutSeconds = 20 },
            State = "timedOut",
            Class = "limit",
            Reason = ["longer than its limit of 20 seconds"],
            Log = ["asleep"],
        },
    ];
}
