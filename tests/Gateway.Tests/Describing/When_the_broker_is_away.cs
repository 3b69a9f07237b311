using System.Net;
using Builds.Parts;

namespace Builds.Gateway.Tests.Describing;

public sealed class When_the_broker_is_away
{
    [Test]
    public async Task Should_be_ready_though_degraded_and_accept_builds()
    {
        await using var gateway = await ServiceProcess.StartAsync("Gateway", new Dictionary<string, string>
        {
            ["Bus:Address"] = $"amqp://nobody:x@127.0.0.1:{FreePort.Next()}",
            ["Store:Folder"] = "{folder}/store",
            ["Registry:Default"] = TheGateway.Registry,
            ["Tokens:AdminFile"] = "{folder}/admin.token",
        });
        var token = (await File.ReadAllTextAsync(Path.Combine(gateway.Folder, "admin.token"))).Trim();
        var admin = new ApiClient(gateway.Url, token);
        await admin.DefineAsync("away/api");

        var build = await admin.PostAsync("v1/builds", new { image = "away/api" });
        var status = await admin.GetAsync(build.Json["status"]!.GetValue<string>());
        await Wait.UntilAsync("degraded", async () => (await admin.GetAsync("readyz")).Text == "Degraded");

        Assert.That(build.Status, Is.EqualTo(HttpStatusCode.Accepted), build.Text);
        Assert.That(status.Json["waiting"]!.GetValue<string>(), Does.Contain("on its way to the broker"));
        Assert.That((await admin.GetAsync("readyz")).Status, Is.EqualTo(HttpStatusCode.OK));

        await gateway.KillAsync();
        await gateway.StartAgainAsync();
        Assert.That((await admin.GetAsync($"v1/builds/{build.Json["id"]}")).Status, Is.EqualTo(HttpStatusCode.OK));
        Assert.That((await File.ReadAllTextAsync(Path.Combine(gateway.Folder, "admin.token"))).Trim(), Is.EqualTo(token));
    }
}
