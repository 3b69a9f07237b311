using System.Text;
using Builds.Gateway.Storing;
using Dapper;
using Microsoft.Extensions.Options;

namespace Builds.Gateway.Securing;

/// <summary>The <c>Tokens</c> section of configuration.</summary>
public sealed class TokensOptions
{
    /// <summary>
    /// Where the first admin token is written when the store has none; only its owner can read the file.
    /// </summary>
    public string? AdminFile { get; init; }
}

/// <summary>
/// Somebody must be able to make the first token. The file is written before the store, and one that is there already
/// is taken: however a first start ends, the next one finds the two in agreement.
/// </summary>
public sealed partial class FirstToken(
    GatewayStore store, Tokens tokens, IOptions<TokensOptions> options, ILogger<FirstToken> logger) : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (store.Read(db => db.ExecuteScalar<long>("select count(*) from token where scopes = 'admin'")) > 0)
            return;
        if (options.Value.AdminFile is not { Length: > 0 } file)
        {
            Log.NoFile(logger);
            return;
        }

        var token = await ReadOrWriteAsync(Path.GetFullPath(file), cancellationToken);
        await tokens.AddAsync(token, "first", ns: null, [Tokens.Admin], by: "first start", cancellationToken);
        Log.Written(logger, file);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private static async Task<string> ReadOrWriteAsync(string file, CancellationToken cancel)
    {
        if (File.Exists(file))
        {
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            var there = (await File.ReadAllTextAsync(file, cancel)).Trim();
            if (there.StartsWith(Tokens.Prefix, StringComparison.Ordinal) && there.Length >= 40)
                return there;
            File.Delete(file); // a start that ended half-way through
        }

        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        var token = Secret.New(Tokens.Prefix);
        await using var stream = new FileStream(file, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
        stream.Write(Encoding.ASCII.GetBytes(token + "\n"));
        stream.Flush(flushToDisk: true);
        return token;
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "The first admin token is in {file}")]
        public static partial void Written(ILogger logger, string file);

        [LoggerMessage(LogLevel.Warning,
            "There is no admin token, so nobody can use the API: set Tokens:AdminFile and start again to get one")]
        public static partial void NoFile(ILogger logger);
    }
}
