using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Builds.Parts;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Builds.Contracts.Tests.Wire.Assumptions;

/// <summary>Why a claim decides who builds, and not the delivery.</summary>
public sealed class When_rabbitmq_delivers
{
    [Test]
    public async Task Should_give_what_one_still_works_at_to_another_once_the_connection_is_cut()
    {
        const string name = "assumptions.first";
        var factory = new ConnectionFactory { Uri = TheBroker.Broker.Address, AutomaticRecoveryEnabled = false };
        await using var second = await Client.ConnectAsync();
        await using var first = await factory.CreateConnectionAsync(name);
        await using var firstChannel = await first.CreateChannelAsync();
        var queue = await QuorumAsync(second.Channel, "assumptions.delivered");
        await second.PublishAsync("", "work", routingKey: queue);
        var working = await Wait.ForAsync("the delivery", () => firstChannel.BasicGetAsync(queue, autoAck: false));

        await CutAsync(name);
        var again = await Wait.ForAsync("it once more", () => second.Channel.BasicGetAsync(queue, autoAck: true));

        Assert.That((working.Redelivered, again.Redelivered), Is.EqualTo((false, true)));
        Assert.That(again.Body.ToArray(), Is.EqualTo(working.Body.ToArray()), "both hold the same work now");
    }

    [Test]
    public async Task Should_refuse_a_second_declaration_that_differs()
    {
        await using var client = await Client.ConnectAsync();
        await using var other = await Client.ConnectAsync();
        var queue = await QuorumAsync(client.Channel, "assumptions.declared");

        Assert.That(await QuorumAsync(other.Channel, queue), Is.EqualTo(queue));
        var refusal = await Assert.ThrowsAsync<OperationInterruptedException>(
            () => other.Channel.QueueDeclareAsync(queue, durable: true, exclusive: false, autoDelete: false));

        Assert.That(refusal!.Message, Does.Contain("x-queue-type"));
    }

    [Test]
    public async Task Should_return_what_must_arrive_and_has_no_queue_to_go_to()
    {
        await using var client = await Client.ConnectAsync();
        await client.Channel.ExchangeDeclareAsync("assumptions.nobody", ExchangeType.Fanout, durable: true);

        await Assert.ThatAsync(() => client.PublishAsync("assumptions.nobody", "lost"), Throws.InstanceOf<PublishException>());
        await client.Channel.BasicPublishAsync("assumptions.nobody", "", Encoding.UTF8.GetBytes("dropped without a word"));
    }

    private static async Task<string> QuorumAsync(IChannel channel, string queue)
    {
        await channel.QueueDeclareAsync(
            queue, durable: true, exclusive: false, autoDelete: false, new Dictionary<string, object?> { ["x-queue-type"] = "quorum" });
        return queue;
    }

    // As an operator does, or a network: the one at the other end has done nothing wrong.
    private static async Task CutAsync(string name)
    {
        var http = TheBroker.Broker.Http;
        var connection = await Wait.ForAsync("the connection in the management API", async () =>
            (await http.GetFromJsonAsync<JsonArray>(new Uri("api/connections", UriKind.Relative)))!
                .FirstOrDefault(one => (string?)one!["client_properties"]?["connection_name"] == name));
        using var answer = await http.DeleteAsync(
            new Uri($"api/connections/{Uri.EscapeDataString((string)connection["name"]!)}", UriKind.Relative));
        answer.EnsureSuccessStatusCode();
    }
}
