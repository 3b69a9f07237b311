using System.ComponentModel.DataAnnotations;

namespace Builds.Gateway.Queueing;

/// <summary>The <c>Requests</c> section of configuration: what a request may be.</summary>
public sealed class RequestOptions
{
    /// <summary>
    /// Whether <c>file:///…</c> is taken as a git URL. Only for trials on one machine: it reads the worker's disk.
    /// </summary>
    public bool AllowFileUrls { get; init; }

    /// <summary>Characters of all build arguments together, names and values. The request is one message.</summary>
    [Range(1, 1_000_000)]
    public int MostBuildArgCharacters { get; init; } = 131_072;

    /// <summary>Characters of all labels together, names and values.</summary>
    [Range(1, 1_000_000)]
    public int MostLabelCharacters { get; init; } = 65_536;
}
