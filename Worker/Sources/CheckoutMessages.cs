using System.Text.Json.Serialization;
using Builds.Contracts;

namespace Builds.Worker.Sources;

/// <summary>
/// What the checkout's process is asked, as one line of JSON on its standard input: secrets stand neither in its
/// arguments nor in its environment. When that input ends, the worker is gone and so is the process.
/// </summary>
internal sealed record CheckoutRequest
{
    public required string Folder { get; init; }
    public required GitSource Source { get; init; }
    public GitCredential? Credential { get; init; }
    public required SourceOptions Options { get; init; }
}

/// <summary>One line of JSON on its standard output. An empty one says that it is alive.</summary>
internal sealed record CheckoutReport
{
    /// <summary>A line for the build's log.</summary>
    public string? Say { get; init; }

    /// <summary>It is done, and this is what was checked out.</summary>
    public string? Commit { get; init; }

    /// <summary>It failed, and <see cref="Class"/> says whose fault it is; with none it may be tried again.</summary>
    public string? Failure { get; init; }

    public FailureClass? Class { get; init; }
}

[JsonSerializable(typeof(CheckoutRequest))]
[JsonSerializable(typeof(CheckoutReport))]
[JsonSerializable(typeof(GitCredential))]
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
internal sealed partial class CheckoutJson : JsonSerializerContext;
