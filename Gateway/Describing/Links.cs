using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Builds.Gateway.Describing;

/// <summary>The <c>Public</c> section of configuration.</summary>
public sealed class PublicOptions
{
    /// <summary>
    /// What links in answers begin with, for example <c>https://builds.example.org</c>; scheme and host of the request
    /// where left out.
    /// </summary>
    [RegularExpression("^https?://[^?#]+$")]
    public string? Url { get; init; }
}

/// <summary>Absolute links for answers.</summary>
public sealed class Links(IOptions<PublicOptions> options)
{
    public string To(HttpRequest request, string path) =>
        (options.Value.Url?.TrimEnd('/') ?? $"{request.Scheme}://{request.Host}") + path;

    /// <returns>Null where no setting says how people reach this service.</returns>
    public string? Public(string path) => options.Value.Url is { } url ? url.TrimEnd('/') + path : null;

    public string ToBuild(HttpRequest request, string id) => To(request, $"/v1/builds/{id}");

    public string ToImage(HttpRequest request, string repository) => To(request, $"/v1/images/{repository}");
}
