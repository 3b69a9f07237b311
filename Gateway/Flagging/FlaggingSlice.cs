using Builds.Gateway.Securing;
using MassTransit;

namespace Builds.Gateway.Flagging;

/// <summary>What is outdated, as GraphTracker told and as people are shown.</summary>
public static class FlaggingSlice
{
    public static void AddFlagging(this IHostApplicationBuilder builder)
    {
        builder.Services.AddOptions<FlagOptions>().BindConfiguration("Flags")
            .ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddOptions<BadgeOptions>().BindConfiguration("Badges");
        builder.Services.AddSingleton<Flags>();
        builder.Services.AddSingleton<Badge>();
        builder.Services.AddHostedService<Resync>();
    }

    public static void AddFlaggingConsumers(this IBusRegistrationConfigurator bus)
    {
        bus.AddConsumer<ImageOutdatedConsumer, ImageOutdatedConsumerDefinition>();
        bus.AddConsumer<ImageCurrentConsumer, ImageCurrentConsumerDefinition>();
        bus.AddConsumer<CascadeChangedConsumer, CascadeChangedConsumerDefinition>();
    }

    public static void MapBadges(this IEndpointRouteBuilder routes) =>
        routes.MapGet(
                "/badges/{**file}",
                (string file, string? registry, string? tag, Badge badge, HttpContext context) =>
                    badge.Handle(file, registry, tag, context.Features.Get<Caller>(), context))
            .Produces(200, contentType: "image/svg+xml").WithTags("Badge")
            .WithSummary(
                "How an image does: passing, failing, building, outdated or unknown; ?tag= for one of its tags.");
}
