using System.Globalization;
using System.IO.Compression;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Builds.Parts;

/// <summary>A host at the other end of a git URL that means no good.</summary>
public sealed class BadGitServer : IAsyncDisposable
{
    private const string Commit = "1111111111111111111111111111111111111111";

    private readonly WebServer _server;
    private readonly CancellationTokenSource _end = new();
    private long _sent;
    private int _requests;

    private BadGitServer(Func<BadGitServer, HttpContext, CancellationToken, Task> answer)
    {
        _server = new WebServer(app => app.Run(async context =>
        {
            Interlocked.Increment(ref _requests);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, _end.Token);
            try
            {
                await answer(this, context, either.Token);
            }
            catch (Exception ended) when (ended is OperationCanceledException or IOException)
            {
                context.Abort();
            }
        }));
    }

    public Uri Url => new(_server.Url, "team/api.git");

    public string Host => $"127.0.0.1:{Url.Port}";

    public int Requests => _requests;

    /// <summary>Bytes of endlessness sent so far.</summary>
    public long Sent => Interlocked.Read(ref _sent);

    /// <summary>Accepts, reads the request, and says nothing.</summary>
    public static Task<BadGitServer> SilentAsync() =>
        StartAsync(new((_, _, cancel) => Task.Delay(Timeout.Infinite, cancel))); // its silence is what is played

    /// <summary>Every request is sent on to the same path below another address.</summary>
    public static Task<BadGitServer> RedirectingAsync(Uri target) =>
        StartAsync(new((_, context, _) =>
        {
            var place = new Uri(target, context.Request.Path + context.Request.QueryString.ToString());
            context.Response.Redirect(place.ToString(), permanent: false, preserveMethod: true);
            return Task.CompletedTask;
        }));

    /// <summary>A list of branches without an end.</summary>
    public static Task<BadGitServer> EndlessBranchesAsync() =>
        StartAsync(new((server, context, cancel) => server.BranchesAsync(context, endless: true, cancel)));

    /// <summary>One branch, whose pack holds one file without an end.</summary>
    public static Task<BadGitServer> EndlessPackAsync() =>
        StartAsync(new((server, context, cancel) => context.Request.Method == "GET"
            ? server.BranchesAsync(context, endless: false, cancel)
            : server.PackAsync(context, cancel)));

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _server.DisposeAsync();
        _end.Dispose();
    }

    private static async Task<BadGitServer> StartAsync(BadGitServer server)
    {
        await server._server.StartAsync();
        return server;
    }

    private async Task BranchesAsync(HttpContext context, bool endless, CancellationToken cancel)
    {
        context.Response.ContentType = "application/x-git-upload-pack-advertisement";
        await SendAsync(context, Packet("# service=git-upload-pack\n") + "0000", cancel);
        await SendAsync(
            context,
            Packet($"{Commit} HEAD\0side-band-64k shallow ofs-delta symref=HEAD:refs/heads/main\n")
            + Packet($"{Commit} refs/heads/main\n"),
            cancel);
        for (var number = 0L; endless; number++)
            await SendAsync(context, Packet($"{Commit} refs/heads/x{number:D12}\n"), cancel);
        await SendAsync(context, "0000", cancel);
    }

    private async Task PackAsync(HttpContext context, CancellationToken cancel)
    {
        var zipped = context.Request.Headers.ContentEncoding == "gzip";
        using var reader = new StreamReader(
            zipped ? new GZipStream(context.Request.Body, CompressionMode.Decompress) : context.Request.Body);
        var request = await reader.ReadToEndAsync(cancel);
        context.Response.ContentType = "application/x-git-upload-pack-result";
        if (request.Contains("deepen", StringComparison.Ordinal))
            await SendAsync(context, Packet($"shallow {Commit}\n") + "0000", cancel);
        if (!request.Contains("0009done", StringComparison.Ordinal) && !request.Contains("0008done", StringComparison.Ordinal))
            return; // it asked for the depth only, and comes again
        await SendAsync(context, Packet("NAK\n"), cancel);

        // version 2, one object: a blob of 2^60 bytes, stored (not deflated) in its zlib stream
        byte[] header = [.. "PACK"u8, 0, 0, 0, 2, 0, 0, 0, 1, 0xB0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01, 0x78, 0x01];
        await SendPackAsync(context, header, cancel);
        var block = new byte[5 + 32_768];
        (block[1], block[2], block[3], block[4]) = (0x00, 0x80, 0xFF, 0x7F); // its length and that inverted
        while (true)
        {
            Random.Shared.NextBytes(block.AsSpan(5));
            await SendPackAsync(context, block, cancel);
        }
    }

    /// <summary>On the pack's band of the side-band protocol.</summary>
    private async Task SendPackAsync(HttpContext context, byte[] data, CancellationToken cancel)
    {
        var length = (data.Length + 5).ToString("x4", CultureInfo.InvariantCulture);
        byte[] packet = [.. Encoding.ASCII.GetBytes(length), 1, .. data];
        await context.Response.Body.WriteAsync(packet, cancel);
        Interlocked.Add(ref _sent, packet.Length);
    }

    private async Task SendAsync(HttpContext context, string packets, CancellationToken cancel)
    {
        await context.Response.Body.WriteAsync(Encoding.ASCII.GetBytes(packets), cancel);
        Interlocked.Add(ref _sent, packets.Length);
    }

    private static string Packet(string line) =>
        (line.Length + 4).ToString("x4", CultureInfo.InvariantCulture) + line;
}
