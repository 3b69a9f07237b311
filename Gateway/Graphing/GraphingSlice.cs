using Builds.Contracts;
using Builds.Gateway.Defining;
using Builds.Gateway.Describing;
using Builds.Gateway.Queueing;
using Builds.Gateway.Securing;
using Microsoft.Net.Http.Headers;

namespace Builds.Gateway.Graphing;

/// <summary>What stands on what, what its pushes set off, and how the registries do: asked of GraphTracker.</summary>
public static class GraphingSlice
{
    public static void AddGraphing(this IHostApplicationBuilder builder)
    {
        builder.Services.AddOptions<GraphOptions>().BindConfiguration("Graph")
            .ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddSingleton<GraphClient>();
        builder.Services.AddSingleton<SeeRegistries>();
        builder.Services.AddSingleton<SeeCascades>();
    }

    public static void MapGraphing(this RouteGroupBuilder v1)
    {
        v1.MapGet("/graph", ReadAsync).Produces<ImageGraph>().ProducesProblem(503)
            .WithSummary(
                "What an image stands on and what stands on it, with evidence; Accept: text/plain for a tree.");
        v1.MapGet("/cascades/preview", PreviewAsync).Produces<CascadePreview>().ProducesProblem(503)
            .WithSummary("What a push to this tag would set off: what is rebuilt in which order, what is not and why.");
        v1.MapGet("/cascades", (
                SeeCascades see, Caller caller, string? state, string? cursor, HttpRequest request,
                CancellationToken cancel) => see.ListAsync(caller, state, cursor, request, cancel))
            .Produces<CascadePage>().ProducesProblem(503)
            .WithSummary("List cascades, the newest first; ?state=running, blocked, done or cancelled.");
        v1.MapGet("/cascades/{id:guid}", (Guid id, SeeCascades see, Caller caller, CancellationToken cancel) =>
                see.SeeAsync(caller, id, cancel))
            .Produces<CascadeDetails>().ProducesProblem(503)
            .WithSummary("See a cascade: each image with its state, why, and its build.");
        v1.MapPost("/cascades/{id:guid}/cancel", CancelAsync).Produces<CascadeSummary>(202).ProducesProblem(503)
            .WithSummary("Cancel a cascade: it asks for no further rebuild; those that were asked for go on.");
        v1.MapPost("/cascades/{id:guid}/resume", ResumeAsync).Produces<CascadeSummary>(202).ProducesProblem(503)
            .WithSummary("Resume a cascade: what has failed is tried once more, and it goes on where it stopped.");
        v1.MapGet("/registries", (SeeRegistries see, Caller caller, CancellationToken cancel) =>
            {
                caller.DemandAdmin();
                return see.HandleAsync(cancel);
            })
            .Produces<RegistryHealth>()
            .WithSummary("How the registries do: last event, what could not be used, last reconcile. For admins.");
    }

    private static async Task<IResult> ReadAsync(
        string? image, string? tag, string? registry, Caller caller, Images images, GraphClient graph,
        HttpRequest request, CancellationToken cancel)
    {
        var named = Named(image, tag, registry, caller, images);
        var answer = await graph.AskAsync(new ReadGraph { Image = named, Tag = tag }, cancel);
        if (answer.Tags.Count == 0)
            throw RefusedException.NotFound(
                $"Nothing is known of {named.Registry}/{named.Repository}{(tag is null ? "" : ":" + tag)}: it was not "
                + "pushed since its registry is watched. GET /v1/registries says how the registries do.");
        return PrefersText(request) ? Results.Text(new GraphText(answer).Render()) : Results.Ok(answer);
    }

    private static async Task<CascadePreview> PreviewAsync(
        string? image, string? tag, string? registry, Caller caller, Images images, GraphClient graph,
        CancellationToken cancel)
    {
        var named = Named(image, tag, registry, caller, images);
        return await graph.AskAsync(new PreviewCascade { Image = named, Tag = tag ?? "latest" }, cancel);
    }

    private static async Task<IResult> CancelAsync(
        Guid id, SeeCascades see, Caller caller, Links links, HttpRequest request, CancellationToken cancel) =>
        Results.Accepted(
            links.To(request, $"/v1/cascades/{id}"), await see.ChangeAsync(caller, id, CascadeChange.Cancel, cancel));

    private static async Task<IResult> ResumeAsync(
        Guid id, SeeCascades see, Caller caller, Links links, HttpRequest request, CancellationToken cancel) =>
        Results.Accepted(
            links.To(request, $"/v1/cascades/{id}"), await see.ChangeAsync(caller, id, CascadeChange.Resume, cancel));

    private static ImageReference Named(string? image, string? tag, string? registry, Caller caller, Images images)
    {
        if (image is null)
            throw RefusedException.Bad("image", "image is missing: ask with ?image=team/api.");
        var named = images.Named(image, registry);
        if (tag is not null)
            Images.Refuse(RequestRules.TagsProblem([tag])?.Replace("tags[0]", "tag"));
        caller.Demand(TokenScopes.Read, BuildQueue.NamespaceOf(named.Repository));
        return named;
    }

    private static bool PrefersText(HttpRequest request) =>
        MediaTypeHeaderValue.TryParseList(request.Headers.GetCommaSeparatedValues("Accept"), out var accepted)
        && accepted.OrderByDescending(one => one.Quality ?? 1).FirstOrDefault()?.MediaType == "text/plain";
}
