using System.Runtime.Versioning;
using Builds.Parts;

namespace Builds.Flow.Tests;

/// <summary>What a build prints goes over a file, before secrets are masked.</summary>
[SupportedOSPlatform("linux")] // modes
public sealed class When_a_killed_worker_held_output
{
    private const string Trace = "moby.buildkit.trace"; // in it all that a build prints comes from BuildKit
    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private HeldInstallation _held = null!;

    [OneTimeSetUp]
    public async Task An_installation() => _held = await HeldInstallation.StartAsync("engine", workers: 1);

    [OneTimeTearDown]
    public async Task Gone()
    {
        if (_held is not null)
            await _held.DisposeAsync();
    }

    private ServiceProcess Worker => _held.Builds.Workers[0];

    private string Machines => Path.Combine(Worker.Folder, "state", "machines");

    [Test]
    public async Task Should_leave_none_of_it_and_have_shown_it_to_nobody()
    {
        var id = await _held.HoldAsync("building");
        var spool = await Wait.ForAsync("the file holds what is printed", () => Task.FromResult(Spool()));

        Assert.That(new FileInfo(spool).LinkTarget, Does.EndWith(" (deleted)"), "or it would outlive the worker");
        Assert.That(File.GetUnixFileMode(spool), Is.EqualTo(Owner));

        await Worker.KillAsync();
        Assert.That(
            Directory.GetFiles(Machines, "*", SearchOption.AllDirectories).Where(file => File.ReadAllText(file).Contains(Trace)),
            Is.Empty);

        await Worker.StartAgainAsync();
        await _held.SucceedsOnceAsync(id);
    }

    /// <summary>Among the worker's open files; a link of the kernel's, whether the file has a name or none.</summary>
    private string? Spool() =>
        Directory.GetFiles($"/proc/{Worker.Id}/fd").FirstOrDefault(file =>
            new FileInfo(file).LinkTarget?.StartsWith(Machines) == true && File.ReadAllText(file).Contains(Trace));
}
