using Microsoft.AspNetCore.Http.Features;

namespace Builds.Gateway.Describing;

/// <summary>Every error leaves as <c>application/problem+json</c> that says what to do.</summary>
public static class Problems
{
    private const int MostNamed = 10;

    public static void AddProblems(this IServiceCollection services) =>
        services.AddProblemDetails(options => options.CustomizeProblemDetails = context =>
        {
            context.ProblemDetails.Extensions.Remove("traceId"); // nobody exports traces by it
            context.ProblemDetails.Detail ??= context.ProblemDetails.Status switch
            {
                400 => Unreadable(context.HttpContext.Request.Query.Keys),
                404 => "There is nothing here; /openapi/v1.json lists what there is.",
                405 => "This resource does not know that method; /openapi/v1.json lists those it knows.",
                415 => "Send the body as JSON, with the header Content-Type: application/json.",
                500 => "The service failed; its log says why. Asking again may help.",
                _ => null,
            };
        });

    public static void UseProblems(this IApplicationBuilder app)
    {
        app.UseExceptionHandler();
        app.UseStatusCodePages();
        app.Use(async (context, next) =>
        {
            context.Response.Headers.XContentTypeOptions = "nosniff";
            context.Response.Headers.CacheControl = "no-store";
            try
            {
                await next(context);
            }
            catch (RefusedException refused) when (!context.Response.HasStarted)
            {
                await WriteAsync(context, refused.Status, refused.Message, refused.Field);
            }
            catch (BadHttpRequestException bad) when (!context.Response.HasStarted)
            {
                await WriteAsync(context, bad.StatusCode, bad.StatusCode == StatusCodes.Status413PayloadTooLarge
                    ? $"The body is larger than {context.BodyLimit() / 1024} KiB; send less."
                    : bad.Message);
            }
        });
    }

    public static Task WriteAsync(HttpContext context, int status, string detail, string? field = null) =>
        Results.Problem(
                detail,
                statusCode: status,
                extensions: field is null ? null : new Dictionary<string, object?> { ["field"] = field })
            .ExecuteAsync(context);

    // Of an optional parameter the framework does not say that it could not be read.
    private static string Unreadable(ICollection<string> parameters) =>
        "The request cannot be read"
        + (parameters.Count > 0 ? $": look at what stands for {string.Join(", ", parameters.Take(MostNamed))}" : "")
        + ". /openapi/v1.json lists what each parameter may be.";

    private static long BodyLimit(this HttpContext context) =>
        context.Features.Get<IHttpMaxRequestBodySizeFeature>()?.MaxRequestBodySize ?? 0;
}
