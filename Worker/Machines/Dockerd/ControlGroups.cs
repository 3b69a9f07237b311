using System.Diagnostics;
using System.Globalization;

namespace Builds.Worker.Machines.Dockerd;

/// <summary>
/// One group per machine, in whatever hierarchies this host has: the daemon in <c>daemon/</c>, its containers beside
/// it. Whoever is in it belongs to the machine, and nobody leaves it by forking.
/// </summary>
internal static class ControlGroups
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);

    /// <returns>The file into which the daemon's first process writes itself.</returns>
    public static string Make(string machine) =>
        Path.Combine(Directory.CreateDirectory(Path.Combine(Tracking(), machine, "daemon")).FullName, "cgroup.procs");

    /// <summary>Kills whoever is in it and removes it everywhere. Returns when both are true.</summary>
    public static async Task RemoveAsync(string machine, TimeProvider clock, CancellationToken cancel)
    {
        while (true)
        {
            var groups = Groups(machine);
            foreach (var process in groups.SelectMany(Members).Distinct())
                Kill(process);
            if (groups.Count == 0 || groups.All(TryRemove))
                return;
            await Task.Delay(Pause, clock, cancel);
        }
    }

    // Innermost first.
    private static List<string> Groups(string machine) =>
        [.. from hierarchy in Hierarchies()
            let top = Path.Combine(hierarchy.Path, machine)
            where Directory.Exists(top)
            from path in Directory.EnumerateDirectories(top, "*", SearchOption.AllDirectories).Append(top)
            orderby path.Length descending
            select path];

    private static IEnumerable<int> Members(string group)
    {
        try
        {
            return File.ReadAllLines(Path.Combine(group, "cgroup.procs"))
                .Select(line => int.Parse(line, CultureInfo.InvariantCulture));
        }
        catch (IOException)
        {
            return []; // a threaded group, or gone: its parent lists them, or nobody is left
        }
    }

    private static void Kill(int process)
    {
        try
        {
            using var one = Process.GetProcessById(process);
            one.Kill();
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            // gone already
        }
    }

    private static bool TryRemove(string group)
    {
        try
        {
            Directory.Delete(group);
            return true;
        }
        catch (DirectoryNotFoundException)
        {
            return true;
        }
        catch (IOException)
        {
            return false; // somebody is still dying in it
        }
    }

    private static string Tracking()
    {
        var all = Hierarchies();
        var chosen = all.Find(one => one.Controllers.Contains("pids"))
            ?? all.Find(one => one.Controllers.Length == 0)
            ?? all.FirstOrDefault();
        return chosen?.Path
            ?? throw new InvalidOperationException(
                "No control groups are mounted on this host, and a Docker daemon needs them: mount /sys/fs/cgroup.");
    }

    // fields of /proc/mounts: device, path, type, options
    private static List<Hierarchy> Hierarchies() =>
        [.. from line in File.ReadLines("/proc/mounts")
            let mount = line.Split(' ')
            where mount[2] is "cgroup" or "cgroup2"
            select new Hierarchy(mount[1], mount[2] == "cgroup" ? mount[3].Split(',') : [])];

    private sealed record Hierarchy(string Path, string[] Controllers);
}
