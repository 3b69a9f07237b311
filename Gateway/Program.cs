using Builds.Gateway.Publishing;
using Builds.Gateway.Storing;
using Builds.ServiceDefaults;

var builder = WebApplication.CreateSlimBuilder(args);

builder.AddTelemetry();
builder.AddHealth();
builder.AddStoring();
builder.AddPublishing();
builder.AddBus(_ => { }, PublishingSlice.AddPublishingTopology);

var app = builder.Build();

app.MapHealth();

await app.RunAsync();
