using Builds.Contracts;
using Builds.Gateway.Claiming;
using Builds.Gateway.Describing;
using Builds.Gateway.Flagging;
using Builds.Gateway.Graphing;
using Builds.Gateway.Notifying;
using Builds.Gateway.Publishing;
using Builds.Gateway.Queueing;
using Builds.Gateway.Securing;
using Builds.Gateway.Storing;
using Builds.Parts;
using Builds.ServiceDefaults;
using Dapper;
using MassTransit;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using RegistryOptions = Builds.Gateway.Defining.RegistryOptions;

namespace Builds.Gateway.Tests.Queueing;

/// <summary>The bus side of a Gateway in this process, on a real broker; its state is in a folder that outlives it.</summary>
internal sealed class BusGateway(IHost host) : IAsyncDisposable
{
    /// <summary>MassTransit pauses up to half a minute between tries, and a killed broker elects its quorum queues anew.</summary>
    private static readonly TimeSpan Reconnecting = TimeSpan.FromMinutes(3);

    public GatewayStore Store => host.Services.GetRequiredService<GatewayStore>();
    public BuildQueue Queue => host.Services.GetRequiredService<BuildQueue>();
    public BusConnection Connection => host.Services.GetRequiredService<BusConnection>();
    public WorkerQueue Workers => host.Services.GetRequiredService<WorkerQueue>();

    public static async Task<BusGateway> StartAsync(
        Broker broker, TempFolder folder, params (string Key, string Value)[] settings)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Bus:Address"] = broker.Address.ToString(),
            ["Bus:HeartbeatSeconds"] = "2",
            ["Store:Folder"] = folder.FullPath,
            ["Registry:Default"] = "registry.example.org",
        });
        builder.Configuration.AddInMemoryCollection(
            settings.Select(setting => KeyValuePair.Create(setting.Key, (string?)setting.Value)));
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddOptions<RegistryOptions>().BindConfiguration("Registry");
        builder.Services.AddSingleton<Links>();
        builder.Services.AddSingleton<CredentialRelease>();
        builder.Services.AddSingleton<GitAddresses>();
        builder.Logging.AddProvider(new TestLog()).SetMinimumLevel(LogLevel.Information);
        builder.AddStoring();
        builder.AddPublishing();
        builder.AddQueueing();
        builder.AddClaiming();
        builder.AddGraphing();
        builder.AddNotifying();
        builder.AddFlagging();
        builder.AddBus(
            bus =>
            {
                bus.AddQueueingConsumers();
                bus.AddClaimingConsumers();
                bus.AddPublishingConsumers();
                bus.AddFlaggingConsumers();
            },
            PublishingSlice.AddPublishingTopology);
        var host = builder.Build();
        await host.StartAsync();
        return new BusGateway(host);
    }

    /// <summary>As the API does it.</summary>
    public Task AcceptAsync(BuildRequested request) => Store.WriteAsync(db => Queue.Accept(db, request, fromBus: false), default);

    public QueuedBuild? Find(Guid id) => Store.Read(db => QueuedBuild.Find(db, id));

    public Task StateAsync(Guid id, string state) =>
        Wait.UntilAsync($"build {id} to be {state}", () => Find(id)?.State == state, Reconnecting);

    public Task ConnectedAsync() =>
        Wait.UntilAsync("the Gateway to be connected", () => Connection.IsConnected, Reconnecting);

    public long OutboxCount() => Store.Read(db => db.ExecuteScalar<long>("select count(*) from outbox"));

    public async ValueTask DisposeAsync()
    {
        await host.StopAsync();
        if (host is IAsyncDisposable disposable)
            await disposable.DisposeAsync();
    }

    private sealed class TestLog : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            TestContext.Progress.WriteLine($"{logLevel}: {formatter(state, exception)} {exception?.Message}");

        public void Dispose() { }
    }
}
