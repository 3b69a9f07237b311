using Builds.Contracts;
using Builds.GraphTracker.Registries;
using Builds.GraphTracker.Storing;
using Builds.ServiceDefaults;
using Dapper;
using MassTransit;
using Microsoft.Data.Sqlite;
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
            else
                TakeUntagged(db, image, push.Digest, now);
        }, cancel);
    }

    private const string SelectPointing = "select name from tag where manifest = @id and image = @image";

    private static void TakeUntagged(SqliteConnection db, long image, string digest, DateTimeOffset now)
    {
        var asked = now.ToUnixTimeMilliseconds();
        var (id, isRead) = Manifests.Find(db, image, digest);
        if (!isRead)
            Questions.AskManifest(db, image, id, "push", asked, (now + UntilTheIndexFollows).ToUnixTimeMilliseconds());
        // Who deletes by digest deletes all tags that point to it, and a registry names none of them.
        foreach (var tag in db.Query<string>(SelectPointing, new { id, image }).AsList())
            Questions.AskTag(db, image, tag, null, "push", asked);
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
