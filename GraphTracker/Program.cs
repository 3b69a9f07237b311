using Builds.GraphTracker.Cascading;
using Builds.GraphTracker.Defining;
using Builds.GraphTracker.Layers;
using Builds.GraphTracker.Registries;
using Builds.GraphTracker.Storing;
using Builds.ServiceDefaults;

var builder = WebApplication.CreateSlimBuilder(args.ReadOnce());

builder.AddTelemetry();
builder.AddHealth();
builder.AddStoring();
builder.AddRegistries();
builder.AddLayers();
builder.AddDefining();
builder.AddCascading();
builder.AddBus(
    bus =>
    {
        bus.AddRegistriesConsumers();
        bus.AddLayersConsumers();
        bus.AddDefiningConsumers();
        bus.AddCascadingConsumers();
    },
    CascadingSlice.AddCascadingTopology);

var app = builder.Build();

app.MapHealth();

await app.RunAsync();
