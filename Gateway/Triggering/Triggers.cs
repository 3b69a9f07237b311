using Builds.Contracts;
using Builds.Gateway.Defining;
using Builds.Gateway.Describing;
using Builds.Gateway.Queueing;
using Builds.Gateway.Securing;
using Builds.Gateway.Storing;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Builds.Gateway.Triggering;

/// <summary>
/// The trigger URLs, one for each image: the secret in it is all that is needed, so only its hash is kept and it is
/// shown once.
/// </summary>
public sealed class Triggers(GatewayStore store, Images images)
{
    private const string Prefix = "bldt_";

    public sealed record NewTrigger
    {
        public required string Image { get; init; }

        /// <summary>The default registry where left out.</summary>
        public string? Registry { get; init; }
    }

    public sealed record AddedTrigger(string Image, string Registry, string Url);

    private const string SetHash = """
        update image set trigger_hash = @hash where registry = @Registry and repository = @Repository
        """;

    /// <summary>A new secret; the old one ends.</summary>
    public async Task<(ImageReference Image, string Secret)> AddAsync(
        Caller caller, HttpRequest request, CancellationToken cancel)
    {
        var (body, _) = await Body.ReadAsync<NewTrigger>(request, cancel);
        var image = images.Named(body.Image, body.Registry);
        caller.Demand(TokenScopes.Define, BuildQueue.NamespaceOf(image.Repository));

        var secret = Secret.New(Prefix);
        var row = new { hash = Secret.Hash(secret), image.Registry, image.Repository };
        if (await store.WriteAsync(db => db.Execute(SetHash, row), cancel) == 0)
            throw Images.NotDefined(image);
        return (image, secret);
    }

    private const string SelectByHash = """
        select registry as Registry, repository as Repository from image where trigger_hash = @hash
        """;

    /// <summary>The image whose secret this is. Who guesses learns nothing, not even by the time it takes.</summary>
    public static ImageReference ImageOf(SqliteConnection db, byte[] hash) =>
        db.QuerySingleOrDefault<ImageReference>(SelectByHash, new { hash }) ?? throw NotThere();

    public static RefusedException NotThere() => RefusedException.NotFound("There is nothing here.");
}
