using Builds.Contracts;
using Builds.ServiceDefaults;
using MassTransit;
using Microsoft.Extensions.Options;

namespace Builds.Worker.Building;

/// <summary>Claims builds and runs them; sections <c>Worker</c>, <c>Limits</c> and <c>BuildLog</c>.</summary>
public static class BuildingSlice
{
    public static void AddBuilding(this IHostApplicationBuilder builder)
    {
        builder.Services.AddOptions<WorkerOptions>().BindConfiguration("Worker")
            .ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddOptions<LimitOptions>().BindConfiguration("Limits")
            .ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddOptions<BuildLogOptions>().BindConfiguration("BuildLog")
            .ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddSingleton<ClaimClient>();
        builder.Services.AddSingleton<TagGuard>();
        builder.Services.AddSingleton<Recipe>();
        builder.Services.AddSingleton<BuildAttempt>();
        builder.Services.AddSingleton<Intake>();
        builder.Services.AddSingleton<RunningBuilds>();
        builder.Services.AddHostedService(services => services.GetRequiredService<RunningBuilds>());

        // Running builds drain first, then the bus stops; neither may be cut short by the host.
        builder.Services.AddOptions<HostOptions>().Configure<IOptions<WorkerOptions>>((host, worker) =>
            host.ShutdownTimeout = TimeSpan.FromSeconds(worker.Value.DrainSeconds) + TimeSpan.FromMinutes(5));
        builder.Services.Configure<MassTransitHostOptions>(bus =>
        {
            bus.ConsumerStopTimeout = TimeSpan.FromSeconds(5);
            bus.StopTimeout = TimeSpan.FromSeconds(30);
        });
    }

    public static void AddBuildingConsumers(this IBusRegistrationConfigurator bus)
    {
        bus.AddConsumer<BuildRequestedConsumer, BuildRequestedConsumerDefinition>();
        bus.AddReceiveEndpointObserver(services => services.GetRequiredService<Intake>());
        bus.AddConsumer<BuildCancelRequestedConsumer, BuildCancelRequestedConsumerDefinition>();
    }

    /// <summary>Who reads what a worker publishes: the queues are there before their first reader.</summary>
    public static void AddBuildingTopology(this IRabbitMqBusFactoryConfigurator rabbit)
    {
        rabbit.Feeds<BuildStarted>("gateway.build-started");
        rabbit.Feeds<BuildLog>("gateway.build-log");
        rabbit.Feeds<BuildCompleted>("gateway.build-completed");
        rabbit.Feeds<BuildCompleted>("graph-tracker.build-completed");
        rabbit.DeployPublishTopology = true;
    }
}
