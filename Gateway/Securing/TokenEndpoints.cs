using Builds.Gateway.Describing;

namespace Builds.Gateway.Securing;

/// <summary><c>/v1/tokens</c>: an admin makes, lists and removes them.</summary>
public static class TokenEndpoints
{
    private static readonly string[] Scopes = ["define", "trigger", "read"];

    public static void MapTokens(this RouteGroupBuilder v1)
    {
        v1.MapPost("/tokens", AddAsync).Accepts<NewToken>("application/json").Produces<AddedToken>(201)
            .WithSummary("Make a token: {name, scope: admin} or {name, namespace, scopes}. It is shown this once.");
        v1.MapGet("/tokens", List).Produces<TokenList>().WithSummary("List the tokens, never their secrets.");
        v1.MapDelete("/tokens/{id}", RemoveAsync).Produces(204).WithSummary("Remove a token; it ends at once.");
    }

    /// <summary>Either <c>scope: admin</c>, or a namespace and some of define, trigger, read.</summary>
    public sealed record NewToken
    {
        public required string Name { get; init; }
        public string? Scope { get; init; }
        public string? Namespace { get; init; }
        public IReadOnlyList<string>? Scopes { get; init; }
    }

    public sealed record AddedToken(string Id, string Name, string Token);

    public sealed record TokenList(IEnumerable<ListedToken> Tokens);

    public sealed record ListedToken(
        string Id,
        string Name,
        string? Namespace,
        IEnumerable<string> Scopes,
        DateTimeOffset CreatedAt,
        string CreatedBy);

    private static async Task<IResult> AddAsync(
        Caller caller, HttpRequest request, Tokens tokens, CancellationToken cancel)
    {
        caller.DemandAdmin();
        var (wanted, _) = await Body.ReadAsync<NewToken>(request, cancel);
        Check(wanted);

        var token = Secret.New(Tokens.Prefix);
        var scopes = wanted.Scope is null ? wanted.Scopes!.Distinct() : [Tokens.Admin];
        var id = await tokens.AddAsync(token, wanted.Name, wanted.Namespace, scopes, caller.Name, cancel);
        return Results.Json(new AddedToken(id, wanted.Name, token), statusCode: StatusCodes.Status201Created);
    }

    private static IResult List(Caller caller, Tokens tokens)
    {
        caller.DemandAdmin();
        return Results.Ok(new TokenList(tokens.All().Select(one => new ListedToken(
            one.Id,
            one.Name,
            one.Namespace,
            one.Scopes.Split(' '),
            DateTimeOffset.FromUnixTimeMilliseconds(one.CreatedAt),
            one.CreatedBy))));
    }

    private static async Task<IResult> RemoveAsync(Caller caller, string id, Tokens tokens, CancellationToken cancel)
    {
        caller.DemandAdmin();
        return await tokens.RemoveAsync(id, cancel)
            ? Results.NoContent()
            : throw RefusedException.NotFound("There is no token with that id; GET /v1/tokens lists them.");
    }

    private static void Check(NewToken wanted)
    {
        if (!Names.IsLabel(wanted.Name))
            throw RefusedException.Bad("name", $"name must be {Names.LabelWords}.");
        if (wanted is { Scope: Tokens.Admin, Namespace: null, Scopes: null })
            return;
        if (wanted.Scope is not null)
            throw RefusedException.Bad("scope", "scope must be admin and then stands alone; "
                + "for one namespace leave it out and give namespace and scopes.");
        if (wanted.Namespace is not { } ns || !Names.IsNamespace(ns))
            throw RefusedException.Bad("namespace", $"namespace must be {Names.NamespaceWords}.");
        if (wanted.Scopes is not { Count: > 0 } scopes || scopes.Except(Scopes).Any())
            throw RefusedException.Bad("scopes", "scopes must be one or more of define, trigger, read.");
    }
}
