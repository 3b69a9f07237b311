using Builds.ServiceDefaults;

var builder = WebApplication.CreateSlimBuilder(args);

builder.AddTelemetry();
builder.AddHealth();
builder.AddBus(_ => { }, _ => { });

var app = builder.Build();

app.MapHealth();

await app.RunAsync();
