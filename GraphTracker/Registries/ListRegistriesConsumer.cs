using Builds.Contracts;
using Builds.GraphTracker.Layers;
using Builds.GraphTracker.Storing;
using Builds.ServiceDefaults;
using Dapper;
using MassTransit;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Options;

namespace Builds.GraphTracker.Registries;

/// <summary>How each registry does: what the last look through it found, what waits for it, what is wrong.</summary>
public sealed class ListRegistriesConsumer(GraphStore store, IOptions<RegistryOptions> options)
    : IConsumer<ListRegistries>
{
    private const int MostUnknown = 100;

    public Task Consume(ConsumeContext<ListRegistries> context) => context.RespondAsync(Report());

    internal RegistryReports Report() => store.Read(Report);

    private const string SelectOne = """
        select ended_at as EndedAt, seconds as Seconds, tags as Tags, found as Found,
               coalesce(problem, watch_problem) as Problem
          from reconcile where registry = @Host
        """;

    private const string SelectWaiting = """
        select count(*) as Count, (select error from question last
                                    where last.registry = @Host and last.error is not null
                                    order by last.tries desc limit 1) as Error
          from question where registry = @Host
        """;

    // One step in the index for each registry, however many images there are of it.
    private const string SelectRegistries = """
        with recursive named(registry) as (
          select min(registry) from image
          union all
          select (select min(registry) from image where registry > named.registry) from named
           where named.registry is not null)
        select registry from named where registry is not null
        """;

    private RegistryReports Report(SqliteConnection db) => new()
    {
        Items = [.. options.Value.Known.Select(registry => Report(db, registry))],
        Unknown =
        [
            .. db.Query<string>(SelectRegistries).Except(options.Value.Known.Select(registry => registry.Host))
                .Take(MostUnknown),
        ],
    };

    private static RegistryReport Report(SqliteConnection db, KnownRegistryOptions registry)
    {
        var last = db.QueryFirstOrDefault<Row>(SelectOne, registry);
        var waiting = db.QuerySingle<Waiting>(SelectWaiting, registry);
        return new RegistryReport
        {
            Registry = registry.Host,
            ReconciledAt = last?.EndedAt is { } at ? DateTimeOffset.FromUnixTimeMilliseconds(at) : null,
            ReconcileSeconds = last?.Seconds,
            Tags = (int?)last?.Tags,
            Found = (int?)last?.Found,
            Problem = waiting.Error ?? last?.Problem,
            Waiting = (int)waiting.Count,
        };
    }

    private sealed record Row
    {
        public long? EndedAt { get; init; }
        public double? Seconds { get; init; }
        public long? Tags { get; init; }
        public long? Found { get; init; }
        public string? Problem { get; init; }
    }

    private sealed record Waiting
    {
        public required long Count { get; init; }
        public string? Error { get; init; }
    }
}

public sealed class ListRegistriesConsumerDefinition : ConsumerDefinition<ListRegistriesConsumer>
{
    public ListRegistriesConsumerDefinition() => EndpointName = "graph-tracker.list-registries";

    protected override void ConfigureConsumer(
        IReceiveEndpointConfigurator endpointConfigurator,
        IConsumerConfigurator<ListRegistriesConsumer> consumerConfigurator,
        IRegistrationContext context) => endpointConfigurator.TakesShortMessages();
}
