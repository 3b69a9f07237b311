using System.Collections.Concurrent;
using Builds.Contracts;
using Builds.ServiceDefaults;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Builds.Gateway.Tests;

/// <summary>Answers the Gateway's questions as a test says, over the real bus; is silent where it says nothing.</summary>
public sealed class FakeGraph : IAsyncDisposable
{
    private readonly ConcurrentDictionary<Type, Func<object, object?>> _answers = [];
    private readonly ConcurrentQueue<object> _asked = [];
    private IHost _host = null!;

    public static async Task<FakeGraph> StartAsync(Uri broker)
    {
        var graph = new FakeGraph();
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration["Bus:Address"] = broker.ToString();
        builder.AddBus(_ => { }, rabbit =>
        {
            graph.Serve<ReadGraph>(rabbit, "read-graph");
            graph.Serve<PreviewCascade>(rabbit, "preview-cascade");
            graph.Serve<ListCascades>(rabbit, "list-cascades");
            graph.Serve<ReadCascade>(rabbit, "read-cascade");
            graph.Serve<ChangeCascade>(rabbit, "change-cascade");
            graph.Serve<ListOutdated>(rabbit, "list-outdated");
            graph.Serve<ListRegistries>(rabbit, "list-registries");
        });
        builder.Services.Configure<MassTransitHostOptions>(options => options.WaitUntilStarted = true);
        graph._host = builder.Build();
        await graph._host.StartAsync();
        return graph;
    }

    /// <summary>From now on until another answer is given; null is silence.</summary>
    public void Answers<TQuestion, TAnswer>(Func<TQuestion, TAnswer?> answer)
        where TAnswer : class =>
        _answers[typeof(TQuestion)] = question => answer((TQuestion)question);

    public void IsSilentAbout<TQuestion>() => _answers.TryRemove(typeof(TQuestion), out _);

    public IReadOnlyList<TQuestion> Asked<TQuestion>() => [.. _asked.OfType<TQuestion>()];

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
    }

    private void Serve<T>(IRabbitMqBusFactoryConfigurator rabbit, string query)
        where T : class =>
        rabbit.ReceiveEndpoint("graph-tracker." + query, endpoint => endpoint.Handler<T>(async context =>
        {
            _asked.Enqueue(context.Message);
            if (_answers.TryGetValue(typeof(T), out var answer) && answer(context.Message) is { } said)
                await context.RespondAsync(said, said.GetType());
        }));
}
