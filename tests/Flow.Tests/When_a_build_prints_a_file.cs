using System.Globalization;
using System.Text.RegularExpressions;
using Builds.Parts;

namespace Builds.Flow.Tests;

public sealed partial class When_a_build_prints_a_file
{
    private const long Size = 100L << 20;
    private const long MostBytes = 1L << 20;
    private const int LongestLine = 1024;
    private const int Piece = 1 << 20; // more than any that a daemon sends at once

    private Installation _builds = null!;

    [OneTimeSetUp]
    public async Task An_installation_that_keeps_little()
    {
        _builds = await Installation.StartAsync(new InstallationOptions
        {
            Provider = "dockerd",
            WorkerSettings = new Dictionary<string, string>
            {
                ["BuildLog:MostBytes"] = $"{MostBytes}",
                ["BuildLog:LongestLine"] = $"{LongestLine}",
            },
        });
        await _builds.NextIsServedAsync(); // what any build takes in memory is there from now on
    }

    [OneTimeTearDown]
    public async Task Gone()
    {
        if (_builds is not null)
            await _builds.DisposeAsync();
    }

    [TestCase("lines", "cat")]
    [TestCase("one-line", @"tr '\n\r' xx")]
    public async Task Should_clip_the_log_and_keep_no_more_of_it(string name, string filter)
    {
        var before = MostMemory();
        await _builds.DefineAsync($"team/{name}", ("Dockerfile", $"""
            FROM {_builds.Registry.Host}/library/busybox:1
            RUN head -c {Size} /dev/urandom | {filter} >/file
            RUN cat /file

            """));

        var build = await _builds.EndOfAsync(await _builds.RequestAsync($"team/{name}"));
        var log = await _builds.LogOfAsync(build.Id);

        Assert.That(build.State, Is.EqualTo("succeeded"), build.Json + _builds.Outputs());
        Assert.That(log, Does.Contain($"The log is at its limit of {MostBytes} bytes; later output is left out."));
        var leftOut = long.Parse(LeftOut().Match(log).Groups[1].Value, CultureInfo.InvariantCulture);
        Assert.That(leftOut, Is.InRange(Size - MostBytes - Piece, Size - MostBytes), "the whole file went past");
        if (name == "one-line")
            Assert.That(log, Does.Match(@"… \[line cut: \d{6,} bytes more\]"));
        Assert.That(MostMemory() - before, Is.LessThan(Size), "what is left out is not kept");
        await _builds.NextIsServedAsync();
        await _builds.NothingIsLeftAsync();
    }

    /// <summary>The most bytes that the worker has had in memory at any moment so far.</summary>
    private long MostMemory()
    {
        var line = File.ReadLines($"/proc/{_builds.Workers[0].Id}/status").First(line => line.StartsWith("VmHWM:"));
        TestContext.Out.WriteLine(line);
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture) << 10;
    }

    [GeneratedRegex(@"(\d+) bytes of output were left out\.")]
    private static partial Regex LeftOut();
}
