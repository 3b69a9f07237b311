using Builds.Contracts;
using Builds.GraphTracker.Layers;
using Builds.GraphTracker.Registries;
using Builds.GraphTracker.Storing;
using Builds.ServiceDefaults;
using Dapper;
using MassTransit;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Options;

namespace Builds.GraphTracker.Cascading;

public sealed class PreviewCascadeConsumer(
    GraphStore store, IOptions<CascadeOptions> options, IOptions<RegistryOptions> registries, TimeProvider clock)
    : IConsumer<PreviewCascade>
{
    public Task Consume(ConsumeContext<PreviewCascade> context)
    {
        var (image, tag) = (context.Message.Image, context.Message.Tag);
        var registry = image.Registry ?? registries.Value.Default;
        var root = $"{registry}/{image.Repository}:{tag}";
        var now = clock.GetUtcNow().ToUnixTimeMilliseconds();
        return context.RespondAsync(store.Read(db => Find(db, registry, image.Repository, tag) is { } id
            ? new Preview(db, options.Value, now).Of(id, root)
            : new CascadePreview { Root = root, Known = false, Rebuilt = [], Flagged = [] }));
    }

    private const string Select = """
        select tag.id from tag join image on image.id = tag.image
         where image.registry = @registry and image.repository = @repository and tag.name = @tag
        """;

    private static long? Find(SqliteConnection db, string registry, string repository, string tag) =>
        db.QueryFirstOrDefault<long?>(Select, new { registry, repository, tag });
}

public sealed class PreviewCascadeConsumerDefinition : ConsumerDefinition<PreviewCascadeConsumer>
{
    public PreviewCascadeConsumerDefinition() => EndpointName = "graph-tracker.preview-cascade";

    protected override void ConfigureConsumer(
        IReceiveEndpointConfigurator endpointConfigurator,
        IConsumerConfigurator<PreviewCascadeConsumer> consumerConfigurator,
        IRegistrationContext context)
    {
        endpointConfigurator.TakesShortMessages();
        endpointConfigurator.ConcurrentMessageLimit = 1; // one of a base of all can take a core and a GB for seconds
    }
}
