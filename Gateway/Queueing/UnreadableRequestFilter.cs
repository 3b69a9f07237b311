using Builds.Contracts;
using Builds.Gateway.Storing;
using MassTransit;

namespace Builds.Gateway.Queueing;

/// <summary>
/// On the way to the error queue: a request that cannot be read, but says its id, is answered, so that its publisher is
/// not left in silence.
/// </summary>
public sealed partial class UnreadableRequestFilter(
    GatewayStore store, BuildQueue queue, TimeProvider clock, ILogger<UnreadableRequestFilter> logger)
    : IFilter<ExceptionReceiveContext>
{
    private static readonly TimeSpan WriteLimit = TimeSpan.FromSeconds(10);

    public async Task Send(ExceptionReceiveContext context, IPipe<ExceptionReceiveContext> next)
    {
        try
        {
            if (UnreadableRequest.Of(context.Body.GetBytes(), clock.GetUtcNow()) is { } unreadable)
                await AnswerAsync(unreadable);
            else
                Log.Left(logger, context.Exception);
        }
        catch (Exception e)
        {
            Log.Unanswered(logger, e); // the message is moved in any case: left here it would come again for ever
        }

        await next.Send(context);
    }

    public void Probe(ProbeContext context) => context.CreateFilterScope("unreadableRequest");

    private async Task AnswerAsync(UnreadableRequest unreadable)
    {
        Log.Unreadable(logger, unreadable.Known?.BuildId, unreadable.Problem);
        if (unreadable.Known is not { } known)
            return;
        using var limit = new CancellationTokenSource(WriteLimit, clock);
        await store.WriteAsync(
            db => queue.Refuse(db, queue.WithRegistry(known), unreadable.Problem, FailureClass.Author), limit.Token);
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "A request goes to the error queue, build {build}: {problem}")]
        public static partial void Unreadable(ILogger logger, Guid? build, string problem);

        [LoggerMessage(LogLevel.Error, "A readable request goes to the error queue; mend the cause and replay it")]
        public static partial void Left(ILogger logger, Exception e);

        [LoggerMessage(LogLevel.Error, "A request could not be answered; it is in the error queue")]
        public static partial void Unanswered(ILogger logger, Exception e);
    }
}
