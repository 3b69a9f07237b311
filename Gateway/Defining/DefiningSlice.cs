using Builds.Gateway.Describing;
using Builds.Gateway.Queueing;
using Builds.Gateway.Securing;

namespace Builds.Gateway.Defining;

/// <summary>Which images are built here, and how.</summary>
public static class DefiningSlice
{
    public static void AddDefining(this IHostApplicationBuilder builder)
    {
        builder.Services.AddOptions<RegistryOptions>().BindConfiguration("Registry")
            .ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddSingleton<Images>();
        builder.Services.AddSingleton<DefineImage>();
        builder.Services.AddSingleton<ForgetImage>();
        builder.Services.AddSingleton<SeeImage>();
        builder.Services.AddSingleton<ListImages>();
    }

    public static void MapDefining(this RouteGroupBuilder v1)
    {
        v1.MapPut("/images/{**repository}", DefineAsync)
            .Accepts<ImageDefinition>("application/json").Produces<SeenImage>().Produces<SeenImage>(201)
            .WithSummary("Define how an image is built; ?registry= where it is not the default one.");
        v1.MapGet("/images/{**repository}", See).Produces<SeenImage>()
            .WithSummary("See an image: its definition, its tags with digests, and whether it is outdated and why.");
        v1.MapDelete("/images/{**repository}", ForgetAsync).Produces(204)
            .WithSummary("Forget how an image is built. Its builds and logs stay.");
        v1.MapGet("/images", List)
            .WithSummary("List images by name; ?q= for a part of the name, ?outdated=true for those that fell behind.");
    }

    // One by one: endpoints that are written when it is built do not fill a record's constructor.
    private static ImagePage List(
        ListImages list, Caller caller, string? q, bool? outdated, string? cursor, int? limit, HttpRequest request) =>
        list.Handle(caller, new ListImages.Filter(q, outdated, cursor, limit), request);

    private static async Task<IResult> DefineAsync(
        string repository,
        string? registry,
        Caller caller,
        HttpRequest request,
        DefineImage define,
        SeeImage see,
        CancellationToken cancel)
    {
        var (image, isNew) = await define.HandleAsync(caller, repository, registry, request, cancel);
        return Results.Json(
            see.Handle(image, request), statusCode: isNew ? StatusCodes.Status201Created : StatusCodes.Status200OK);
    }

    private static SeenImage See(
        string repository, string? registry, Caller caller, Images images, SeeImage see, HttpRequest request)
    {
        var image = images.Named(repository, registry);
        caller.Demand(TokenScopes.Read, BuildQueue.NamespaceOf(image.Repository));
        return see.Handle(image, request);
    }

    private static async Task<IResult> ForgetAsync(
        string repository, string? registry, Caller caller, ForgetImage forget, CancellationToken cancel)
    {
        await forget.HandleAsync(caller, repository, registry, cancel);
        return Results.NoContent();
    }
}
