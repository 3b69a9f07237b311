using Builds.ServiceDefaults;
using Builds.Worker.Sources;

if (args is [CheckoutCommand.Name])
    return await CheckoutCommand.RunAsync(CancellationToken.None);

var builder = WebApplication.CreateSlimBuilder(args);

builder.AddTelemetry();
builder.AddHealth();
builder.AddBus(_ => { }, _ => { });

var app = builder.Build();

app.MapHealth();

await app.RunAsync();
return 0;
