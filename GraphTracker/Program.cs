using Builds.GraphTracker.Cascading;
using Builds.GraphTracker.Layers;
using Builds.ServiceDefaults;

var builder = WebApplication.CreateSlimBuilder(args);

builder.AddTelemetry();
builder.AddHealth();
builder.AddBus(_ => { }, rabbit =>
{
    rabbit.AddLayersTopology();
    rabbit.AddCascadingTopology();
    rabbit.AutoStart = true; // until it consumes: without an endpoint nobody would notice that the broker is gone
});

var app = builder.Build();

app.MapHealth();

await app.RunAsync();
