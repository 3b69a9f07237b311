using System.Xml.Linq;
using Builds.Parts;

namespace Builds.Gateway.Tests.Flagging;

public sealed class When_badges_are_not_public
{
    [Test]
    public async Task Should_show_them_to_who_may_read_the_image()
    {
        await using var broker = await Broker.StartAsync();
        await using var process = await ServiceProcess.StartAsync("Gateway", new Dictionary<string, string>
        {
            ["Bus:Address"] = broker.Address.ToString(),
            ["Store:Folder"] = "{folder}/store",
            ["Registry:Default"] = TheGateway.Registry,
            ["Tokens:AdminFile"] = "{folder}/secrets/admin.token",
            ["Badges:Public"] = "false",
        });
        var token = (await File.ReadAllTextAsync(Path.Combine(process.Folder, "secrets/admin.token"))).Trim();
        var admin = new ApiClient(process.Url, token);
        await admin.DefineAsync("hidden/api");
        await admin.BuildAsync(new { image = "hidden/api" });

        Assert.That(await StateAsync(admin), Is.EqualTo("building"));
        Assert.That(await StateAsync(await WithTokenAsync("hidden", "read")), Is.EqualTo("building"));
        Assert.That(await StateAsync(await WithTokenAsync("other", "read")), Is.EqualTo("unknown"));
        Assert.That(await StateAsync(new ApiClient(process.Url, token: null)), Is.EqualTo("unknown"));

        async Task<ApiClient> WithTokenAsync(string ns, string scope)
        {
            var made = await admin.PostAsync("v1/tokens", new { name = "test", @namespace = ns, scopes = new[] { scope } });
            return new ApiClient(process.Url, (string?)made.Json["token"]);
        }
    }

    private static async Task<string> StateAsync(ApiClient client)
    {
        var answer = await client.GetAsync("badges/hidden/api.svg");
        Assert.That((int)answer.Status, Is.EqualTo(200), answer.Text);
        return XDocument.Parse(answer.Text).Root!.Attribute("aria-label")!.Value["image: ".Length..];
    }
}
