using Builds.Contracts;
using Builds.GraphTracker.Storing;
using Builds.ServiceDefaults;
using Dapper;
using MassTransit;
using Microsoft.Data.Sqlite;

namespace Builds.GraphTracker.Cascading;

/// <summary>All that is outdated, a page at a time.</summary>
public sealed class ListOutdatedConsumer(GraphStore store, TimeProvider clock) : IConsumer<ListOutdated>
{
    internal const int Page = 500;

    private const string SelectPage = $"""
        select {Untold.VerdictColumns}
          from verdict join tag on tag.id = verdict.tag join image on image.id = tag.image
         where verdict.outdated = 1 and verdict.tag > @after
         order by verdict.tag limit @Page
        """;

    public Task Consume(ConsumeContext<ListOutdated> context)
    {
        var at = clock.GetUtcNow(); // before it is read: what changes later is told
        return context.RespondAsync(store.Read(db => Read(db, context.Message, at)));
    }

    internal static OutdatedImages Read(SqliteConnection db, ListOutdated ask, DateTimeOffset at)
    {
        var rows = db.Query<Untold.VerdictRow>(SelectPage, new { after = ask.After ?? 0, Page }).AsList();
        return new OutdatedImages
        {
            Images = [.. rows.Select(row => row.Outdating)],
            At = at,
            Next = rows.Count == Page ? rows[^1].Tag : null,
        };
    }
}

public sealed class ListOutdatedConsumerDefinition : ConsumerDefinition<ListOutdatedConsumer>
{
    public ListOutdatedConsumerDefinition() => EndpointName = "graph-tracker.list-outdated";

    protected override void ConfigureConsumer(
        IReceiveEndpointConfigurator endpointConfigurator,
        IConsumerConfigurator<ListOutdatedConsumer> consumerConfigurator,
        IRegistrationContext context) => endpointConfigurator.TakesShortMessages();
}
