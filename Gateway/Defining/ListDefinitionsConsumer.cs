using Builds.Contracts;
using Builds.Gateway.Storing;
using Dapper;
using MassTransit;

namespace Builds.Gateway.Defining;

/// <summary>GraphTracker's way to catch up with what it has missed.</summary>
public sealed class ListDefinitionsConsumer(GatewayStore store) : IConsumer<ListDefinitions>
{
    private const int Together = 500;

    private const string Select = """
        select registry as Registry, repository as Repository, definition as Json, version as Version,
               defined_at as DefinedAt
          from image where (registry, repository) > (@registry, @repository)
         order by registry, repository limit @limit
        """;

    public Task Consume(ConsumeContext<ListDefinitions> context)
    {
        var after = context.Message.After;
        var rows = store.Read(db => db.Query<DefinedImage>(Select, new
        {
            registry = after?.Registry ?? "",
            repository = after?.Repository ?? "",
            limit = Together + 1,
        }).AsList());
        return context.RespondAsync(new Definitions
        {
            Images = [.. rows.Take(Together).Select(row => row.Message)],
            Next = rows.Count > Together ? rows[Together - 1].Image : null,
        });
    }
}

public sealed class ListDefinitionsConsumerDefinition : ConsumerDefinition<ListDefinitionsConsumer>
{
    public ListDefinitionsConsumerDefinition() => EndpointName = "gateway.definitions";
}
