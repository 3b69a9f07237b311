using System.Net;
using Builds.Parts;

namespace Builds.GraphTracker.Tests;

public sealed class When_the_broker_is_away
{
    [Test]
    public async Task Should_be_alive_but_not_ready_until_it_is_back()
    {
        await using var broker = await Broker.StartAsync();
        await using var wasConnected = await StartAsync(broker, "/readyz");
        await broker.KillAsync();
        await using var neverConnected = await StartAsync(broker, "/healthz");

        await AnswersAsync(wasConnected, "/readyz", HttpStatusCode.ServiceUnavailable);
        Assert.That(await AnswerAsync(neverConnected, "/readyz"), Is.EqualTo(HttpStatusCode.ServiceUnavailable));
        Assert.That(await AnswerAsync(wasConnected, "/healthz"), Is.EqualTo(HttpStatusCode.OK));

        await broker.StartAgainAsync();
        await AnswersAsync(wasConnected, "/readyz", HttpStatusCode.OK);
        await AnswersAsync(neverConnected, "/readyz", HttpStatusCode.OK);
    }

    private static Task<ServiceProcess> StartAsync(Broker broker, string readyPath) =>
        ServiceProcess.StartAsync(
            "GraphTracker",
            new Dictionary<string, string>
            {
                ["Bus:Address"] = broker.Address.ToString(),
                ["Store:Folder"] = "{folder}",
                ["Registries:Default"] = "registry.example.org",
            },
            readyPath);

    private static Task AnswersAsync(ServiceProcess service, string path, HttpStatusCode expected) =>
        Wait.UntilAsync($"{expected} from {path}", async () => await AnswerAsync(service, path) == expected);

    private static async Task<HttpStatusCode> AnswerAsync(ServiceProcess service, string path)
    {
        using var answer = await service.Http.GetAsync(new Uri(path, UriKind.Relative));
        return answer.StatusCode;
    }
}
