using Builds.Contracts;
using Builds.Worker.Images;
using Builds.Worker.Machines;
using Builds.Worker.Securing;
using Builds.Worker.Sources;
using Microsoft.Extensions.Options;

namespace Builds.Worker.Building;

/// <summary>
/// The build, top to bottom. Each step takes what the one before returned, so none can be left out or swapped; what is
/// kept in <c>leftovers</c> is undone in reverse once the outcome is known.
/// </summary>
public sealed class Recipe(
    Machines.Machines machines, Checkouts checkouts, BasePuller puller, ImageBuilder builder, ImagePusher pusher,
    ClaimClient claims,
    IOptions<WorkerOptions> worker, IOptions<LimitOptions> limits)
{
    public async Task<PushedImage> RunAsync(
        RunningBuild build, OpenedCredentials credentials, BuildLogStream log, Leftovers leftovers)
    {
        var (machine, checkout) = await BothAsync(
            build,
            cancel => ProvisionAsync(build, log, leftovers, cancel),
            cancel => CheckOutAsync(build, credentials, log, leftovers, cancel));
        build.Commit = checkout.Commit;

        var bases = await build.InPhaseAsync("pullingBases", limits.Value.PullingBases, cancel =>
            puller.PullAsync(machine.Daemon, checkout.Root, build.Request, credentials.Registries, log, cancel));
        build.Bases = bases.Images;

        var image = await build.InPhaseAsync("building", limits.Value.Building, cancel =>
            builder.BuildAsync(machine.Daemon, bases, checkout.Commit, log, cancel));
        build.Image = image.Id;

        await ClaimWatch.ConfirmAsync(build, claims);

        return await build.InPhaseAsync("pushing", limits.Value.Pushing, cancel =>
            pusher.PushAsync(machine.Daemon, image, build.Before, credentials.Registries, log, cancel));
    }

    private async Task<Machine> ProvisionAsync(
        RunningBuild build, BuildLogStream log, Leftovers leftovers, CancellationToken cancel) =>
        leftovers.Keep(await build.InPhaseAsync("provisioning", limits.Value.Provisioning, limited =>
            machines.CreateAsync(
                build.MachineName, build.Request.BuildId, build.Attempt,
                line => log.LineAsync("machine", line, limited), limited),
            cancel));

    private async Task<Checkout> CheckOutAsync(
        RunningBuild build, OpenedCredentials credentials, BuildLogStream log, Leftovers leftovers,
        CancellationToken cancel) =>
        leftovers.Keep(await build.InPhaseAsync("checkingOut", limits.Value.CheckingOut, limited =>
            checkouts.CreateAsync(
                Path.Combine(worker.Value.Checkouts, build.MachineName), build.Request.Source, credentials.Git,
                line => log.LineAsync("checkout", line, limited), limited),
            cancel));

    // Whichever fails first takes the other with it, and its reason stands.
    private static async Task<(T1, T2)> BothAsync<T1, T2>(
        RunningBuild build, Func<CancellationToken, Task<T1>> first, Func<CancellationToken, Task<T2>> second)
    {
        using var together = CancellationTokenSource.CreateLinkedTokenSource(build.Cancel);
        var tasks = (First: first(together.Token), Second: second(together.Token));
        var sooner = await Task.WhenAny(tasks.First, tasks.Second);
        if (!sooner.IsCompletedSuccessfully)
            await together.CancelAsync();

        await Task.WhenAny(Task.WhenAll(tasks.First, tasks.Second));
        await sooner;
        return (await tasks.First, await tasks.Second);
    }
}
