using Builds.Worker.Machines.DockerMachine;
using Builds.Worker.Machines.Dockerd;
using Builds.Worker.Machines.Engine;

namespace Builds.Worker.Machines;

public static class MachinesSlice
{
    public static void AddMachines(this IHostApplicationBuilder builder)
    {
        builder.Services.AddOptions<MachineOptions>()
            .BindConfiguration("Machines")
            .ValidateDataAnnotations()
            .ValidateOnStart();
        builder.Services.AddSingleton(_ => new MachinesFolder(
            builder.Configuration["Worker:Folder"]
            ?? throw new InvalidOperationException(
                "Worker:Folder is not set: a folder on a local disk, for this worker process alone.")));
        builder.Services.AddSingleton<IMachineProvider, DockerMachineProvider>(); // all of them: what an earlier
        builder.Services.AddSingleton<IMachineProvider, DockerdProvider>(); // setting made is still to be removed
        builder.Services.AddSingleton<IMachineProvider, EngineProvider>();
        builder.Services.AddSingleton<Removals>();
        builder.Services.AddSingleton<Machines>();
        builder.Services.AddHostedService<MachineJanitor>();
    }
}
