using MassTransit;

namespace Builds.GraphTracker.Registries;

/// <summary>
/// The registries: asked what a tag is now and what lies under a digest, and looked through for what nobody told.
/// </summary>
public static class RegistriesSlice
{
    public static void AddRegistries(this IHostApplicationBuilder builder)
    {
        builder.Services.AddOptions<RegistryOptions>()
            .BindConfiguration("Registries")
            .ValidateDataAnnotations()
            .ValidateOnStart();
        builder.Services.AddSingleton<RegistryClient>();
        builder.Services.AddHostedService<Reconciling>();
        builder.Services.AddHostedService<Watching>();
    }

    public static void AddRegistriesConsumers(this IBusRegistrationConfigurator bus) =>
        bus.AddConsumer<ListRegistriesConsumer, ListRegistriesConsumerDefinition>();
}
