using Builds.Contracts;
using Builds.Gateway.Defining;

namespace Builds.Gateway.Triggering;

/// <summary>The body of <c>POST /v1/builds</c>: what is left out comes from the definition.</summary>
public sealed record BuildBody
{
    public required string Image { get; init; }

    /// <summary>The default registry where left out.</summary>
    public string? Registry { get; init; }

    /// <summary>A branch, a tag or a full commit id.</summary>
    public string? Ref { get; init; }

    /// <summary>The full commit id, where it is known already.</summary>
    public string? Commit { get; init; }

    public IReadOnlyList<string>? Tags { get; init; }

    /// <summary>Together with those of the definition; these win.</summary>
    public IReadOnlyDictionary<string, string>? BuildArgs { get; init; }

    public string? Target { get; init; }
    public string? Platform { get; init; }
    public IReadOnlyDictionary<string, string>? Labels { get; init; }
    public bool? NoCache { get; init; }
    public int? TimeoutSeconds { get; init; }

    public BuildRequested Over(ImageDefinition definition, ImageReference image, DateTimeOffset now) => new()
    {
        BuildId = Guid.CreateVersion7(now),
        Image = image,
        Tags = Tags ?? definition.Tags,
        Source = definition.Source with { Ref = Ref ?? definition.Ref, Commit = Commit },
        RequestedAt = now,
        BuildArgs = Together(definition.BuildArgs),
        Target = Target ?? definition.Target,
        Platform = Platform ?? definition.Platform,
        Labels = Labels,
        NoCache = NoCache,
        TimeoutSeconds = TimeoutSeconds,
    };

    private IReadOnlyDictionary<string, string>? Together(IReadOnlyDictionary<string, string>? defined)
    {
        if (defined is null || BuildArgs is null)
            return BuildArgs ?? defined;
        var all = new Dictionary<string, string>(defined);
        foreach (var (name, value) in BuildArgs)
            all[name] = value;
        return all;
    }
}
