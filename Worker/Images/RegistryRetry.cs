using Polly;
using Polly.Retry;

namespace Builds.Worker.Images;

internal static class RegistryRetry
{
    /// <summary>Repeats what a registry could not do just now.</summary>
    public static ResiliencePipeline Of(ImageOptions options) => options.RegistryRetries == 0
        ? ResiliencePipeline.Empty
        : new ResiliencePipelineBuilder()
            .AddRetry(new RetryStrategyOptions
            {
                ShouldHandle = new PredicateBuilder().Handle<RegistryUnavailableException>(e => !e.IsLasting),
                MaxRetryAttempts = options.RegistryRetries,
                Delay = TimeSpan.FromSeconds(options.RegistryRetrySeconds),
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
            })
            .Build();
}
