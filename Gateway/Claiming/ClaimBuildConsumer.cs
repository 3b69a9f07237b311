using Builds.Contracts;
using Builds.Gateway.Queueing;
using Builds.Gateway.Securing;
using Builds.Gateway.Storing;
using Builds.ServiceDefaults;
using MassTransit;

namespace Builds.Gateway.Claiming;

public sealed partial class ClaimBuildConsumer(
    GatewayStore store, Claims claims, GitAddresses addresses, ILogger<ClaimBuildConsumer> logger)
    : IConsumer<ClaimBuild>
{
    public async Task Consume(ConsumeContext<ClaimBuild> context)
    {
        var (ask, cancel) = (context.Message, context.CancellationToken);
        var isKnown = store.Read(db => QueuedBuild.Find(db, ask.Request.BuildId)) is not null;
        var problem = isKnown ? null : await addresses.ProblemAsync(ask.Request.Source, cancel);
        var claim = await store.WriteAsync(db => claims.Claim(db, ask, problem), cancel);
        if (claim.Verdict == ClaimVerdict.Granted)
            Log.Granted(logger, claim.BuildId, claim.Attempt, ask.Worker);
        else
            Log.NotGranted(logger, claim.BuildId, ask.Worker, claim.Verdict, claim.Reason);
        await context.RespondAsync(claim);
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "Build {build}: attempt {attempt} is granted to {worker}")]
        public static partial void Granted(ILogger logger, Guid build, int? attempt, string worker);

        [LoggerMessage(LogLevel.Information, "Build {build} is not granted to {worker} ({verdict}): {reason}")]
        public static partial void NotGranted(
            ILogger logger, Guid build, string worker, ClaimVerdict verdict, string? reason);
    }
}

public sealed class ClaimBuildConsumerDefinition : ConsumerDefinition<ClaimBuildConsumer>
{
    public ClaimBuildConsumerDefinition() => EndpointName = "gateway.claim-build";

    protected override void ConfigureConsumer(
        IReceiveEndpointConfigurator endpointConfigurator,
        IConsumerConfigurator<ClaimBuildConsumer> consumerConfigurator,
        IRegistrationContext context) => endpointConfigurator.TakesShortMessages();
}
