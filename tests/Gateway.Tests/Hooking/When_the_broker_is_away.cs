using System.Net;
using System.Text.Json.Nodes;
using Builds.Gateway.Tests.Queueing;
using Builds.Parts;

namespace Builds.Gateway.Tests.Hooking;

public sealed class When_the_broker_is_away
{
    /// <summary>The bus pauses up to half a minute between tries.</summary>
    private static readonly TimeSpan Reconnecting = TimeSpan.FromMinutes(3);

    [Test]
    public async Task Should_take_a_notification_and_pass_it_on_once_it_is_back_though_killed_meanwhile()
    {
        await using var broker = await Broker.StartAsync();
        await using var gateway = await ServiceProcess.StartAsync("Gateway", new Dictionary<string, string>
        {
            ["Bus:Address"] = broker.Address.ToString(),
            ["Bus:HeartbeatSeconds"] = "2",
            ["Store:Folder"] = "{folder}/store",
            ["Registry:Default"] = TheGateway.Registry,
            ["Tokens:AdminFile"] = "{folder}/admin.token",
            ["Hooks:Registries:0:Host"] = TheGateway.Registry,
            ["Hooks:Registries:0:Secret"] = TheGateway.HookSecret,
        });
        var registry = new ApiClient(gateway.Url, TheGateway.HookSecret);
        var queue = await ListenAsync(broker);
        await broker.StopAsync();

        var push = Notifier.Push("away/api", "1.0");
        var answer = await registry.PostAsync("hooks/registry", Notifier.Envelope((JsonObject)push.DeepClone()));
        var repeated = await registry.PostAsync("hooks/registry", push);
        Assert.That(answer.Status, Is.EqualTo(HttpStatusCode.Accepted), answer.Text);
        Assert.That(Notifier.Counts(answer), Is.EqualTo((1, 0, 0, 0)));
        Assert.That(Notifier.Counts(repeated), Is.EqualTo((0, 1, 0, 0)));

        await gateway.KillAsync(); // what it had in memory only is gone
        await gateway.StartAgainAsync("/healthz");
        var afterwards = await registry.PostAsync("hooks/registry", Notifier.Envelope((JsonObject)push.DeepClone()));
        Assert.That(Notifier.Counts(afterwards), Is.EqualTo((0, 1, 0, 0)));

        await broker.StartAgainAsync();
        await using var reader = await PlainPublisher.ConnectAsync(broker);
        var told = await Wait.ForAsync("the hint", () => reader.TakeNowAsync(queue), Reconnecting);
        var hint = JsonNode.Parse(told.Body.Span)!;
        Assert.That(
            ((string?)hint["image"]!["repository"], (string?)hint["tag"], (string?)hint["eventId"]),
            Is.EqualTo(("away/api", "1.0", (string?)push["id"])));
    }

    private static async Task<string> ListenAsync(Broker broker)
    {
        await using var client = await AmqpClient.ConnectAsync(broker.Address); // with it the exchange is there
        await using var listener = await PlainPublisher.ConnectAsync(broker);
        return await listener.ListenAsync("builds.image-pushed");
    }
}
