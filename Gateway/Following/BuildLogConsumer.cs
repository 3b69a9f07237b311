using Builds.Contracts;
using MassTransit;

namespace Builds.Gateway.Following;

/// <summary>Keeps what builds print. Acknowledged when it is kept.</summary>
public sealed class BuildLogConsumer(LogStore logs, Followers followers) : IConsumer<BuildLog>
{
    public async Task Consume(ConsumeContext<BuildLog> context)
    {
        var log = context.Message;
        if (log.Attempt < 1 || log.Sequence < 0 || log.Runs.Any(run => run?.Text is null || run.Text.Contains(null!)))
            throw new ArgumentException(
                $"BuildLog of {log.BuildId}: attempt counts from 1, sequence from 0, and no run or line is null.");
        await logs.AddAsync(log.BuildId, LogBatch.From(log), context.CancellationToken);
        followers.Wake(log.BuildId);
    }
}

public sealed class BuildLogConsumerDefinition : ConsumerDefinition<BuildLogConsumer>
{
    private const ushort Together = 16; // times 64 KiB of lines is what it holds in memory

    public BuildLogConsumerDefinition() => EndpointName = "gateway.build-log";

    protected override void ConfigureConsumer(
        IReceiveEndpointConfigurator endpointConfigurator,
        IConsumerConfigurator<BuildLogConsumer> consumerConfigurator,
        IRegistrationContext context)
    {
        endpointConfigurator.PrefetchCount = Together;
        endpointConfigurator.ConcurrentMessageLimit = Together;
        endpointConfigurator.PublishFaults = false; // nobody reads them; the error queue has the reason
        endpointConfigurator.UseMessageRetry(retry =>
        {
            retry.Ignore<ArgumentException>();
            retry.Exponential(
                3, TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(2), TimeSpan.FromMilliseconds(300));
        });
    }
}
