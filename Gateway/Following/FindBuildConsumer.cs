using System.Text.Json;
using Builds.Contracts;
using Builds.Gateway.Queueing;
using Builds.Gateway.Storing;
using Builds.ServiceDefaults;
using MassTransit;

namespace Builds.Gateway.Following;

/// <summary>What has become of a build whose end somebody waits for.</summary>
public sealed class FindBuildConsumer(GatewayStore store) : IConsumer<FindBuild>
{
    public Task Consume(ConsumeContext<FindBuild> context)
    {
        var id = context.Message.BuildId;
        var row = store.Read(db => BuildRow.Find(db, id));
        return context.RespondAsync(new FoundBuild
        {
            BuildId = id,
            State = row?.State,
            Completed = row?.Completed is { } completed
                ? JsonSerializer.Deserialize<BuildCompleted>(completed, BuildQueue.Json)
                : null,
        });
    }
}

public sealed class FindBuildConsumerDefinition : ConsumerDefinition<FindBuildConsumer>
{
    public FindBuildConsumerDefinition() => EndpointName = "gateway.find-build";

    protected override void ConfigureConsumer(
        IReceiveEndpointConfigurator endpointConfigurator,
        IConsumerConfigurator<FindBuildConsumer> consumerConfigurator,
        IRegistrationContext context) => endpointConfigurator.TakesShortMessages();
}
