using Builds.Contracts;
using Builds.Parts;
using Builds.ServiceDefaults;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using BaseImage = Builds.Contracts.BaseImage;

namespace Builds.GraphTracker.Tests.AskingRegistries;

public sealed class When_an_operator_asks_how_registries_do
{
    [Test]
    public async Task Should_answer_for_each_that_is_known_and_name_those_that_are_not()
    {
        await using var broker = await Broker.StartAsync();
        await using var registry = await Registry.StartAsync();
        await registry.PushBaseAsync("team/os", "1", labels: new Dictionary<string, string>
        {
            ["org.opencontainers.image.base.name"] = "elsewhere.example.org/os:1",
            ["org.opencontainers.image.base.digest"] = Digest('a'),
        });
        var down = $"127.0.0.1:{FreePort.Next()}";
        await using var graphTracker = await ServiceProcess.StartAsync("GraphTracker", new Dictionary<string, string>
        {
            ["Bus:Address"] = broker.Address.ToString(),
            ["Store:Folder"] = "{folder}",
            ["Registries:Default"] = registry.Host,
            ["Registries:Retries"] = "0",
            ["Registries:Known:0:Host"] = registry.Host,
            ["Registries:Known:1:Host"] = down,
        });
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration["Bus:Address"] = broker.Address.ToString();
        builder.AddBus(_ => { }, _ => { });
        using var host = builder.Build();
        await host.StartAsync();
        var bus = host.Services.GetRequiredService<IBus>();
        await bus.Publish(BuiltOn("built.example.org/os:1", registry.Host));
        await bus.Publish(new ImagePushed
        {
            Image = new ImageReference { Registry = "pushed.example.org", Repository = "team/api" }, Tag = "1", Digest = Digest('b'),
        });
        var client = bus.CreateRequestClient<ListRegistries>(new Uri("exchange:graph-tracker.list-registries"));

        var answer = await Wait.ForAsync("both to have been asked and the question to be answered", async () =>
        {
            var reports = (await client.GetResponse<RegistryReports>(new ListRegistries())).Message;
            return reports is { Items: [{ ReconciledAt: not null, Waiting: 0 }, { Problem: not null }], Unknown.Count: >= 3 } ? reports : null;
        });

        Assert.Multiple(() =>
        {
            Assert.That(answer.Items.Select(report => report.Registry), Is.EqualTo(new[] { registry.Host, down }));
            Assert.That((answer.Items[0].Tags, answer.Items[0].Found, answer.Items[0].Problem), Is.EqualTo((1, 1, (string?)null)));
            Assert.That(answer.Items[1].Problem, Does.Contain("cannot be reached"));
            Assert.That(answer.Unknown, Is.EqualTo(new[] { "built.example.org", "elsewhere.example.org", "pushed.example.org" }));
        });
        await host.StopAsync();
    }

    private static BuildCompleted BuiltOn(string reference, string registry) => new()
    {
        BuildId = Guid.NewGuid(),
        Attempt = 1,
        Outcome = BuildOutcome.Succeeded,
        Image = new ImageReference { Registry = registry, Repository = "team/built" },
        Tags = ["1"],
        Source = new GitSource { Git = "https://git.example.org/team/built.git", Ref = "main" },
        Digest = Digest('c'),
        Pushed = [],
        Bases =
        [
            new BaseImage { Reference = reference, Digest = Digest('d'), Stage = "0", Kind = BaseImageKind.From, Pinned = false },
        ],
        Phases = [],
        LogBatches = 0,
        CompletedAt = TimeProvider.System.GetUtcNow(),
    };

    private static string Digest(char digit) => "sha256:" + new string(digit, 64);
}
