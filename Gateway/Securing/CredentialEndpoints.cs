using Builds.Gateway.Describing;
using Builds.Gateway.Queueing;
using Builds.Gateway.Storing;

namespace Builds.Gateway.Securing;

/// <summary>
/// <c>/v1/credentials</c>: written, listed, removed, never given back. <c>/v1/keys</c>: to seal one by oneself.
/// </summary>
public static class CredentialEndpoints
{
    public static void MapCredentials(this RouteGroupBuilder v1)
    {
        v1.MapPut("/credentials/{name}", PutAsync).Accepts<NewCredential>("application/json").Produces<Shown>()
            .WithSummary("Put a credential, in the clear or sealed by the client. It is kept sealed to the workers.");
        v1.MapGet("/credentials", List).Produces<ShownList>()
            .WithSummary("List the credentials, without their secrets.");
        v1.MapGet("/credentials/{name}", See).Produces<Shown>().WithSummary("See a credential, without its secret.");
        v1.MapDelete("/credentials/{name}", RemoveAsync).Produces(204)
            .WithSummary("Remove a credential that no definition uses.");
        v1.MapGet("/keys", (WorkerKeys keys) => Results.Ok(new KeySet(keys.All()))).Produces<KeySet>()
            .WithSummary("The workers' public keys as a JWK set, the newest last.");
    }

    public sealed record Shown(
        string Name, string Namespace, string Kind, string Host, string Kid, DateTimeOffset ChangedAt);

    public sealed record ShownList(IEnumerable<Shown> Credentials);

    public sealed record KeySet(IReadOnlyList<WorkerKey> Keys);

    /// <summary>What is everybody's only an admin may change.</summary>
    public static void DemandChange(Caller caller, string ns)
    {
        if (ns == "*")
            caller.DemandAdmin();
        else
            caller.Demand(TokenScopes.Define, ns);
    }

    public static RefusedException NotThere() =>
        RefusedException.NotFound("There is no credential of that name; GET /v1/credentials lists them.");

    private static async Task<IResult> PutAsync(
        string name,
        Caller caller,
        HttpRequest request,
        Credentials credentials,
        WorkerKeys keys,
        GatewayStore store,
        CancellationToken cancel)
    {
        if (!Names.IsLabel(name))
            throw RefusedException.Bad("name", $"The name in the path must be {Names.LabelWords}.");
        var (wanted, _) = await Body.ReadAsync<NewCredential>(request, cancel);
        wanted.Check();
        DemandChange(caller, wanted.Namespace);

        var jwe = wanted.Sealed is { } own ? (own, keys.CheckSealed(own)) : keys.Seal(wanted.Secret(BuildQueue.Json));
        var isNew = await credentials.PutAsync(caller, name, wanted, jwe, cancel);
        var row = store.Read(db => Credentials.Find(db, name)) ?? throw NotThere();
        return Results.Json(Show(row), statusCode: isNew ? StatusCodes.Status201Created : StatusCodes.Status200OK);
    }

    private static IResult List(Caller caller, Credentials credentials) =>
        Results.Ok(new ShownList(credentials.All(caller.Namespace).Select(Show)));

    private static IResult See(string name, Caller caller, GatewayStore store)
    {
        var row = store.Read(db => Credentials.Find(db, name)) ?? throw NotThere();
        if (row.Namespace != "*")
            caller.Demand(TokenScopes.Read, row.Namespace);
        return Results.Ok(Show(row));
    }

    private static async Task<IResult> RemoveAsync(
        string name, Caller caller, Credentials credentials, CancellationToken cancel)
    {
        await credentials.RemoveAsync(caller, name, cancel);
        return Results.NoContent();
    }

    private static Shown Show(CredentialRow row) => new(
        row.Name, row.Namespace, row.Kind, row.Host, row.Kid, DateTimeOffset.FromUnixTimeMilliseconds(row.ChangedAt));
}
