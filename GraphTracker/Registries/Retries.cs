using Polly;
using Polly.Retry;

namespace Builds.GraphTracker.Registries;

internal static class Retries
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Repeats what a registry could not do just now; what lasts longer is for whoever asked.</summary>
    public static ResiliencePipeline Of(RegistryOptions options, TimeProvider clock) => options.Retries == 0
        ? ResiliencePipeline.Empty
        : new ResiliencePipelineBuilder { TimeProvider = clock }
            .AddRetry(new RetryStrategyOptions
            {
                ShouldHandle = new PredicateBuilder().Handle<RegistryUnavailableException>(IsPassing),
                MaxRetryAttempts = options.Retries,
                Delay = TimeSpan.FromSeconds(options.RetrySeconds),
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
            })
            .Build();

    private static bool IsPassing(RegistryUnavailableException e) =>
        !e.IsRefusal && !e.IsDenied && (e.RetryAfter ?? TimeSpan.Zero) <= Patience;
}
