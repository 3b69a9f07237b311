using System.Text.Json.Nodes;
using Builds.Contracts.Tests.Wire;
using Builds.Parts;

namespace Builds.Contracts.Tests.Documents;

public sealed class When_messages_are_replayed
{
    private const string Queue = "documents.replayed";
    private static readonly string Script = Path.Combine(Repository.Root, "docs/examples/replay");

    private readonly Management _management = new(TheBroker.Broker);

    [Test]
    public async Task Should_go_back_to_their_queue_in_order_and_unchanged()
    {
        string[] bodies = ["""{"a":"größer \"✓\""}""", "not JSON\n", """{"a":3}"""];
        await using (var client = await Client.ConnectAsync())
        {
            foreach (var queue in new[] { Queue, Queue + "_error" })
                await client.Channel.QueueDeclareAsync(queue, durable: true, exclusive: false, autoDelete: false);
            foreach (var body in bodies)
                await client.PublishAsync("", body, routingKey: Queue + "_error");
        }

        var one = await ReplayAsync(Queue);
        Assert.That(Bodies(await _management.LookAsync(Queue)), Is.EqualTo(bodies[..1]), one);
        Assert.That(Bodies(await _management.LookAsync(Queue + "_error")), Is.EqualTo(bodies[1..]));

        var rest = await ReplayAsync(Queue, "all");
        Assert.That(Bodies(await _management.LookAsync(Queue)), Is.EqualTo(bodies), rest);
        Assert.That(await _management.LookAsync(Queue + "_error"), Is.Empty);
    }

    [Test]
    public void Should_say_that_there_is_no_such_queue() =>
        Assert.That(() => ReplayAsync("documents.nosuch"), Throws.InstanceOf<PartException>().With.Message.Contains("_error"));

    private static IEnumerable<string?> Bodies(JsonArray messages) => messages.Select(message => (string?)message!["payload"]);

    private static Task<string> ReplayAsync(params string[] arguments)
    {
        var broker = TheBroker.Broker;
        var management = new UriBuilder(broker.Management) { UserName = broker.User, Password = broker.Password };
        return Command.RunAsync(Script, arguments, input: null, new Dictionary<string, string>
        {
            ["MANAGEMENT"] = management.Uri.ToString().TrimEnd('/'),
        });
    }
}
