using System.Text.Json;
using Builds.Contracts;
using Builds.Gateway.Describing;
using Builds.Gateway.Queueing;
using Dapper;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Options;

namespace Builds.Gateway.Defining;

/// <summary>The defined images in the store.</summary>
public sealed class Images(IOptions<RegistryOptions> registry)
{
    /// <summary>The image that a request names, checked, its registry filled in.</summary>
    public ImageReference Named(string? repository, string? registryHost)
    {
        var image = new ImageReference
        {
            Registry = registryHost ?? registry.Value.Default,
            Repository = repository ?? "",
        };
        Refuse(RequestRules.ImageProblem(image));
        return image;
    }

    /// <summary>Turns what <see cref="RequestRules"/> found, <c>field: what is wrong</c>, into a problem.</summary>
    public static void Refuse(string? problem)
    {
        if (problem is null)
            return;
        var end = problem.IndexOf(": ", StringComparison.Ordinal);
        var path = end < 0 ? "" : problem[..end];
        var name = path == "image.repository" ? "image" : path.Replace("source.", "").Replace("image.", "");
        throw RefusedException.Bad(name, end < 0 ? problem : name + problem[end..]);
    }

    private const string SelectOne = """
        select registry as Registry, repository as Repository, definition as Json, version as Version,
               defined_at as DefinedAt, trigger_hash is not null as HasTrigger
          from image where registry = @Registry and repository = @Repository
        """;

    public static DefinedImage? Find(SqliteConnection db, ImageReference image) =>
        db.QuerySingleOrDefault<DefinedImage>(SelectOne, image);

    public static RefusedException NotDefined(ImageReference image) => RefusedException.NotFound(
        $"{image.Registry}/{image.Repository} is not defined here: define it first, with "
        + $"PUT /v1/images/{image.Repository}"
        + """?registry= where it is not the default one, and {"git": "https://…", "ref": "main"}.""");
}

/// <summary>A row of <c>image</c>.</summary>
public sealed record DefinedImage
{
    public required string Registry { get; init; }
    public required string Repository { get; init; }
    public required string Json { get; init; }
    public required long Version { get; init; }
    public required long DefinedAt { get; init; }
    public bool HasTrigger { get; init; }

    public ImageReference Image => new() { Registry = Registry, Repository = Repository };

    public ImageDefinition Definition => JsonSerializer.Deserialize<ImageDefinition>(Json, BuildQueue.Json)!;

    public ImageDefined Message
    {
        get
        {
            var definition = Definition;
            return new ImageDefined
            {
                Image = Image,
                Version = Version,
                Source = definition.Source,
                Tags = definition.Tags,
                BuildArgs = definition.BuildArgs,
                Target = definition.Target,
                Platform = definition.Platform,
                Rebuild = definition.Rebuild,
            };
        }
    }
}
