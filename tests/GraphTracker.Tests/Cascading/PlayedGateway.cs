using System.Collections.Concurrent;
using Builds.Contracts;
using Builds.Parts;
using Builds.ServiceDefaults;
using MassTransit;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Definitions = Builds.Contracts.Definitions;

namespace Builds.GraphTracker.Tests.Cascading;

/// <summary>Answers what GraphTracker asks of the Gateway, and asks it what the Gateway asks.</summary>
internal sealed class PlayedGateway : IAsyncDisposable
{
    private readonly IHost _host;

    private PlayedGateway(Broker broker)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection([new("Bus:Address", broker.Address.ToString())]);
        builder.Services.AddSingleton(this);
        builder.AddBus(
            bus =>
            {
                bus.AddConsumer<Lists>().Endpoint(endpoint => endpoint.Name = "gateway.definitions");
                bus.AddConsumer<Finds>().Endpoint(endpoint => endpoint.Name = "gateway.find-build");
            },
            _ => { });
        _host = builder.Build();
    }

    /// <summary>What is defined; null while it does not answer.</summary>
    public IReadOnlyList<ImageDefined>? Defined { get; set; }

    /// <summary>Definitions in each page of its answer.</summary>
    public int Page { get; set; } = 500;

    /// <summary>What happens while a page is on its way, given the repository behind which it begins.</summary>
    public Func<string?, Task>? Meanwhile { get; set; }

    /// <summary>What it knows of builds.</summary>
    public ConcurrentDictionary<Guid, FoundBuild> Known { get; } = [];

    /// <summary>A build that it fails to look up.</summary>
    public Guid? Damaged { get; set; }

    /// <summary>Builds that it was asked for.</summary>
    public ConcurrentQueue<Guid> AskedFor { get; } = [];

    /// <summary>What happens while it looks a build up.</summary>
    public Func<Guid, Task>? Finding { get; set; }

    public static async Task<PlayedGateway> StartAsync(Broker broker)
    {
        var gateway = new PlayedGateway(broker);
        await gateway._host.StartAsync();
        return gateway;
    }

    private IBus Bus => _host.Services.GetRequiredService<IBus>();

    public Task PublishAsync<T>(T message)
        where T : class => Bus.Publish(message);

    public async Task<TAnswer> AskAsync<TQuestion, TAnswer>(string queue, TQuestion question)
        where TQuestion : class
        where TAnswer : class =>
        (await Bus.CreateRequestClient<TQuestion>(new Uri("queue:" + queue)).GetResponse<TAnswer>(question)).Message;

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        if (_host is IAsyncDisposable disposable)
            await disposable.DisposeAsync();
    }

    private sealed class Lists(PlayedGateway gateway) : IConsumer<ListDefinitions>
    {
        public async Task Consume(ConsumeContext<ListDefinitions> context)
        {
            if (gateway.Defined is not { } defined)
                return;
            var after = context.Message.After?.Repository;
            var page = defined.OrderBy(one => one.Image.Repository, StringComparer.Ordinal)
                .Where(one => string.CompareOrdinal(one.Image.Repository, after) > 0).Take(gateway.Page).ToList();
            if (gateway.Meanwhile is { } meanwhile)
                await meanwhile(after);
            await context.RespondAsync(new Definitions
            {
                Images = page,
                Next = page.Count == gateway.Page ? page[^1].Image : null,
            });
        }
    }

    private sealed class Finds(PlayedGateway gateway) : IConsumer<FindBuild>
    {
        public async Task Consume(ConsumeContext<FindBuild> context)
        {
            var id = context.Message.BuildId;
            gateway.AskedFor.Enqueue(id);
            if (id == gateway.Damaged)
                throw new InvalidDataException("its record cannot be read");
            if (gateway.Finding is { } finding)
                await finding(id);
            await context.RespondAsync(gateway.Known.GetValueOrDefault(id, new FoundBuild { BuildId = id }));
        }
    }
}
