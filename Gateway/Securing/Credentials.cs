using System.Text.Json;
using Builds.Gateway.Describing;
using Builds.Gateway.Storing;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Builds.Gateway.Securing;

/// <summary>
/// What is known of a credential; the secret itself is only in its sealed form, which is never shown.
/// </summary>
public sealed record CredentialRow(string Name, string Namespace, string Kind, string Host, string Kid, long ChangedAt)
{
    public bool IsGit => Kind.StartsWith("git", StringComparison.Ordinal);

    public bool ServesNamespace(string ns) => Namespace == "*" || Namespace == ns;
}

/// <summary>The credentials in the store.</summary>
public sealed class Credentials(GatewayStore store, TimeProvider clock)
{
    private const string Columns = """
        name as Name, namespace as Namespace, kind as Kind, host as Host, kid as Kid, changed_at as ChangedAt
        """;

    private const string SelectOne = $"select {Columns} from credential where name = @name";

    public static CredentialRow? Find(SqliteConnection db, string name) =>
        db.QuerySingleOrDefault<CredentialRow>(SelectOne, new { name });

    private const string SelectAll = $"""
        select {Columns} from credential where @ns is null or namespace in (@ns, '*') order by name
        """;

    /// <param name="ns">Those that this namespace may use; all where null.</param>
    public IReadOnlyList<CredentialRow> All(string? ns) =>
        store.Read(db => db.Query<CredentialRow>(SelectAll, new { ns }).AsList());

    private const string SelectUsers = """
        select registry || '/' || repository from image
         where json_extract(definition, '$.credentials.git') = @name
            or exists (select 1 from json_each(definition, '$.credentials.registries') where value = @name)
         order by 1 limit 20
        """;

    private static List<string> UsersOf(SqliteConnection db, string name) =>
        db.Query<string>(SelectUsers, new { name }).AsList();

    private const string Upsert = """
        insert into credential (namespace, name, kind, host, sealed, kid, changed_at)
        values (@Namespace, @name, @kind, @Host, @jwe, @kid, @now)
            on conflict (name) do update set namespace = excluded.namespace, kind = excluded.kind, host = excluded.host,
               sealed = excluded.sealed, kid = excluded.kid, changed_at = excluded.changed_at
        """;

    /// <returns>Whether it is new.</returns>
    public Task<bool> PutAsync(
        Caller caller, string name, NewCredential wanted, (string Sealed, string Kid) jwe, CancellationToken cancel)
    {
        var row = new
        {
            wanted.Namespace,
            name,
            kind = JsonNamingPolicy.CamelCase.ConvertName(wanted.Kind.ToString()),
            wanted.Host,
            jwe = jwe.Sealed,
            kid = jwe.Kid,
            now = clock.GetUtcNow().ToUnixTimeMilliseconds(),
        };
        return store.WriteAsync(db =>
        {
            var before = Find(db, name);
            if (before is not null)
            {
                CredentialEndpoints.DemandChange(caller, before.Namespace);
                var isOther = before.Namespace != wanted.Namespace || before.Host != wanted.Host
                    || before.IsGit != NewCredential.IsGit(wanted.Kind);
                if (isOther && UsersOf(db, name) is [_, ..] users)
                    throw InUse(name, users, "give the other credential a name of its own");
            }

            db.Execute(Upsert, row);
            return before is null;
        }, cancel);
    }

    public Task RemoveAsync(Caller caller, string name, CancellationToken cancel) => store.WriteAsync(db =>
    {
        var row = Find(db, name) ?? throw CredentialEndpoints.NotThere();
        CredentialEndpoints.DemandChange(caller, row.Namespace);
        if (UsersOf(db, name) is [_, ..] users)
            throw InUse(name, users, "take it out of these definitions first");
        db.Execute("delete from credential where name = @name", new { name });
    }, cancel);

    private static RefusedException InUse(string name, List<string> users, string advice) =>
        RefusedException.Conflict($"{name} is used by {string.Join(", ", users)}: {advice}.");
}
