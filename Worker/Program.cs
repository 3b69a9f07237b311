using Builds.ServiceDefaults;
using Builds.Worker.Building;
using Builds.Worker.Images;
using Builds.Worker.Machines;
using Builds.Worker.Securing;
using Builds.Worker.Sources;

// A checkout runs in a process of its own, limited and killable; see CheckoutCommand.
if (args is ["checkout", ..])
    return await CheckoutCommand.RunAsync(CancellationToken.None);
if (args is ["keys", ..])
#pragma warning disable RS0030 // a command speaks to whoever typed it
    return KeysCommand.Run(args[1..], Console.Out, Console.Error);
#pragma warning restore RS0030

var builder = WebApplication.CreateSlimBuilder(args.ReadOnce());

builder.AddTelemetry();
builder.AddHealth();
builder.AddSecuring();
builder.AddSources();
builder.AddImages();
builder.AddMachines();
builder.AddBuilding();
builder.AddBus(BuildingSlice.AddBuildingConsumers, BuildingSlice.AddBuildingTopology);

var app = builder.Build();

app.MapHealth();

await app.RunAsync();
return 0;
