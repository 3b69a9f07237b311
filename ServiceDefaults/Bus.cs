using System.ComponentModel.DataAnnotations;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using MassTransit;
using MassTransit.Serialization;
using MassTransit.Topology;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Builds.ServiceDefaults;

/// <summary>The <c>Bus</c> section of configuration.</summary>
public sealed class BusOptions
{
    /// <summary>For example <c>amqp://builds:secret@broker:5672/builds</c>; amqps for TLS.</summary>
    [Required]
    public Uri Address { get; init; } = null!;

    /// <summary>Seconds between signs of life on the connection; a frozen peer is noticed after two or three.</summary>
    [Range(1, 300)]
    public int HeartbeatSeconds { get; init; } = 10;
}

public static class BuildsBus
{
    private const ushort Together = 64;

    /// <summary>
    /// Every service talks to RabbitMQ through this and nothing else: plain JSON without an envelope, exchanges named
    /// after the message, queues named by literals. What one consumer needs is in its definition.
    /// </summary>
    /// <param name="topology">Declares what this service publishes into, so that nothing is lost before a first
    /// start.</param>
    public static TBuilder AddBus<TBuilder>(
        this TBuilder builder,
        Action<IBusRegistrationConfigurator> consumers,
        Action<IRabbitMqBusFactoryConfigurator> topology)
        where TBuilder : IHostApplicationBuilder
    {
        builder.Services.AddOptions<BusOptions>()
            .BindConfiguration("Bus")
            .ValidateDataAnnotations()
            .ValidateOnStart();

        builder.Services.AddMassTransit(bus =>
        {
            bus.DisableUsageTelemetry();
            consumers(bus);

            bus.UsingRabbitMq((context, rabbit) =>
            {
                var options = context.GetRequiredService<IOptions<BusOptions>>().Value;
                rabbit.Host(options.Address, host => host.Heartbeat(TimeSpan.FromSeconds(options.HeartbeatSeconds)));
                rabbit.UsePlainJson();
                rabbit.MessageTopology.SetEntityNameFormatter(
                    new ContractNames(rabbit.MessageTopology.EntityNameFormatter));
                topology(rabbit);
                rabbit.ConfigureEndpoints(context);
            });
        });

        return builder;
    }

    /// <summary>
    /// Declares the exchange of a message and, bound to it, a durable queue that another service reads. The arguments
    /// are the ones its consumer uses: RabbitMQ refuses a second declaration that differs.
    /// </summary>
    public static void Feeds<T>(this IRabbitMqBusFactoryConfigurator rabbit, string queue, bool quorum = false)
        where T : class =>
        rabbit.Publish<T>(publish => publish.BindQueue(
            rabbit.MessageTopology.GetMessageTopology<T>().EntityName,
            queue,
            binding =>
            {
                if (quorum)
                    binding.SetQueueArgument("x-queue-type", "quorum");
            }));

    /// <summary>
    /// How every queue is read whose messages cost one write to a store, or a few reads: what waits together is
    /// committed together. Tried three times more, then put into the error queue with the reason; nobody reads faults.
    /// </summary>
    public static void TakesShortMessages(this IReceiveEndpointConfigurator endpoint)
    {
        endpoint.PrefetchCount = Together;
        endpoint.ConcurrentMessageLimit = Together;
        endpoint.PublishFaults = false;
        endpoint.UseMessageRetry(retry => retry.Exponential(
            3, TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(2), TimeSpan.FromMilliseconds(300)));
    }

    /// <summary>How every body on the wire is written and read.</summary>
    public static JsonSerializerOptions Plain(JsonSerializerOptions options)
    {
        options.PropertyNamingPolicy = JsonNamingPolicy.CamelCase;
        options.PropertyNameCaseInsensitive = false;
        options.WriteIndented = false;
        options.Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping; // operators read it; it is never put into HTML
        options.DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull;
        options.RespectNullableAnnotations = true;
        options.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false));
        return options;
    }

    private static void UsePlainJson(this IRabbitMqBusFactoryConfigurator rabbit)
    {
        rabbit.ConfigureJsonSerializerOptions(Plain);
        rabbit.ClearSerialization();
        rabbit.UseRawJsonSerializer(RawSerializerOptions.Default, isDefault: true);
    }

    /// <summary>
    /// <c>Builds.Contracts.BuildRequested</c> → <c>builds.build-requested</c>; whatever is not ours keeps its name.
    /// </summary>
    private sealed class ContractNames(IEntityNameFormatter others) : IEntityNameFormatter
    {
        public string FormatEntityName<T>() =>
            typeof(T).Namespace == "Builds.Contracts"
                ? "builds." + JsonNamingPolicy.KebabCaseLower.ConvertName(typeof(T).Name)
                : others.FormatEntityName<T>();
    }
}
