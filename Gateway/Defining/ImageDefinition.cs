using System.Text.Json.Serialization;
using Builds.Contracts;

namespace Builds.Gateway.Defining;

/// <summary>How an image is built, with its defaults filled in: what the store keeps and the API shows.</summary>
public sealed record ImageDefinition
{
    public required string Git { get; init; }
    public required string Ref { get; init; }

    /// <summary>From the root of the repository; <c>Dockerfile</c> in the context where left out.</summary>
    public string? Dockerfile { get; init; }

    /// <summary>Folder from the root of the repository.</summary>
    public string Context { get; init; } = ".";

    public bool Submodules { get; init; }
    public IReadOnlyList<string> Tags { get; init; } = ["latest"];

    /// <summary>The default registry where left out.</summary>
    public string? Registry { get; init; }

    public DefinitionCredentials? Credentials { get; init; }
    public IReadOnlyDictionary<string, string>? BuildArgs { get; init; }

    /// <summary>A stage of the Dockerfile; the last where left out.</summary>
    public string? Target { get; init; }

    /// <summary>For example <c>linux/amd64</c>; the machine's own where left out.</summary>
    public string? Platform { get; init; }

    public RebuildPolicy Rebuild { get; init; } = new();

    [JsonIgnore]
    public GitSource Source => new()
    {
        Git = Git,
        Ref = Ref,
        Dockerfile = Dockerfile,
        Context = Context,
        Submodules = Submodules,
    };
}

/// <summary>Names of credentials that were put under <c>/v1/credentials</c>.</summary>
public sealed record DefinitionCredentials
{
    public string? Git { get; init; }
    public IReadOnlyList<string> Registries { get; init; } = [];
}
