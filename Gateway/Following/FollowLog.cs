using System.Globalization;
using Builds.Gateway.Describing;
using Builds.Gateway.Storing;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Extensions.Options;

namespace Builds.Gateway.Following;

/// <summary>
/// <c>GET …/log</c>: plain text, or events where these are asked for; <c>?follow=true</c> stays to the end.
/// </summary>
public sealed class FollowLog(
    GatewayStore store,
    LogStore logs,
    Followers followers,
    Waiting waiting,
    IHostApplicationLifetime lifetime,
    IOptions<LogOptions> options,
    TimeProvider clock)
{
    public async Task HandleAsync(HttpContext context, Guid id, bool follow, CancellationToken cancel)
    {
        var (request, response) = (context.Request, context.Response);
        var accept = request.Headers.Accept.ToString();
        var isEvents = accept.Contains("text/event-stream", StringComparison.OrdinalIgnoreCase);
        var last = isEvents ? request.Headers["Last-Event-ID"].ToString() : "";
        if (last == EventOutput.EndId)
        {
            response.StatusCode = StatusCodes.Status204NoContent; // which ends the asking again
            return;
        }

        var place = last.Length == 0 ? LogPlace.Beginning : AfterLine(last);
        var seen = Look();
        response.ContentType = isEvents ? "text/event-stream; charset=utf-8" : "text/plain; charset=utf-8";
        response.Headers.Vary = "Accept";
        response.Headers["X-Accel-Buffering"] = "no"; // nginx would hold lines back
        if (context.Features.Get<IHttpMinResponseDataRateFeature>() is { } rate)
            rate.MinDataRate = null; // a reader may pause as long as it likes
        await response.BodyWriter.FlushAsync(cancel);

        ILogOutput output = isEvents ? new EventOutput(response.BodyWriter) : new TextOutput(response.BodyWriter);
        using var news = followers.Follow(id);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancel, lifetime.ApplicationStopping);
        if (last.Length == 0 && await waiting.WhyAsync(seen.Row, end.Token) is { } why)
            await output.NoteAsync($"{seen.Row.State}: {why}", end.Token);
        try
        {
            await new LogFollower(id, place, follow || isEvents, output, Look, logs, options.Value, clock)
                .RunAsync(news, end.Token);
        }
        catch (OperationCanceledException) when (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            await output.NoteAsync("the Gateway is being stopped; follow again in a moment", cancel);
        }

        FollowedBuild Look() => store.Read(db => FollowedBuild.Find(db, id)) ?? throw SeeBuild.NotThere();
    }

    private static LogPlace AfterLine(string id)
    {
        var parts = id.Split('.');
        if (parts.Length == 3
            && Number(parts[0]) is { } attempt
            && Number(parts[1]) is { } sequence
            && Number(parts[2]) is { } line)
            return new LogPlace(attempt, sequence, line + 1);
        throw RefusedException.Bad(
            "Last-Event-ID", "Last-Event-ID must be the id of a line, attempt.sequence.line, or left out.");
    }

    private static int? Number(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number < int.MaxValue
            ? number
            : null;
}
