using System.Text.Json;
using Builds.Contracts;
using Builds.Gateway.Queueing;
using Builds.Parts;

namespace Builds.Gateway.Tests.Queueing;

public sealed class When_requests_come_over_the_bus : IDisposable
{
    private readonly TempFolder _folder = new("gateway");
    private readonly List<BuildCompleted> _answers = [];
    private Broker _broker = null!;
    private BusGateway _gateway = null!;
    private PlainPublisher _client = null!;
    private string _completed = null!;

    public void Dispose() => _folder.Dispose();

    [OneTimeSetUp]
    public async Task Start()
    {
        _broker = await Broker.StartAsync();
        _gateway = await BusGateway.StartAsync(_broker, _folder);
        await _gateway.ConnectedAsync();
        _client = await PlainPublisher.ConnectAsync(_broker);
        _completed = await _client.ListenAsync("builds.build-completed");
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        await _client.DisposeAsync();
        await _gateway.DisposeAsync();
        await _broker.DisposeAsync();
    }

    [Test]
    public async Task Should_know_a_build_before_a_worker_is_free()
    {
        var request = PlainPublisher.Request();

        for (var times = 0; times < 5; times++)
            await _client.PublishAsync(request);

        await _gateway.StateAsync(request.BuildId, "queued");
        await NextIsServedAsync();
        Assert.That(_gateway.Find(request.BuildId)!.Registry, Is.EqualTo("registry.example.org"));
    }

    [Test]
    public async Task Should_send_each_message_once_to_the_workers()
    {
        await _client.PurgeAsync(WorkerQueue.Name);
        var request = PlainPublisher.Request();
        await _client.PublishAsync(request);
        await NextIsServedAsync();

        var first = await _client.TakeAsync<BuildRequested>(WorkerQueue.Name);
        await _client.TakeAsync(WorkerQueue.Name); // the one that was served next

        Assert.That(first.BuildId, Is.EqualTo(request.BuildId));
        Assert.That(await _client.TakeNowAsync(WorkerQueue.Name), Is.Null);
    }

    [TestCase("""{"buildId":"ID","tags":["a"],"source":SOURCE,"requestedAt":AT}""", "image")]
    [TestCase("""{"buildId":"ID","image":IMAGE,"tags":null,"source":SOURCE,"requestedAt":AT}""", "tags")]
    [TestCase("""{"buildId":"ID","image":IMAGE,"tags":["a"],"source":{"git":null,"ref":"x"},"requestedAt":AT}""", "source.git")]
    [TestCase("""{"buildId":"ID","image":IMAGE,"tags":["a"],"source":SOURCE,"requestedAt":AT,"cause":{"kind":1}}""", "cause.kind")]
    [TestCase("""{"buildId":"ID","image":"team/api","tags":["a"],"source":SOURCE,"requestedAt":AT}""", "image")]
    [TestCase("""{"buildId":"ID","image":IMAGE,"tags":["a"],"source":SOURCE,"requestedAt":"yesterday"}""", "requestedAt")]
    [TestCase("""{"buildId":"ID","image":IMAGE,"tags":["a"],"sour""", "cannot be read")]
    public async Task Should_answer_what_cannot_be_read_once_and_serve_the_next(string body, string field)
    {
        var id = Guid.NewGuid();
        body = body.Replace("ID", id.ToString())
            .Replace("IMAGE", """{"repository":"team/api"}""")
            .Replace("SOURCE", """{"git":"https://git.example.org/x","ref":"main"}""")
            .Replace("AT", "\"2030-01-01T00:00:00Z\"");

        await _client.PublishAsync("builds.build-requested", body);
        await _client.PublishAsync("builds.build-requested", body);

        for (var times = 0; times < 2; times++)
        {
            var failed = await _client.TakeAsync("gateway.build-requested_error");
            Assert.That(failed.Body.ToArray(), Is.EqualTo(System.Text.Encoding.UTF8.GetBytes(body)));
            Assert.That(PlainPublisher.Text(failed, "MT-Fault-Message"), Is.Not.Empty);
        }

        var answer = await AnswerAsync(id);
        Assert.That(answer.Outcome, Is.EqualTo(BuildOutcome.Failed));
        Assert.That(answer.Class, Is.EqualTo(FailureClass.Author));
        Assert.That(answer.Reason, Does.Contain(field));
        await NextIsServedAsync();
        await CountAnswersAsync(id, 1);
    }

    [TestCase("registry")]
    [TestCase("repository")]
    public async Task Should_answer_and_put_aside_text_that_is_no_Unicode(string field)
    {
        var id = Guid.NewGuid();

        await _client.PublishAsync(
            "builds.build-requested", $$"""{"buildId":"{{id}}","image":{"{{field}}":"\ud800"},"tags":[]}""");

        var failed = await _client.TakeAsync("gateway.build-requested_error");
        Assert.That(PlainPublisher.Text(failed, "MT-Fault-Message"), Is.Not.Empty);
        await NextIsServedAsync();
        await CountAnswersAsync(id, 1);
    }

    [TestCase("this is no JSON")]
    [TestCase("[]")]
    [TestCase("null")]
    [TestCase("{}")]
    [TestCase("""{"buildId":7}""")]
    [TestCase("""{"buildId":"\udc00"}""")]
    public async Task Should_put_aside_what_says_no_id(string body)
    {
        await _client.PublishAsync("builds.build-requested", body);

        var failed = await _client.TakeAsync("gateway.build-requested_error");

        Assert.That(PlainPublisher.Text(failed, "MT-Fault-Message"), Is.Not.Empty);
        await NextIsServedAsync();
    }

    [Test]
    public async Task Should_not_answer_for_a_build_that_is_known()
    {
        var request = PlainPublisher.Request();
        await _client.PublishAsync(request);
        await _gateway.StateAsync(request.BuildId, "queued");

        await _client.PublishAsync("builds.build-requested", $$"""{"buildId":"{{request.BuildId}}"}""");
        await _client.TakeAsync("gateway.build-requested_error");

        await CountAnswersAsync(request.BuildId, 0);
        Assert.That(_gateway.Find(request.BuildId)!.State, Is.EqualTo("queued"));
    }

    [Test]
    public async Task Should_refuse_what_breaks_a_rule_or_is_too_large()
    {
        var invalid = PlainPublisher.Request(tag: "--upload-pack=touch /tmp/x");
        var large = PlainPublisher.Request() with
        {
            BuildArgs = new Dictionary<string, string> { ["A"] = new('x', 3_000_000) },
        };
        var nulls = PlainPublisher.Request();

        await _client.PublishAsync(invalid);
        await _client.PublishAsync(large);
        await _client.PublishAsync(
            "builds.build-requested",
            JsonSerializer.Serialize(nulls, BuildQueue.Json).Replace("[\"latest\"]", "[null]"));

        var inside = PlainPublisher.Request();
        inside = inside with { Source = inside.Source with { Git = "https://0x7f.1/team/api.git" } };
        await _client.PublishAsync(inside);

        foreach (var (request, field) in new[]
        {
            (invalid, "tags[0]"), (large, "buildArgs"), (nulls, "tags[0]"), (inside, "source.git"),
        })
        {
            var answer = await AnswerAsync(request.BuildId);
            Assert.That(answer.Class, Is.EqualTo(FailureClass.Policy));
            Assert.That(answer.Reason, Does.StartWith(field));
            Assert.That(_gateway.Find(request.BuildId)!.Request, Has.Length.LessThan(10_000));
        }
    }

    // Answers to others may stand before it.
    private async Task<BuildCompleted> AnswerAsync(Guid id)
    {
        while (_answers.All(answer => answer.BuildId != id))
            _answers.Add(await _client.TakeAsync<BuildCompleted>(_completed));
        return _answers.Single(answer => answer.BuildId == id);
    }

    private async Task CountAnswersAsync(Guid id, int expected)
    {
        await Wait.UntilAsync("the outbox to be empty", () => _gateway.OutboxCount() == 0);
        while (await _client.TakeNowAsync(_completed) is { } more)
            _answers.Add(JsonSerializer.Deserialize<BuildCompleted>(more.Body.Span, BuildQueue.Json)!);
        Assert.That(_answers.Count(answer => answer.BuildId == id), Is.EqualTo(expected));
    }

    private async Task NextIsServedAsync()
    {
        var next = PlainPublisher.Request();
        await _client.PublishAsync(next);
        await _gateway.StateAsync(next.BuildId, "queued");
    }
}
