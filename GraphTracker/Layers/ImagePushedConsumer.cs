using Builds.Contracts;
using Builds.GraphTracker.Registries;
using Builds.GraphTracker.Storing;
using Builds.ServiceDefaults;
using MassTransit;
using Microsoft.Extensions.Options;

namespace Builds.GraphTracker.Layers;

/// <summary>
/// A push is a hint: what comes of it is a question to the registry, on disk before the message is acknowledged.
/// </summary>
public sealed class ImagePushedConsumer(GraphStore store, IOptions<RegistryOptions> registries, TimeProvider clock)
    : IConsumer<ImagePushed>
{
    // What is pushed without a tag is mostly part of an index that follows, and is read with it.
    private static readonly TimeSpan UntilTheIndexFollows = TimeSpan.FromSeconds(5);

    public Task Consume(ConsumeContext<ImagePushed> context) => TakeAsync(context.Message, context.CancellationToken);

    internal Task TakeAsync(ImagePushed push, CancellationToken cancel)
    {
        PushRules.Check(push);
        var now = clock.GetUtcNow();
        return store.WriteAsync(db =>
        {
            var image = Names.ImageOf(db, push.Image.Registry ?? registries.Value.Default, push.Image.Repository);
            var asked = now.ToUnixTimeMilliseconds();
            if (push.Tag is { } tag)
                Questions.AskTag(db, image, tag, push.Digest.Length > 0 ? push.Digest : null, "push", asked);
            else if (Manifests.Find(db, image, push.Digest) is { IsRead: false } manifest)
                Questions.AskManifest(
                    db, image, manifest.Id, "push", asked, (now + UntilTheIndexFollows).ToUnixTimeMilliseconds());
        }, cancel);
    }
}

public sealed class ImagePushedConsumerDefinition : ConsumerDefinition<ImagePushedConsumer>
{
    public ImagePushedConsumerDefinition() => EndpointName = "graph-tracker.image-pushed";

    protected override void ConfigureConsumer(
        IReceiveEndpointConfigurator endpointConfigurator,
        IConsumerConfigurator<ImagePushedConsumer> consumerConfigurator,
        IRegistrationContext context)
    {
        if (endpointConfigurator is IRabbitMqReceiveEndpointConfigurator rabbit)
            rabbit.SetQuorumQueue();
        endpointConfigurator.TakesShortMessages();
    }
}
