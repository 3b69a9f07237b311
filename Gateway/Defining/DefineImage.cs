using System.Text.Json;
using Builds.Contracts;
using Builds.Gateway.Describing;
using Builds.Gateway.Publishing;
using Builds.Gateway.Queueing;
using Builds.Gateway.Securing;
using Builds.Gateway.Storing;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Builds.Gateway.Defining;

/// <summary><c>PUT /v1/images/{**repository}</c>: how an image is built, from now on.</summary>
public sealed class DefineImage(
    GatewayStore store, Outbox outbox, Images images, RequestRules rules, GitAddresses addresses, TimeProvider clock)
{
    public async Task<(ImageReference Image, bool IsNew)> HandleAsync(
        Caller caller, string repository, string? registry, HttpRequest request, CancellationToken cancel)
    {
        var named = images.Named(repository, registry);
        caller.Demand(TokenScopes.Define, BuildQueue.NamespaceOf(named.Repository));
        var (body, _) = await Body.ReadAsync<ImageDefinition>(request, cancel);
        if (registry is not null && body.Registry is not null && body.Registry != registry)
            throw RefusedException.Bad("registry", "registry in the body differs from ?registry=: leave one out.");

        var image = images.Named(repository, registry ?? body.Registry);
        var definition = Whole(body, image);
        Images.Refuse(rules.Problem(AsRequest(definition, image)));
        var git = await addresses.CheckAsync(definition.Git, cancel);
        var isNew = await store.WriteAsync(db =>
        {
            if (definition.Credentials is { } credentials)
                NamedCredentials.Check(db, credentials, git, BuildQueue.NamespaceOf(image.Repository));
            return Put(db, image, JsonSerializer.Serialize(definition, BuildQueue.Json));
        }, cancel);
        return (image, isNew);
    }

    private static ImageDefinition Whole(ImageDefinition body, ImageReference image) => body with
    {
        Registry = image.Registry,
        BuildArgs = body.BuildArgs is null
            ? null
            : new SortedDictionary<string, string>(body.BuildArgs.ToDictionary(), StringComparer.Ordinal),
    };

    private BuildRequested AsRequest(ImageDefinition definition, ImageReference image) => new()
    {
        BuildId = Guid.NewGuid(),
        Image = image,
        Tags = definition.Tags,
        Source = definition.Source,
        RequestedAt = clock.GetUtcNow(),
        BuildArgs = definition.BuildArgs,
        Target = definition.Target,
        Platform = definition.Platform,
    };

    private const string SelectVersion = """
        select coalesce(
            (select version from forgotten_image where registry = @Registry and repository = @Repository), 0)
        """;

    private const string Upsert = """
        insert into image (registry, repository, namespace, definition, version, defined_at)
        values (@Registry, @Repository, @ns, @json, @version, @now)
            on conflict (registry, repository) do update set definition = @json, version = @version, defined_at = @now
        """;

    private const string Remember = """
        delete from forgotten_image where registry = @Registry and repository = @Repository
        """;

    /// <returns>Whether the image was not defined before.</returns>
    private bool Put(SqliteConnection db, ImageReference image, string json)
    {
        var before = Images.Find(db, image);
        if (before?.Json == json)
            return false;

        db.Execute(Upsert, new
        {
            image.Registry,
            image.Repository,
            ns = BuildQueue.NamespaceOf(image.Repository),
            json,
            version = 1 + (before?.Version ?? db.ExecuteScalar<long>(SelectVersion, image)),
            now = clock.GetUtcNow().ToUnixTimeMilliseconds(),
        });
        db.Execute(Remember, image);
        outbox.Add(db, Images.Find(db, image)!.Message);
        return before is null;
    }
}
