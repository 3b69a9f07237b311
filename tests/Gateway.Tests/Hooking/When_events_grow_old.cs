using Builds.Contracts;
using Builds.Gateway.Hooking;
using Builds.Gateway.Publishing;
using Builds.Gateway.Storing;
using Builds.Gateway.Tests.Claiming;
using Builds.Parts;
using Dapper;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Builds.Gateway.Tests.Hooking;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class When_events_grow_old : IAsyncDisposable
{
    private const int Hour = 3600;

    private readonly ManualClock _clock = new();
    private readonly TempFolder _folder = new("events");
    private readonly GatewayStore _store;
    private readonly Outbox _outbox;
    private readonly RegistryEvents _events;

    public When_events_grow_old()
    {
        _store = new GatewayStore(Options.Create(new StoreOptions { Folder = _folder.FullPath }));
        _outbox = new Outbox(_store, _clock);
        _events = new RegistryEvents(_store, _outbox, _clock);
    }

    public async ValueTask DisposeAsync()
    {
        _outbox.Dispose();
        await _store.DisposeAsync();
        _folder.Dispose();
    }

    [Test]
    public async Task Should_take_again_what_is_older_than_the_days_ids_are_kept_and_nothing_younger()
    {
        await TakeAsync("old");
        _clock.Pass(2 * Hour);
        await TakeAsync("young");
        _clock.Pass(47 * Hour);

        await SweepAsync(keepDays: 2, until: () => !IsKnown("old"));

        var (old, young) = (await TakeAsync("old"), await TakeAsync("young"));
        Assert.That((old.Taken, old.Repeated), Is.EqualTo((1, 0)), "49 hours old");
        Assert.That((young.Taken, young.Repeated), Is.EqualTo((0, 1)), "47 hours old");
    }

    [Test]
    public async Task Should_forget_more_than_goes_at_once()
    {
        await TakeAsync([.. Enumerable.Range(0, 10_001).Select(number => $"event-{number}")]);
        _clock.Pass(49 * Hour);

        Assert.That(async () => await SweepAsync(keepDays: 2, until: () => Known() == 0), Throws.Nothing);
    }

    private async Task SweepAsync(int keepDays, Func<bool> until)
    {
        using var retention = new EventRetention(
            _events, Options.Create(new HookingOptions { KeepEventDays = keepDays }), _clock,
            NullLogger<EventRetention>.Instance);
        await retention.StartAsync(CancellationToken.None);
        await Wait.UntilAsync("the sweep", until);
        await retention.StopAsync(CancellationToken.None);
    }

    private Task<TakenNotification> TakeAsync(params string[] ids) =>
        _events.TakeAsync(TheGateway.Registry, [.. ids.Select(Event)], CancellationToken.None);

    private bool IsKnown(string id) => _store.Read(db =>
        db.QuerySingle<bool>("select exists (select 1 from registry_event where id = @id)", new { id }));

    private int Known() => _store.Read(db => db.QuerySingle<int>("select count(*) from registry_event"));

    private static ReadEvent Event(string id) => new(
        new ImagePushed
        {
            Image = new ImageReference { Registry = TheGateway.Registry, Repository = "team/api" },
            Digest = Notifier.Digest('a'),
            Tag = "latest",
            EventId = id,
        },
        Rejection: null);
}
