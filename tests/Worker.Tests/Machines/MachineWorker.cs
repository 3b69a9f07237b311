using System.Collections.Concurrent;
using Builds.Parts;
using Builds.Worker.Machines;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using WorkerMachines = Builds.Worker.Machines.Machines;

namespace Builds.Worker.Tests.Machines;

/// <summary>The part of a worker that makes machines, put together as the worker does it.</summary>
public sealed class MachineWorker : IAsyncDisposable
{
    private readonly IHost _host;
    private readonly Alarms _alarms = new();
    private readonly ConcurrentQueue<Machine> _made = [];
    private bool _started;

    public MachineWorker(string folder, params (string Name, string Value)[] settings)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration["Worker:Folder"] = folder;
        builder.Configuration["Machines:RetryPauseSeconds"] = "0";
        foreach (var (name, value) in settings)
            builder.Configuration["Machines:" + name] = value;
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Logging.AddProvider(_alarms);
        builder.AddMachines();
        _host = builder.Build();
        Folder = folder;
    }

    public string Folder { get; }

    public WorkerMachines Machines => _host.Services.GetRequiredService<WorkerMachines>();

    /// <summary>What went into the build's log.</summary>
    public ConcurrentQueue<string> Said { get; } = [];

    /// <summary>Warnings and errors, with the exceptions' messages.</summary>
    public IEnumerable<string> Logged => _alarms.Lines;

    /// <summary>Starts the janitor, and validates the settings.</summary>
    public async Task StartAsync()
    {
        await _host.StartAsync();
        _started = true;
    }

    public async Task<Machine> CreateAsync(string name, CancellationToken cancel = default)
    {
        var machine = await Machines.CreateAsync(name, Guid.NewGuid(), 1, SayAsync, cancel);
        _made.Enqueue(machine);
        return machine;
    }

    /// <summary>Sweeps until no machine's folder is left.</summary>
    public Task SweptAsync() => Wait.UntilAsync("the last machine's removal", async () =>
    {
        await Machines.SweepAsync(CancellationToken.None);
        return Directory.GetDirectories(Path.Combine(Folder, "machines")).Length == 0;
    });

    public async ValueTask DisposeAsync()
    {
        foreach (var machine in _made)
            await machine.DisposeAsync(); // those of a test that failed half-way
        if (_started)
            await _host.StopAsync();
        _host.Dispose();
    }

    private ValueTask SayAsync(string line)
    {
        Said.Enqueue(line);
        return ValueTask.CompletedTask;
    }

    private sealed class Alarms : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<string> Lines { get; } = [];

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Enqueue($"{logLevel}: {formatter(state, exception)} {exception?.Message}");

        public void Dispose()
        {
        }
    }
}
