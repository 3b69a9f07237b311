namespace Builds.Worker.Tests.Images.Sessions;

public sealed class When_a_daemon_reads_files
{
    private static string Os => $"{RealParts.Registry.Host}/os:1";

    [Test]
    [System.Runtime.Versioning.SupportedOSPlatform("linux")] // modes
    public async Task Should_have_them_as_they_were_checked_out()
    {
        using var scenario = new Scenario()
            .With("Dockerfile", $"FROM {Os}\nCOPY . /x\nRUN cd /x && ls -lR && md5sum large ä/empty\n")
            .With("bin/run", "#!").WithLink("bin/alias", "run").WithLink("out", "/etc/passwd").With("ä/empty", "");
        scenario.Request = scenario.Request with { NoCache = true };
        File.SetUnixFileMode(Path.Combine(scenario.Root, "bin/run"), (UnixFileMode)0b101_000_001);
        var large = new byte[3_000_001];
        new Random(7).NextBytes(large);
        await File.WriteAllBytesAsync(Path.Combine(scenario.Root, "large"), large);

        await scenario.BuildAsync();

        Assert.That(scenario.Lines, Has.Some.Matches("^-r-x-----x .* Jan  1  2000 run$|^-r-x-----x .* 2000 run$")
            .And.Some.Matches("^lrwxrwxrwx .* alias -> run$").And.Some.Matches("^lrwxrwxrwx .* out -> /etc/passwd$"));
#pragma warning disable CA5351 // busybox has it, and nobody attacks it here
        var sum = Convert.ToHexStringLower(System.Security.Cryptography.MD5.HashData(large));
#pragma warning restore CA5351
        Assert.That(scenario.Lines, Has.One.EqualTo($"{sum}  large")
            .And.One.EqualTo("d41d8cd98f00b204e9800998ecf8427e  ä/empty"));
    }

    /// <summary>Times are fixed, so a daemon that compared by size and time would take the old one.</summary>
    [Test]
    public async Task Should_see_what_changed_since_it_built_last()
    {
        using var scenario = new Scenario().With("Dockerfile", $"FROM {Os}\nCOPY page /\nRUN cat /page\n")
            .With("page", "old");
        await scenario.BuildAsync();
        scenario.With("page", "new");

        await scenario.BuildAsync();

        Assert.That(scenario.Lines, Has.One.EqualTo("old").And.One.EqualTo("new"));
    }

    /// <summary>More than it asks for before it is answered.</summary>
    [Test]
    public async Task Should_get_very_many()
    {
        using var scenario = new Scenario().With("Dockerfile", $"FROM {Os}\nCOPY . /x\nRUN find /x -type f | wc -l\n");
        foreach (var number in Enumerable.Range(0, 8_000))
            scenario.With($"many/{number % 50}/{number}", $"{number}");

        await scenario.BuildAsync();

        Assert.That(scenario.Lines, Has.One.EqualTo("8001"));
    }

    [Test]
    public async Task Should_get_the_ignore_file_where_that_alone_is_copied()
    {
        using var scenario = new Scenario()
            .With("Dockerfile", $"FROM {Os}\nCOPY .dockerignore /\nRUN cat /.dockerignore\n")
            .With(".dockerignore", "nothing-like-it\n");
        scenario.Request = scenario.Request with { NoCache = true };
        await scenario.BuildAsync();
        Assert.That(scenario.Lines, Has.One.EqualTo("nothing-like-it"));
    }

    [Test]
    public async Task Should_end_a_build_that_copies_what_is_ignored()
    {
        using var scenario = new Scenario().With("Dockerfile", $"FROM {Os}\nCOPY Dockerfile /\n")
            .With(".dockerignore", "Dockerfile\n");
        var failure = await Assert.ThrowsAsync<BuildFailedException>(() => scenario.BuildAsync());
        Assert.That(failure!.Message, Does.Contain("Dockerfile"));
    }
}
