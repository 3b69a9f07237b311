using Builds.Contracts;
using Builds.GraphTracker.Cascading.Decision;
using Builds.GraphTracker.Layers;
using Builds.GraphTracker.Storing;
using Builds.ServiceDefaults;
using Dapper;
using MassTransit;
using Microsoft.Data.Sqlite;

namespace Builds.GraphTracker.Cascading;

/// <summary>Somebody ends a cascade, or lets it go on.</summary>
public sealed partial class ChangeCascadeConsumer(
    GraphStore store, TimeProvider clock, ILogger<ChangeCascadeConsumer> logger)
    : IConsumer<ChangeCascade>
{
    public async Task Consume(ConsumeContext<ChangeCascade> context)
    {
        var message = context.Message;
        var now = clock.GetUtcNow().ToUnixTimeMilliseconds();
        var taken = await store.WriteAsync(db => Change(db, message, now), context.CancellationToken);
        if (taken.Problem is null)
            Log.Changed(logger, message.CascadeId, message.Change, message.By);
        await context.RespondAsync(taken);
    }

    private const string Cancel = """
        update cascade set cancelled_by = @By
         where id = @id and cancelled_by is null and state in ('running', 'blocked')
        """;

    private const string Resume = "update cascade set cancelled_by = null where id = @id and cancelled_by is not null";

    // Also one that is done, and did not renew its image: its bases are the same, and only a person can know better.
    private const string TryAgain = """
        update rebuild set state = 'resumed'
         where cascade = @id and state <> 'open' and build in
               (select build from verdict where cascade = @id and outdated = 1 and outlook in ('failed', 'waits'))
        """;

    private const string CountLimited = """
        select count(*) from verdict where cascade = @id and outdated = 1 and outlook = 'limit'
        """;

    private const string DecideAgain = """
        insert or replace into undecided (tag) select tag from verdict where cascade = @id and outdated = 1
        """;

    internal static CascadeChangeTaken Change(SqliteConnection db, ChangeCascade message, long now)
    {
        var change = new { id = message.CascadeId.ToString(), message.By };
        if (CascadeSummaries.Find(db, message.CascadeId) is null)
            return new CascadeChangeTaken { Problem = "There is no cascade of that id." };

        var changed = message.Change == CascadeChange.Cancel
            ? db.Execute(Cancel, change)
            : db.Execute(Resume, change) + db.Execute(TryAgain, change) + db.QuerySingle<long>(CountLimited, change);
        if (changed > 0)
            db.Execute(DecideAgain, change);
        CascadeRows.Count(db, change.id, now);
        return new CascadeChangeTaken
        {
            Cascade = CascadeSummaries.Find(db, message.CascadeId),
            Problem = changed > 0 ? null
                : message.Change == CascadeChange.Cancel ? "It has ended already."
                : "Nothing in it was cancelled, has failed or was one too many.",
        };
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "Cascade {cascade}: {change} by {by}")]
        public static partial void Changed(ILogger logger, Guid cascade, CascadeChange change, string by);
    }
}

public sealed class ChangeCascadeConsumerDefinition : ConsumerDefinition<ChangeCascadeConsumer>
{
    public ChangeCascadeConsumerDefinition() => EndpointName = "graph-tracker.change-cascade";

    protected override void ConfigureConsumer(
        IReceiveEndpointConfigurator endpointConfigurator,
        IConsumerConfigurator<ChangeCascadeConsumer> consumerConfigurator,
        IRegistrationContext context) => endpointConfigurator.TakesShortMessages();
}
