using System.Collections.Concurrent;
using System.Security.Cryptography;
using Builds.Gateway.Storing;
using Dapper;

namespace Builds.Gateway.Securing;

/// <summary>The API tokens: hashed at rest, remembered in memory until one is removed.</summary>
public sealed class Tokens(GatewayStore store, TimeProvider clock)
{
    public const string Prefix = "bld_";
    public const string Admin = "admin";
    private const int LongestToken = 100;

    private readonly ConcurrentDictionary<string, Caller> _known = new();
    private int _removals;

    private const string SelectByHash = """
        select id as Id, name as Name, hash as Hash, namespace as Namespace, scopes as Scopes from token
         where hash = @hash
        """;

    /// <returns>Null for what is no token of ours.</returns>
    public Caller? Find(string token)
    {
        if (token.Length > LongestToken || !token.StartsWith(Prefix, StringComparison.Ordinal))
            return null;
        var hash = Secret.Hash(token);
        var key = Convert.ToHexString(hash);
        if (_known.TryGetValue(key, out var known))
            return known;

        var removals = Volatile.Read(ref _removals);
        var row = store.Read(db => db.QuerySingleOrDefault<Row>(SelectByHash, new { hash }));
        if (row is null || !CryptographicOperations.FixedTimeEquals(row.Hash, hash))
            return null;

        var caller = new Caller(row.Id, row.Name, row.Namespace, ScopesOf(row.Scopes));
        _known[key] = caller;
        if (removals != Volatile.Read(ref _removals))
            _known.TryRemove(key, out _); // it may be the one that was removed meanwhile
        return caller;
    }

    private const string Insert = """
        insert into token (id, name, hash, namespace, scopes, created_at, created_by)
        values (@id, @name, @hash, @ns, @scopes, @now, @by)
        """;

    /// <param name="ns">Null for an admin's token.</param>
    /// <returns>Its id.</returns>
    public async Task<string> AddAsync(
        string token, string name, string? ns, IEnumerable<string> scopes, string by, CancellationToken cancel)
    {
        var id = Guid.CreateVersion7(clock.GetUtcNow()).ToString();
        var now = clock.GetUtcNow().ToUnixTimeMilliseconds();
        var row = new { id, name, hash = Secret.Hash(token), ns, scopes = string.Join(' ', scopes), now, by };
        await store.WriteAsync(db => db.Execute(Insert, row), cancel);
        return id;
    }

    public async Task<bool> RemoveAsync(string id, CancellationToken cancel)
    {
        var removed = await store.WriteAsync(db => db.Execute("delete from token where id = @id", new { id }), cancel);
        Interlocked.Increment(ref _removals);
        foreach (var (key, caller) in _known)
            if (caller.Id == id)
                _known.TryRemove(key, out _);
        return removed > 0;
    }

    private const string SelectAll = """
        select id as Id, name as Name, namespace as Namespace, scopes as Scopes, created_at as CreatedAt,
               created_by as CreatedBy
          from token order by created_at, id
        """;

    public IReadOnlyList<Listed> All() => store.Read(db => db.Query<Listed>(SelectAll).AsList());

    private static TokenScopes ScopesOf(string scopes) => scopes == Admin
        ? TokenScopes.Define | TokenScopes.Trigger | TokenScopes.Read
        : scopes.Split(' ')
            .Aggregate(TokenScopes.None, (all, one) => all | Enum.Parse<TokenScopes>(one, ignoreCase: true));

    public sealed record Listed(
        string Id, string Name, string? Namespace, string Scopes, long CreatedAt, string CreatedBy);

    private sealed record Row(string Id, string Name, byte[] Hash, string? Namespace, string Scopes);
}
