using Builds.Gateway.Describing;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;

namespace Builds.Gateway.Hooking;

/// <summary>What became of the events of a notification.</summary>
/// <param name="Taken">Passed on, durably, as hints.</param>
/// <param name="Repeated">Taken before.</param>
/// <param name="Ignored">Of no interest: blobs, pulls, mounts, attestations.</param>
/// <param name="Rejected">Of no use, and why the last one was.</param>
public sealed record TakenNotification(int Taken, int Repeated, int Ignored, int Rejected, string? Rejection);

/// <summary>
/// <c>POST /hooks/registry</c>. A registry repeats whatever is not answered with 2xx for ever, and tells nothing else
/// meanwhile: so what cannot be used is counted, and only a wrong secret is refused.
/// </summary>
public sealed partial class RegistryHook(
    HookSecrets secrets, RegistryEvents events, IOptions<HookingOptions> options, TimeProvider clock,
    ILogger<RegistryHook> logger)
{
    private const int Portion = 81_920;

    /// <summary>How often a secret was wrong since the start, and the last time. In memory: anybody may try.</summary>
    public (int Count, DateTimeOffset? At, string? From) Refusals { get; private set; }

    public async Task<IResult> HandleAsync(HttpContext context, CancellationToken cancel)
    {
        if (secrets.HostOf(context.Request.Headers.Authorization) is not { } registry)
            return Refuse(context);

        context.Features.Get<IHttpMaxRequestBodySizeFeature>()!.MaxRequestBodySize = null;
        var limit = options.Value.BodyLimit;
        var (body, size) = await ReadAsync(context.Request.Body, limit, cancel);
        IReadOnlyList<ReadEvent> read = size > limit
            ? [new ReadEvent(null, $"the body has {size} bytes, more than Hooks:BodyMegabytes allows ({limit})")]
            : Notification.Read(body.GetBuffer().AsMemory(0, (int)body.Length), registry);
        var taken = await events.TakeAsync(registry, read, cancel);
        if (taken.Rejected > 0)
            Log.Rejected(logger, registry, taken.Rejected, read.Count, taken.Rejection);
        return Results.Json(taken, statusCode: StatusCodes.Status202Accepted);
    }

    private IResult Refuse(HttpContext context)
    {
        var from = context.Connection.RemoteIpAddress?.ToString();
        Refusals = (Refusals.Count + 1, clock.GetUtcNow(), from);
        Log.Refused(logger, from);
        context.Response.Headers.WWWAuthenticate = "Bearer realm=\"builds\"";
        return Results.Problem(
            "The secret is no registry's: set the same in the registry (notifications.endpoints[].headers, "
            + "Authorization: Bearer …) and in Hooks:Registries of the Gateway.",
            statusCode: StatusCodes.Status401Unauthorized);
    }

    // What is too large is read to its end, for its sender to see the answer.
    private static async Task<(MemoryStream Body, long Size)> ReadAsync(
        Stream from, long limit, CancellationToken cancel)
    {
        var (body, size) = (new MemoryStream(), 0L);
        var portion = new byte[Portion];
        while (await from.ReadAsync(portion, cancel) is > 0 and var count)
        {
            size += count;
            if (size <= limit)
                body.Write(portion, 0, count);
            else if (body.Capacity > 0)
                body = new MemoryStream();
        }

        return (body, size);
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "A notification was refused: its secret is no registry's (from {from})")]
        public static partial void Refused(ILogger logger, string? from);

        [LoggerMessage(LogLevel.Warning, "{registry}: {count} of {all} events could not be used; the last: {why}")]
        public static partial void Rejected(ILogger logger, string registry, int count, int all, string? why);
    }
}
