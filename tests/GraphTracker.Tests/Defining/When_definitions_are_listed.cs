using Builds.Contracts;
using Builds.GraphTracker.Tests.Cascading;
using Builds.Parts;
using Graph = Builds.GraphTracker.Tests.Layers.Graph;

namespace Builds.GraphTracker.Tests.Defining;

/// <summary>GraphTracker as a process, and a Gateway that lists what it has page by page.</summary>
public sealed class When_definitions_are_listed
{
    private Broker _broker = null!;
    private PlayedGateway _gateway = null!;
    private World _world = null!;

    [OneTimeSetUp]
    public async Task A_broker()
    {
        _broker = await Broker.StartAsync();
        _gateway = await PlayedGateway.StartAsync(_broker);
    }

    [OneTimeTearDown]
    public async Task No_broker()
    {
        await _gateway.DisposeAsync();
        await _broker.DisposeAsync();
    }

    [SetUp]
    public async Task Some_are_defined()
    {
        (_gateway.Page, _gateway.Meanwhile) = (500, null);
        _world = World.Empty();
        foreach (var repository in new[] { "a", "b", "c", "d", "e" })
            await _world.DefineAsync(repository); // versions 1 to 5
    }

    [TearDown]
    public async Task Gone() => await _world.DisposeAsync();

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(3)]
    [TestCase(500)]
    public async Task Should_know_what_is_listed_and_nothing_else_however_it_is_cut_into_pages(int page)
    {
        _gateway.Page = page;
        _gateway.Defined = [Defined("b", 50), Defined("d", 51), Defined("x", 52)];
        await using var tracker = await StartAsync();

        await UntilAsync("a 1: forgotten", "b 50: listed", "c 3: forgotten", "d 51: listed", "e 5: forgotten", "x 52: listed");
    }

    [Test]
    public async Task Should_forget_however_many_there_are_no_more()
    {
        const int many = 1100;
        foreach (var number in Enumerable.Range(0, many))
            await _world.DefineAsync($"many/{number}");
        _gateway.Defined = [Defined("e", 5), Defined("z", 2000)];
        await using var tracker = await StartAsync();

        await Wait.UntilAsync("all of them to be forgotten", () =>
            _world.Definitions.Count(one => one.EndsWith("forgotten", StringComparison.Ordinal)) == 4 + many);
        Assert.That(_world.Definitions, Has.Count.EqualTo(5 + many + 1));
    }

    [Test]
    public async Task Should_be_healed_by_the_next_when_it_is_killed_between_two_pages()
    {
        var killed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _gateway.Page = 1;
        _gateway.Defined = [Defined("b", 50), Defined("d", 51)];
        _gateway.Meanwhile = after => after == "b" ? killed.Task : Task.CompletedTask;
        await using var tracker = await StartAsync();
        await UntilAsync("a 1: forgotten", "b 50: listed", "c 3: main", "d 4: main", "e 5: main");

        await tracker.KillAsync();
        killed.SetResult();
        _gateway.Meanwhile = null;
        _gateway.Defined = [Defined("a", 60), Defined("d", 51)]; // told to nobody
        await tracker.StartAgainAsync();

        await UntilAsync("a 60: listed", "b 50: forgotten", "c 3: forgotten", "d 51: listed", "e 5: forgotten");
    }

    [Test]
    public async Task Should_be_as_the_Gateway_has_them_when_it_was_restored_from_an_older_copy()
    {
        _gateway.Defined = [Defined("b", 50), Defined("c", 51)];
        await using var tracker = await StartAsync();
        await UntilAsync("a 1: forgotten", "b 50: listed", "c 51: listed", "d 4: forgotten", "e 5: forgotten");

        await tracker.KillAsync();
        _gateway.Defined = [Defined("a", 1), Defined("b", 49), Defined("c", 51)];
        await tracker.StartAgainAsync();

        await UntilAsync("a 1: listed", "b 49: listed", "c 51: listed", "d 4: forgotten", "e 5: forgotten");
    }

    [Test]
    public async Task Should_keep_what_is_defined_while_a_page_is_on_its_way()
    {
        _gateway.Defined = [Defined("b", 50)];
        _gateway.Meanwhile = async _ =>
        {
            await _gateway.PublishAsync(Defined("c", 60));
            await _gateway.PublishAsync(Defined("new", 61));
            await _gateway.PublishAsync(new ImageForgotten { Image = Defined("b", 0).Image, Version = 62 });
            await UntilAsync("a 1: main", "b 62: forgotten", "c 60: listed", "d 4: main", "e 5: main", "new 61: listed");
        };
        await using var tracker = await StartAsync();

        await UntilAsync(
            "a 1: forgotten", "b 62: forgotten", "c 60: listed", "d 4: forgotten", "e 5: forgotten", "new 61: listed");
    }

    private Task UntilAsync(params string[] definitions) =>
        Wait.UntilAsync(string.Join(", ", definitions), () => _world.Definitions.SequenceEqual(definitions));

    private Task<ServiceProcess> StartAsync() => ServiceProcess.StartAsync("GraphTracker", new Dictionary<string, string>
    {
        ["Bus:Address"] = _broker.Address.ToString(),
        ["Store:Folder"] = _world.Folder,
        ["Registries:Default"] = Graph.Host,
    });

    private static ImageDefined Defined(string repository, long version) => new()
    {
        Image = new ImageReference { Registry = Graph.Host, Repository = repository },
        Version = version,
        Source = new GitSource { Git = "https://git.example.org/x.git", Ref = "listed" },
        Tags = ["latest"],
        Rebuild = new RebuildPolicy(),
    };
}
