using Builds.Contracts;
using Builds.GraphTracker.Cascading;
using Builds.GraphTracker.Storing;
using MassTransit;
using Microsoft.Extensions.Options;

namespace Builds.GraphTracker.Defining;

/// <summary>Asks the Gateway for all definitions, at start and every so often: what was missed is made good.</summary>
public sealed partial class Resync(
    GraphStore store, Definitions definitions, IBusControl bus, IOptions<CascadeOptions> options, TimeProvider clock,
    ILogger<Resync> logger) : BackgroundService
{
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
            var before = store.Read(Definitions.Versions); // what is defined from here on is not missing
            var all = new List<ImageDefined>();
            ImageReference? after = null;
            do
            {
                using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
                limit.CancelAfter(Patience); // without a broker a request waits for its token and nothing else
                var answer = await _list.GetResponse<Contracts.Definitions>(new ListDefinitions { After = after }, limit.Token);
                all.AddRange(answer.Message.Images);
                after = answer.Message.Next;
            }
            while (after is not null);

            await store.WriteAsync(db => definitions.Replace(db, all, before), cancel);
            return true;
        }
        catch (Exception e) when (!cancel.IsCancellationRequested)
        {
            Log.NotListed(logger, e.Message);
            return false;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "The Gateway has not listed its definitions; it is asked again ({why})")]
        public static partial void NotListed(ILogger logger, string why);
    }
}
