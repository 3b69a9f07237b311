using Builds.Contracts;
using Builds.Gateway.Describing;
using Builds.Gateway.Following;
using Builds.Gateway.Securing;
using Builds.Gateway.Storing;

namespace Builds.Gateway.Triggering;

/// <summary>
/// <c>/hooks/trigger/{secret}</c>: <c>curl -X POST</c> is all it takes, and the same secret reads what comes of it.
/// </summary>
public static class TriggerHook
{
    public static void MapTriggerHook(this IEndpointRouteBuilder routes)
    {
        var hook = routes.MapGroup("/hooks/trigger/{secret}").WithTags("Trigger URL");
        hook.MapPost("", AcceptAsync).Produces<AcceptedBuild>(202)
            .WithSummary("Build the image of this trigger URL as it is defined. No body is needed.");
        hook.MapGet("/builds/{id:guid}", SeeAsync).Produces<SeenBuild>().WithSummary("See a build of that image.");
        hook.MapGet("/builds/{id:guid}/log", FollowAsync)
            .WithSummary("Read the log of a build of that image; ?follow=true stays until the build ends.");
    }

    private static async Task<IResult> AcceptAsync(
        string secret,
        HttpRequest request,
        GatewayStore store,
        TriggerBuild trigger,
        Links links,
        CancellationToken cancel)
    {
        var hash = Secret.Hash(secret);
        var id = await store.WriteAsync(db =>
        {
            var image = Triggers.ImageOf(db, hash);
            var cause = new BuildCause { Kind = BuildCauseKind.Hook, Actor = "trigger URL" };
            return trigger.Accept(db, image, new BuildBody { Image = image.Repository }, cause);
        }, cancel);

        var status = links.To(request, Path(secret, id));
        return Results.Accepted(status, new AcceptedBuild(id, status, status + "/log"));
    }

    private static async Task<SeenBuild> SeeAsync(
        string secret,
        Guid id,
        HttpRequest request,
        GatewayStore store,
        SeeBuild see,
        Links links,
        CancellationToken cancel)
    {
        var row = CheckOwner(store, secret, id);
        return await see.HandleAsync(row, new Dictionary<string, string>
        {
            ["self"] = links.To(request, Path(secret, id)),
            ["log"] = links.To(request, Path(secret, id) + "/log"),
        }, cancel);
    }

    private static Task FollowAsync(
        string secret,
        Guid id,
        bool? follow,
        HttpContext context,
        GatewayStore store,
        FollowLog log,
        CancellationToken cancel)
    {
        CheckOwner(store, secret, id);
        return log.HandleAsync(context, id, follow ?? false, cancel);
    }

    private static BuildRow CheckOwner(GatewayStore store, string secret, Guid id)
    {
        var (image, build) = store.Read(db => (Triggers.ImageOf(db, Secret.Hash(secret)), BuildRow.Find(db, id)));
        if (build is null || (build.Registry, build.Repository) != (image.Registry, image.Repository))
            throw Triggers.NotThere();
        return build;
    }

    private static string Path(string secret, Guid id) => $"/hooks/trigger/{secret}/builds/{id}";
}
