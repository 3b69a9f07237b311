using Builds.Gateway.Describing;
using Builds.Gateway.Securing;

namespace Builds.Gateway.Triggering;

/// <summary>How a build is asked for over HTTP.</summary>
public static class TriggeringSlice
{
    public static void AddTriggering(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton<TriggerBuild>();
        builder.Services.AddSingleton<Triggers>();
        builder.Services.AddSingleton<Idempotency>();
        builder.Services.AddHostedService(services => services.GetRequiredService<Idempotency>());
    }

    public static void MapTriggering(this RouteGroupBuilder v1)
    {
        v1.MapPost("/builds", AcceptAsync).Accepts<BuildBody>("application/json").Produces<AcceptedBuild>(202)
            .WithSummary("Build an image. With Idempotency-Key the same request gets the same build for a day.");
        v1.MapPost("/triggers", AddAsync)
            .Accepts<Triggers.NewTrigger>("application/json").Produces<Triggers.AddedTrigger>(201)
            .WithSummary("Make a new trigger URL for an image. It is shown this once, and the old one ends.");
    }

    private static async Task<IResult> AcceptAsync(
        Caller caller, HttpRequest request, TriggerBuild trigger, Links links, CancellationToken cancel)
    {
        var id = await trigger.HandleAsync(caller, request, cancel);
        var status = links.ToBuild(request, id.ToString());
        return Results.Accepted(status, new AcceptedBuild(id, status, status + "/log"));
    }

    private static async Task<IResult> AddAsync(
        Caller caller, HttpRequest request, Triggers triggers, Links links, CancellationToken cancel)
    {
        var (image, secret) = await triggers.AddAsync(caller, request, cancel);
        var url = links.To(request, $"/hooks/trigger/{secret}");
        var added = new Triggers.AddedTrigger(image.Repository, image.Registry!, url);
        return Results.Json(added, statusCode: StatusCodes.Status201Created);
    }
}
