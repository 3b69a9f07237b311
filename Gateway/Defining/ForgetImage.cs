using Builds.Contracts;
using Builds.Gateway.Publishing;
using Builds.Gateway.Queueing;
using Builds.Gateway.Securing;
using Builds.Gateway.Storing;
using Dapper;

namespace Builds.Gateway.Defining;

/// <summary><c>DELETE /v1/images/{**repository}</c>: not built here any more. Its builds and their logs stay.</summary>
public sealed class ForgetImage(GatewayStore store, Outbox outbox, Images images)
{
    private const string Delete = "delete from image where registry = @Registry and repository = @Repository";

    private const string KeepVersion = """
        insert or replace into forgotten_image (registry, repository, version) values (@Registry, @Repository, @version)
        """;

    public async Task HandleAsync(Caller caller, string repository, string? registry, CancellationToken cancel)
    {
        var image = images.Named(repository, registry);
        caller.Demand(TokenScopes.Define, BuildQueue.NamespaceOf(image.Repository));
        await store.WriteAsync(db =>
        {
            var version = 1 + (Images.Find(db, image) ?? throw Images.NotDefined(image)).Version;
            db.Execute(Delete, image);
            db.Execute(KeepVersion, new { image.Registry, image.Repository, version });
            outbox.Add(db, new ImageForgotten { Image = image, Version = version });
        }, cancel);
    }
}
