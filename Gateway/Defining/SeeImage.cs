using Builds.Contracts;
using Builds.Gateway.Describing;
using Builds.Gateway.Flagging;
using Builds.Gateway.Storing;
using Dapper;

namespace Builds.Gateway.Defining;

/// <summary>An image as the API shows it.</summary>
public sealed record SeenImage
{
    public required string Image { get; init; }
    public required string Registry { get; init; }

    /// <summary>Of the definition; grows by one with each change. Left out where it is not built here.</summary>
    public long? Version { get; init; }

    public DateTimeOffset? DefinedAt { get; init; }

    /// <summary>Left out where it is not built here, but known to be outdated.</summary>
    public ImageDefinition? Definition { get; init; }

    /// <summary>What each tag is to point to, by the newest build that succeeded.</summary>
    public required IReadOnlyList<SeenTag> Tags { get; init; }

    /// <summary>By which bases, and what happens now; empty where it stands on their present versions.</summary>
    public required IReadOnlyList<ImageOutdated> Outdated { get; init; }

    /// <summary>Whether it has a trigger URL, made by POST /v1/triggers.</summary>
    public required bool HasTrigger { get; init; }

    public required IReadOnlyDictionary<string, string> Links { get; init; }
}

public sealed record SeenTag(string Tag, string Digest, string Build);

/// <summary><c>GET /v1/images/{**repository}</c>.</summary>
public sealed class SeeImage(GatewayStore store, Links links)
{
    private const string SelectTags = """
        select tag.tag as Tag, tag.digest as Digest, build.id as Build from tag join build using (number)
         where tag.registry = @Registry and tag.repository = @Repository order by tag.tag
        """;

    public SeenImage Handle(ImageReference image, HttpRequest request)
    {
        var (row, tags, flags) = store.Read(db => (
            Images.Find(db, image),
            db.Query<SeenTag>(SelectTags, image).AsList(),
            Flags.Of(db, image)));
        if (row is null && flags.Count == 0)
            throw Images.NotDefined(image);
        return new SeenImage
        {
            Image = image.Repository,
            Registry = image.Registry!,
            Version = row?.Version,
            DefinedAt = row is null ? null : DateTimeOffset.FromUnixTimeMilliseconds(row.DefinedAt),
            Definition = row?.Definition,
            Tags = tags,
            Outdated = flags,
            HasTrigger = row?.HasTrigger ?? false,
            Links = new Dictionary<string, string>
            {
                ["self"] = links.To(request, $"/v1/images/{image.Repository}?registry={image.Registry}"),
                ["builds"] = links.To(request, $"/v1/builds?image={image.Repository}&registry={image.Registry}"),
                ["graph"] = links.To(request, $"/v1/graph?image={image.Repository}&registry={image.Registry}"),
            },
        };
    }
}
