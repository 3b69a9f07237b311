using System.Text.Json;
using Builds.Parts;

namespace Builds.Flow.Tests;

/// <summary>The engine has other people's images and containers beside ours.</summary>
public sealed class When_a_build_in_a_shared_engine_is_cancelled
{
    private HeldInstallation _held = null!;

    [OneTimeSetUp]
    public async Task An_installation() => _held = await HeldInstallation.StartAsync("engine", workers: 1);

    [OneTimeTearDown]
    public async Task Gone()
    {
        if (_held is not null)
            await _held.DisposeAsync();
    }

    private DockerDaemon Engine => _held.Builds.Engine!;

    [Test]
    public async Task Should_leave_the_engine_as_it_was()
    {
        var theirs = $"{_held.Builds.Registry.Host}/library/busybox:1";
        await Engine.DockerAsync("pull", theirs);
        await Engine.DockerAsync("create", "--network", "none", theirs, "sleep", "100000");
        var before = (Images: await IdsAsync("images/json"), Containers: await IdsAsync("containers/json"));
        Assert.That((before.Images.Count, before.Containers.Count), Is.EqualTo((1, 1)));

        var id = await _held.HoldAsync("building");
        using var answer = await _held.Builds.Api.PostAsync($"v1/builds/{id}/cancel", null);
        var build = await _held.Builds.EndOfAsync(id);

        Assert.That(build.State, Is.EqualTo("cancelled"), build.Json + _held.Builds.Outputs());
        Assert.That(await _held.Outcomes.OfAsync(id), Is.EqualTo(new[] { "1 cancelled " }));
        await _held.Builds.NextIsServedAsync(); // from the very image that is theirs
        foreach (var (kind, ids) in new[] { ("images/json", before.Images), ("containers/json", before.Containers) })
        {
            await Wait.UntilAsync(
                $"{kind} of the engine are as before", async () => ids.SetEquals(await IdsAsync(kind)));
        }
    }

    private async Task<HashSet<string>> IdsAsync(string kind)
    {
        var all = await Engine.Http.GetStringAsync(new Uri(kind + "?all=1", UriKind.Relative));
        return [.. from one in JsonDocument.Parse(all).RootElement.EnumerateArray()
                   select one.GetProperty("Id").GetString()!];
    }
}
