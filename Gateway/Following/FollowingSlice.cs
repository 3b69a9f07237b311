using Builds.Gateway.Describing;
using Builds.Gateway.Securing;
using Builds.Gateway.Triggering;
using MassTransit;

namespace Builds.Gateway.Following;

/// <summary>What became of a build: its state, its log, its end.</summary>
public static class FollowingSlice
{
    public static void AddFollowing(this IHostApplicationBuilder builder)
    {
        builder.Services.AddOptions<LogOptions>().BindConfiguration("Logs").ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddSingleton<LogStore>();
        builder.Services.AddSingleton<Followers>();
        builder.Services.AddSingleton<Waiting>();
        builder.Services.AddSingleton<FollowLog>();
        builder.Services.AddSingleton<SeeBuild>();
        builder.Services.AddSingleton<ListBuilds>();
        builder.Services.AddSingleton<ChangeBuild>();
        builder.Services.AddHostedService<StateWatch>();
        builder.Services.AddHostedService<LogRetention>();
    }

    public static void AddFollowingConsumers(this IBusRegistrationConfigurator bus)
    {
        bus.AddConsumer<BuildLogConsumer, BuildLogConsumerDefinition>();
        bus.AddConsumer<FindBuildConsumer, FindBuildConsumerDefinition>();
    }

    public static void MapFollowing(this RouteGroupBuilder v1)
    {
        v1.MapGet("/builds/{id:guid}", SeeAsync).Produces<SeenBuild>()
            .WithSummary("See a build: state, while it waits why, phases, commit, digest, cause, and why it failed.");
        v1.MapGet("/builds", List)
            .WithSummary("List builds, the newest first; ?image= and ?state= for some of them.");
        v1.MapPost("/builds/{id:guid}/cancel", CancelAsync).Produces<SeenBuild>(202)
            .WithSummary("Cancel a build: at once where it has not begun, by its worker otherwise.");
        v1.MapPost("/builds/{id:guid}/retry", RetryAsync).Produces<AcceptedBuild>(202)
            .WithSummary("Ask for a finished build once more; it becomes a new build.");
        v1.MapGet("/builds/{id:guid}/log", FollowAsync)
            .WithSummary("Read a log, as text or by Accept as text/event-stream; ?follow=true stays to the end.");
    }

    public static Dictionary<string, string> LinksOf(BuildRow row, Links links, HttpRequest request)
    {
        var self = links.ToBuild(request, row.Id);
        var found = new Dictionary<string, string>
        {
            ["self"] = self,
            ["log"] = self + "/log",
            ["image"] = links.To(request, $"/v1/images/{row.Repository}?registry={row.Registry}"),
            [row.IsFinished ? "retry" : "cancel"] = self + (row.IsFinished ? "/retry" : "/cancel"),
        };
        if (row.Asked.Cause?.CascadeId is { } cascade)
            found["cascade"] = links.To(request, $"/v1/cascades/{cascade}");
        return found;
    }

    // One by one: endpoints that are written when it is built do not fill a record's constructor.
    private static BuildPage List(
        ListBuilds list,
        Caller caller,
        string? image,
        string? registry,
        string? state,
        string? cursor,
        int? limit,
        HttpRequest request) =>
        list.Handle(caller, new ListBuilds.Filter(image, registry, state, cursor, limit), request);

    private static async Task<SeenBuild> SeeAsync(
        Guid id, Caller caller, SeeBuild see, Links links, HttpRequest request, CancellationToken cancel)
    {
        var row = see.Row(id);
        caller.Demand(TokenScopes.Read, row.Namespace);
        return await see.HandleAsync(row, LinksOf(row, links, request), cancel);
    }

    private static async Task<IResult> CancelAsync(
        Guid id,
        Caller caller,
        ChangeBuild change,
        SeeBuild see,
        Links links,
        HttpRequest request,
        CancellationToken cancel)
    {
        var row = await change.CancelAsync(caller, id, cancel);
        var seen = await see.HandleAsync(row, LinksOf(row, links, request), cancel);
        return Results.Accepted(seen.Links["self"], seen);
    }

    private static async Task<IResult> RetryAsync(
        Guid id, Caller caller, ChangeBuild change, Links links, HttpRequest request, CancellationToken cancel)
    {
        var retry = await change.RetryAsync(caller, id, cancel);
        var status = links.ToBuild(request, retry.ToString());
        return Results.Accepted(status, new AcceptedBuild(retry, status, status + "/log"));
    }

    private static Task FollowAsync(
        Guid id,
        bool? follow,
        Caller caller,
        SeeBuild see,
        FollowLog log,
        HttpContext context,
        CancellationToken cancel)
    {
        caller.Demand(TokenScopes.Read, see.Row(id).Namespace);
        return log.HandleAsync(context, id, follow ?? false, cancel);
    }
}
