using System.Diagnostics;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Builds.Parts;

/// <summary>git-http-backend as a CGI program (RFC 3875).</summary>
internal static class GitBackend
{
    public static async Task ServeAsync(HttpContext context, string root)
    {
        using var process = Process.Start(Invocation(context.Request, root))
            ?? throw new PartException("git http-backend did not start");
        try
        {
            var feeding = FeedAsync(context, process);
            await AnswerAsync(context, process.StandardOutput.BaseStream);
            await feeding;
        }
        catch (Exception ended) when (ended is OperationCanceledException or IOException)
        {
            // the client has gone; nobody is left to be told
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }
    }

    private static ProcessStartInfo Invocation(HttpRequest request, string root)
    {
        var start = new ProcessStartInfo(Installed.Program("git", "git"), ["http-backend"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        var variables = new Dictionary<string, string?>
        {
            ["GIT_PROJECT_ROOT"] = root,
            ["GIT_HTTP_EXPORT_ALL"] = "1",
            ["GIT_CONFIG_GLOBAL"] = "/dev/null",
            ["GIT_CONFIG_NOSYSTEM"] = "1",
            ["GATEWAY_INTERFACE"] = "CGI/1.1",
            ["SERVER_PROTOCOL"] = "HTTP/1.1",
            ["REQUEST_METHOD"] = request.Method,
            ["PATH_INFO"] = request.Path.Value,
            ["QUERY_STRING"] = request.QueryString.Value?.TrimStart('?'),
            ["CONTENT_TYPE"] = request.ContentType,
            ["CONTENT_LENGTH"] = request.ContentLength?.ToString(),
            ["HTTP_CONTENT_ENCODING"] = request.Headers.ContentEncoding,
            ["GIT_PROTOCOL"] = request.Headers["Git-Protocol"],
            ["REMOTE_ADDR"] = "127.0.0.1",
        };
        foreach (var (name, value) in variables)
        {
            if (!string.IsNullOrEmpty(value))
                start.Environment[name] = value;
        }

        return start;
    }

    private static async Task FeedAsync(HttpContext context, Process process)
    {
        await context.Request.Body.CopyToAsync(process.StandardInput.BaseStream, context.RequestAborted);
        process.StandardInput.Close();
    }

    private static async Task AnswerAsync(HttpContext context, Stream output)
    {
        while (await LineAsync(output, context.RequestAborted) is { Length: > 0 } line)
        {
            var (name, value) = (line[..line.IndexOf(':')], line[(line.IndexOf(':') + 1)..].Trim());
            if (name == "Status")
                context.Response.StatusCode = int.Parse(value[..3]);
            else
                context.Response.Headers[name] = value;
        }

        await output.CopyToAsync(context.Response.Body, context.RequestAborted);
    }

    private static async Task<string> LineAsync(Stream stream, CancellationToken cancel)
    {
        var line = new StringBuilder();
        var one = new byte[1];
        while (await stream.ReadAsync(one, cancel) == 1 && one[0] != '\n')
            line.Append((char)one[0]);
        return line.ToString().TrimEnd('\r');
    }
}
