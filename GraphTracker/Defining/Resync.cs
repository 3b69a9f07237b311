using Builds.Contracts;
using Builds.GraphTracker.Cascading;
using Builds.GraphTracker.Storing;
using MassTransit;
using Microsoft.Extensions.Options;

namespace Builds.GraphTracker.Defining;

/// <summary>
/// Asks the Gateway for all definitions, at start and every so often: what was missed is made good. A page at a time,
/// each with what is between its first and its last image and is not in it; so one that is interrupted has done no
/// harm, and the next begins anew.
/// </summary>
public sealed partial class Resync(
    GraphStore store, Definitions definitions, IBusControl bus, IOptions<CascadeOptions> options, TimeProvider clock,
    ILogger<Resync> logger) : BackgroundService
{
    private const int Piece = 500; // as the Gateway's pages: however many it has forgotten

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan AfterFailure = TimeSpan.FromSeconds(5);

    private readonly IRequestClient<ListDefinitions> _list =
        bus.CreateRequestClient<ListDefinitions>(new Uri("queue:gateway.definitions"), Patience);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            // Only with a connection: a request that is given up without one keeps the bus from connecting again.
            var isDone = bus.CheckHealth().Status == BusHealthStatus.Healthy && await CatchUpAsync(stoppingToken);
            await Task.Delay(
                isDone ? TimeSpan.FromMinutes(options.Value.ResyncMinutes) : AfterFailure, clock, stoppingToken);
        }
    }

    private async Task<bool> CatchUpAsync(CancellationToken cancel)
    {
        try
        {
            ImageReference? after = null;
            do
                after = await TakePageAsync(after, cancel);
            while (after is not null);
            return true;
        }
        catch (Exception e) when (!cancel.IsCancellationRequested)
        {
            Log.NotListed(logger, e.Message);
            return false;
        }
    }

    /// <returns>Its end; null where it is the last.</returns>
    private async Task<ImageReference?> TakePageAsync(ImageReference? after, CancellationToken cancel)
    {
        var lastChange = store.Read(Definitions.LastChange); // what is defined from here on is not missing
        var page = await AskAsync(after, cancel);
        await store.WriteAsync(db =>
        {
            foreach (var one in page.Images)
                definitions.Take(db, one, lastChange);
        }, cancel);

        var listed = page.Images.Select(one => (definitions.RegistryOf(one.Image), one.Image.Repository)).ToHashSet();
        List<DefinedImage> defined;
        do
        {
            defined = store.Read(db => definitions.Defined(db, after, page.Next, lastChange, Piece));
            var missing = defined.Where(one => !listed.Contains((one.Registry, one.Repository)))
                .Select(one => one.Id).ToList();
            if (missing.Count > 0)
                await store.WriteAsync(db => Definitions.ForgetMissing(db, missing, lastChange), cancel);
            after = defined.LastOrDefault()?.Reference;
        }
        while (defined.Count == Piece);

        return page.Next;
    }

    private async Task<Contracts.Definitions> AskAsync(ImageReference? after, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(Patience); // without a broker a request waits for its token and nothing else
        var answer = await _list.GetResponse<Contracts.Definitions>(new ListDefinitions { After = after }, limit.Token);
        return answer.Message;
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning,
            "The Gateway has not listed its definitions to the end; it is asked again from the first ({why})")]
        public static partial void NotListed(ILogger logger, string why);
    }
}
