namespace Builds.Gateway.Hooking;

/// <summary>Registries tell what was pushed; GraphTracker is told to look.</summary>
public static class HookingSlice
{
    public static void AddHooking(this IHostApplicationBuilder builder)
    {
        builder.Services.AddOptions<HookingOptions>().BindConfiguration("Hooks")
            .ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddSingleton<HookSecrets>();
        builder.Services.AddSingleton<RegistryEvents>();
        builder.Services.AddSingleton<RegistryHook>();
        builder.Services.AddHostedService<EventRetention>();
    }

    public static void MapRegistryHook(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/hooks/registry", (HttpContext context, RegistryHook hook, CancellationToken cancel) =>
                hook.HandleAsync(context, cancel))
            .Produces<TakenNotification>(202).ProducesProblem(401).WithTags("Registry")
            .WithSummary("Take a registry's notification. The secret, a bearer, says which registry it is.");
}
