using Builds.Contracts;
using Builds.Gateway.Queueing;
using Builds.Gateway.Tests.Queueing;
using Builds.Parts;
using Builds.ServiceDefaults;
using Dapper;
using MassTransit;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Builds.Gateway.Tests.Claiming;

public sealed class When_workers_ask_over_the_bus : IDisposable
{
    private readonly TempFolder _folder = new("gateway");
    private Broker _broker = null!;
    private BusGateway _gateway = null!;
    private PlainPublisher _client = null!;
    private IHost _worker = null!;

    public void Dispose() => _folder.Dispose();

    [OneTimeSetUp]
    public async Task Start()
    {
        _broker = await Broker.StartAsync();
        _gateway = await BusGateway.StartAsync(
            _broker,
            _folder,
            ("Claims:RenewalLimitSeconds", "2"),
            ("Claims:SweepSeconds", "0.2"),
            ("Claims:QueuedLongSeconds", "2"),
            ("Claims:CompletedGraceSeconds", "0.5"));
        await _gateway.ConnectedAsync();
        _client = await PlainPublisher.ConnectAsync(_broker);

        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection([KeyValuePair.Create("Bus:Address", (string?)_broker.Address.ToString())]);
        builder.AddBus(_ => { }, _ => { });
        builder.Services.Configure<MassTransitHostOptions>(bus => bus.WaitUntilStarted = true); // or the first answer may find no queue
        _worker = builder.Build();
        await _worker.StartAsync();
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        await _worker.StopAsync();
        _worker.Dispose();
        await _client.DisposeAsync();
        await _gateway.DisposeAsync();
        await _broker.DisposeAsync();
    }

    [Test]
    public async Task Should_grant_renew_conclude_and_publish_for_the_worker()
    {
        var completed = await _client.ListenAsync("builds.build-completed");
        var request = PlainPublisher.Request();

        var claim = await AskAsync<ClaimBuild, BuildClaim>(new() { ClaimId = Guid.NewGuid(), Request = request, Worker = "w1" });
        Assert.That(claim.Verdict, Is.EqualTo(ClaimVerdict.Granted));
        Assert.That(claim.Image!.Registry, Is.EqualTo("registry.example.org"));

        var renewal = await AskAsync<RenewClaim, ClaimRenewal>(new()
        {
            BuildId = request.BuildId,
            Attempt = 1,
            Phases = [new() { Name = "building", StartedAt = request.RequestedAt, Seconds = 1.5 }],
        });
        Assert.That(renewal.Granted, Is.True);

        using var desk = new Desk();
        var conclusion = await AskAsync<ConcludeBuild, BuildConclusion>(new() { Completed = desk.Completed(request) });
        Assert.That(conclusion.Granted, Is.True);
        Assert.That(conclusion.Tags["latest"], Is.EqualTo("sha256:1"));

        var published = await _client.TakeAsync<BuildCompleted>(completed);
        Assert.That(published.BuildId, Is.EqualTo(request.BuildId));
        await Wait.UntilAsync("the outbox to be empty", () => _gateway.OutboxCount() == 0);
        Assert.That(await _client.TakeNowAsync(completed), Is.Null);
    }

    [Test]
    public async Task Should_send_again_what_a_silent_worker_has_and_what_was_lost_on_the_way()
    {
        await _client.PurgeAsync(WorkerQueue.Name);
        var request = PlainPublisher.Request();
        await _gateway.AcceptAsync(_gateway.Queue.WithRegistry(request));
        Assert.That((await _client.TakeAsync<BuildRequested>(WorkerQueue.Name)).BuildId, Is.EqualTo(request.BuildId));

        // taken and forgotten: as if the broker had lost it
        Assert.That((await _client.TakeAsync<BuildRequested>(WorkerQueue.Name)).BuildId, Is.EqualTo(request.BuildId));
        await AskAsync<ClaimBuild, BuildClaim>(new() { ClaimId = Guid.NewGuid(), Request = request, Worker = "silent" });

        await Wait.UntilAsync("the claim to die", () => _gateway.Find(request.BuildId)!.Lost == 1);
        var release = await AskAsync<ReleaseClaim, ClaimRelease>(new()
        {
            BuildId = request.BuildId, Attempt = 1, Reason = "too late", LogBatches = 0,
        });
        var claim = await AskAsync<ClaimBuild, BuildClaim>(new() { ClaimId = Guid.NewGuid(), Request = request, Worker = "w2" });
        Assert.That(release.Granted, Is.True, "nobody had it");
        Assert.That(claim.Attempt, Is.EqualTo(2));
    }

    private const string Definition = """{"git":"https://git.example.org/team/api.git","ref":"main","tags":["latest"]}""";

    private const string Define501 = """
        with recursive numbers (number) as (select 1 union all select number + 1 from numbers where number < 501)
        insert into image (registry, repository, namespace, definition, version, defined_at)
        select 'registry.example.org', printf('team/%03d', number), 'team', @definition, 1, 0 from numbers
        """;

    [Test]
    public async Task Should_page_through_the_definitions()
    {
        await _gateway.Store.WriteAsync(db => { db.Execute(Define501, new { definition = Definition }); }, default);

        var first = await AskAsync<ListDefinitions, Definitions>(new());
        var second = await AskAsync<ListDefinitions, Definitions>(new() { After = first.Next });

        var names = first.Images.Concat(second.Images).Select(image => image.Image.Repository);
        Assert.That(names, Is.EqualTo(Enumerable.Range(1, 501).Select(number => $"team/{number:000}")));
        Assert.That(second.Images[0].Source.Git, Is.EqualTo("https://git.example.org/team/api.git"));
        Assert.That((first.Images.Count, second.Next), Is.EqualTo((500, (ImageReference?)null)));
    }

    private async Task<TAnswer> AskAsync<T, TAnswer>(T question)
        where T : class
        where TAnswer : class
    {
        await using var scope = _worker.Services.CreateAsyncScope();
        var client = scope.ServiceProvider.GetRequiredService<IRequestClient<T>>();
        return (await client.GetResponse<TAnswer>(question)).Message;
    }
}
