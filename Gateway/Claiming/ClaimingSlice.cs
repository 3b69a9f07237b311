using Builds.Gateway.Publishing;
using MassTransit;

namespace Builds.Gateway.Claiming;

/// <summary>Who may build: the one place where a build is granted, given up and concluded.</summary>
public static class ClaimingSlice
{
    public static void AddClaiming(this IHostApplicationBuilder builder)
    {
        builder.Services.AddOptions<ClaimOptions>()
            .BindConfiguration("Claims")
            .ValidateDataAnnotations()
            .ValidateOnStart();
        builder.Services.AddSingleton<Claims>();
        builder.Services.AddSingleton<Releases>();
        builder.Services.AddSingleton<Conclusions>();
        builder.Services.AddSingleton<Resending>();
        builder.Services.AddSingleton<Liveness>();
        builder.Services.AddHostedService<Sweeper>();
    }

    public static void AddClaimingConsumers(this IBusRegistrationConfigurator bus)
    {
        bus.AddConsumer<ClaimBuildConsumer, ClaimBuildConsumerDefinition>();
        bus.AddConsumer<RenewClaimConsumer, RenewClaimConsumerDefinition>();
        bus.AddConsumer<ReleaseClaimConsumer, ReleaseClaimConsumerDefinition>();
        bus.AddConsumer<ConcludeBuildConsumer, ConcludeBuildConsumerDefinition>();
        bus.AddConsumer<BuildStartedConsumer, BuildStartedConsumerDefinition>();
        bus.AddConsumer<BuildCompletedConsumer, BuildCompletedConsumerDefinition>();
        bus.AddReceiveEndpointObserver(services => services.GetRequiredService<BusConnection>());
    }
}
