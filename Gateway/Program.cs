using Builds.Gateway.Claiming;
using Builds.Gateway.Defining;
using Builds.Gateway.Describing;
using Builds.Gateway.Flagging;
using Builds.Gateway.Following;
using Builds.Gateway.Graphing;
using Builds.Gateway.Hooking;
using Builds.Gateway.Notifying;
using Builds.Gateway.Publishing;
using Builds.Gateway.Queueing;
using Builds.Gateway.Securing;
using Builds.Gateway.Storing;
using Builds.Gateway.Triggering;
using Builds.ServiceDefaults;

var builder = WebApplication.CreateSlimBuilder(args.ReadOnce());

builder.AddTelemetry();
builder.AddHealth();
builder.AddStoring();
builder.AddPublishing();
builder.AddQueueing();
builder.AddClaiming();
builder.AddDescribing();
builder.AddSecuring();
builder.AddDefining();
builder.AddTriggering();
builder.AddFollowing();
builder.AddFlagging();
builder.AddNotifying();
builder.AddHooking();
builder.AddGraphing();
builder.AddBus(
    bus =>
    {
        bus.AddDescribingHealth();
        bus.AddQueueingConsumers();
        bus.AddClaimingConsumers();
        bus.AddFlaggingConsumers();
        bus.AddPublishingConsumers();
        bus.AddFollowingConsumers();
    },
    PublishingSlice.AddPublishingTopology);

var app = builder.Build();

app.UseProblems();
app.UseAuthentication();
app.UseAuthorization();
app.MapHealth(servesDegraded: true); // triggers are accepted also without a broker
app.MapDescribing();
app.MapTriggerHook();
app.MapRegistryHook();
app.MapBadges();
var v1 = app.MapGroup("/v1").RequireAuthorization();
v1.MapSecuring();
v1.MapDefining();
v1.MapTriggering();
v1.MapFollowing();
v1.MapGraphing();
v1.MapNotifying();

await app.RunAsync();
