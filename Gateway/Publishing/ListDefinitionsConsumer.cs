using Builds.Contracts;
using Builds.Gateway.Defining;
using Builds.Gateway.Storing;
using Builds.ServiceDefaults;
using Dapper;
using MassTransit;

namespace Builds.Gateway.Publishing;

/// <summary>All definitions, a page at a time.</summary>
public sealed class ListDefinitionsConsumer(GatewayStore store) : IConsumer<ListDefinitions>
{
    private const int Page = 500;

    private const string SelectPage = """
        select registry as Registry, repository as Repository, definition as Json, version as Version,
               defined_at as DefinedAt
          from image
         where (registry, repository) > (@registry, @repository)
         order by registry, repository
         limit @Page
        """;

    public async Task Consume(ConsumeContext<ListDefinitions> context)
    {
        var after = context.Message.After;
        var rows = store.Read(db => db
            .Query<DefinedImage>(
                SelectPage, new { registry = after?.Registry ?? "", repository = after?.Repository ?? "", Page })
            .AsList());
        await context.RespondAsync(new Definitions
        {
            Images = [.. rows.Select(image => image.Message)],
            Next = rows.Count == Page ? rows[^1].Image : null,
        });
    }
}

public sealed class ListDefinitionsConsumerDefinition : ConsumerDefinition<ListDefinitionsConsumer>
{
    public ListDefinitionsConsumerDefinition() => EndpointName = "gateway.definitions";

    protected override void ConfigureConsumer(
        IReceiveEndpointConfigurator endpointConfigurator,
        IConsumerConfigurator<ListDefinitionsConsumer> consumerConfigurator,
        IRegistrationContext context) => endpointConfigurator.TakesShortMessages();
}
