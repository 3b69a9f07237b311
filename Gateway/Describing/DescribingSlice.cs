using Builds.ServiceDefaults;
using MassTransit;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Builds.Gateway.Describing;

/// <summary>How the API speaks: strict JSON in, plain JSON and problems out, links, its own description, its health.</summary>
public static class DescribingSlice
{
    private const int BodyLimit = 64 * 1024;

    public static void AddDescribing(this WebApplicationBuilder builder)
    {
        builder.Services.AddOptions<PublicOptions>().BindConfiguration("Public").ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddSingleton<Links>();
        builder.Services.AddProblems();
        builder.Services.AddOpenApi("v1", ApiDescription.Describe);
        builder.Services.Configure<RouteHandlerOptions>(routes => routes.ThrowOnBadRequest = true); // into a problem
        builder.Services.ConfigureHttpJsonOptions(json => BuildsBus.Plain(json.SerializerOptions));
        builder.Services.AddHealthChecks().AddCheck<StoreReadiness>("store");
        builder.WebHost.ConfigureKestrel(server =>
        {
            server.AddServerHeader = false;
            server.Limits.MaxRequestBodySize = BodyLimit;
        });
    }

    /// <summary>Without a broker the Gateway still accepts: <c>/readyz</c> then says Degraded, with status 200.</summary>
    public static void AddDescribingHealth(this IBusRegistrationConfigurator bus) =>
        bus.ConfigureHealthCheckOptions(health => health.MinimalFailureStatus = HealthStatus.Degraded);

    public static void MapDescribing(this IEndpointRouteBuilder routes) => routes.MapOpenApi();
}
