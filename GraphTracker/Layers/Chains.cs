using System.Security.Cryptography;
using System.Text;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Builds.GraphTracker.Layers;

/// <summary>Stacks of layers, each named by its ChainID (image-spec, config.md) and kept once.</summary>
public static class Chains
{
    private const string Select = "select id from chain where chain = @chain";

    private const string Insert = """
        insert into chain (chain, parent, depth) values (@chain, @parent, @depth) returning id
        """;

    /// <param name="diffIds">Base first.</param>
    /// <returns>The stack of all of them; null where there is none.</returns>
    public static long? Record(SqliteConnection db, IReadOnlyList<string> diffIds)
    {
        var chains = ChainIds(diffIds);
        long? known = null;
        var depth = chains.Count;
        // From the top: of a new image most layers are known, and those are at the bottom.
        while (depth > 0 && (known = db.QueryFirstOrDefault<long?>(Select, new { chain = chains[depth - 1] })) is null)
            depth--;
        for (; depth < chains.Count; depth++)
            known = db.QuerySingle<long>(Insert, new { chain = chains[depth], parent = known, depth = depth + 1 });
        return known;
    }

    private static List<byte[]> ChainIds(IReadOnlyList<string> diffIds)
    {
        var chains = new List<byte[]>(diffIds.Count);
        var below = "";
        foreach (var diffId in diffIds)
        {
            below = below.Length == 0
                ? diffId
                : "sha256:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{below} {diffId}")));
            chains.Add(Convert.FromHexString(below.AsSpan("sha256:".Length)));
        }

        return chains;
    }
}
