using Builds.Gateway.Describing;
using Builds.Gateway.Securing;
using Builds.Worker.Sources;
using Microsoft.Data.Sqlite;

namespace Builds.Gateway.Defining;

/// <summary>
/// A definition may name credentials of its own namespace, or everybody's, that fit where they would be sent.
/// </summary>
internal static class NamedCredentials
{
    public static void Check(SqliteConnection db, DefinitionCredentials named, GitUrl git, string ns)
    {
        if (named.Git is { } name)
            CheckGit(Find(db, name, ns, "credentials.git"), git);

        var hosts = new HashSet<string>();
        foreach (var (index, registry) in named.Registries.Index())
        {
            var field = $"credentials.registries[{index}]";
            var row = Find(db, registry, ns, field);
            if (row.IsGit)
                throw RefusedException.Bad(field, $"{field}: {registry} is for git, not for a registry.");
            if (!hosts.Add(row.Host))
                throw RefusedException.Bad(field, $"{field}: another one before it is for {row.Host} too; keep one.");
        }
    }

    private static void CheckGit(CredentialRow row, GitUrl git)
    {
        if (!row.IsGit)
            throw Bad($"{row.Name} is for a registry, not for git.");
        if (row.Host != git.Host && row.Host != $"{git.Host}:{git.Port}")
            throw Bad($"{row.Name} is for {row.Host}, but the git URL is at {git.Host}.");
        if (row.Kind == "gitSsh" != (git.Scheme == "ssh"))
            throw Bad($"{row.Name} is of kind {row.Kind}, which a {git.Scheme} URL cannot use.");

        static RefusedException Bad(string words) =>
            RefusedException.Bad("credentials.git", $"credentials.git: {words}");
    }

    private static CredentialRow Find(SqliteConnection db, string name, string ns, string field) =>
        Credentials.Find(db, name) is { } row && row.ServesNamespace(ns)
            ? row
            : throw RefusedException.Bad(field, $"{field}: the namespace {ns} has no credential of that name; "
                + "put it first, with PUT /v1/credentials/{name}.");
}
