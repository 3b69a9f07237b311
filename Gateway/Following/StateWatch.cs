using Builds.Gateway.Storing;
using Dapper;

namespace Builds.Gateway.Following;

/// <summary>
/// Wakes followers when the state of their build has changed, whoever changed it: one look for all of them.
/// </summary>
public sealed partial class StateWatch : BackgroundService
{
    private const int Together = 500;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private readonly GatewayStore _store;
    private readonly Followers _followers;
    private readonly TimeProvider _clock;
    private readonly ILogger<StateWatch> _logger;
    private readonly SemaphoreSlim _committed = new(0, 1);
    private Dictionary<string, Seen> _seen = [];

    public StateWatch(GatewayStore store, Followers followers, TimeProvider clock, ILogger<StateWatch> logger)
    {
        (_store, _followers, _clock, _logger) = (store, followers, clock, logger);
        store.Committed += () =>
        {
            if (_committed.CurrentCount == 0)
                _committed.Release(); // there is one writer, so nobody else can have done it in between
        };
    }

    public override void Dispose()
    {
        _committed.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            await _committed.WaitAsync(stoppingToken);
            await Task.Delay(Pause, _clock, stoppingToken);
            try
            {
                Look();
            }
            catch (Exception e)
            {
                Log.NotLooked(_logger, e);
            }
        }
    }

    private const string SelectStates = """
        select id as Id, state as State, attempt as Attempt from build where id in @ids
        """;

    private void Look()
    {
        var now = _followers.Builds()
            .Select(id => id.ToString())
            .Chunk(Together)
            .SelectMany(ids => _store.Read(db => db.Query<Seen>(SelectStates, new { ids }).AsList()))
            .ToDictionary(build => build.Id);
        var changed = now.Values.Where(build => _seen.GetValueOrDefault(build.Id) != build).ToList();
        _seen = now;
        changed.ForEach(build => _followers.Wake(Guid.Parse(build.Id)));
    }

    private sealed record Seen(string Id, string State, long Attempt);

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Error, "The states of followed builds could not be read; it is tried again")]
        public static partial void NotLooked(ILogger logger, Exception e);
    }
}
