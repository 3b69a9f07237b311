using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Builds.Gateway.Describing;

/// <summary>What <c>/openapi/v1.json</c> says beside the endpoints themselves.</summary>
internal static class ApiDescription
{
    public static void Describe(OpenApiOptions options) => options.AddDocumentTransformer((document, _, _) =>
    {
        document.Info = new OpenApiInfo
        {
            Title = "Builds",
            Version = "v1",
            Description = "Builds container images from git, on demand and whenever a base image moves. Errors are "
                + "problem details (RFC 9457) that name the field and say what to do.",
        };
        document.Components ??= new OpenApiComponents();
        document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>();
        document.Components.SecuritySchemes["token"] = new OpenApiSecurityScheme
        {
            Type = SecuritySchemeType.Http,
            Scheme = "bearer",
            Description = "A token from POST /v1/tokens. Everything under /v1 needs one; "
                + "a trigger URL is its own secret.",
        };
        var token = new OpenApiSecuritySchemeReference("token", document);
        document.Security = [new OpenApiSecurityRequirement { [token] = [] }];
        return Task.CompletedTask;
    });
}
