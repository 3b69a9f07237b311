using Builds.GraphTracker.Layers;
using Builds.GraphTracker.Registries;
using static Builds.GraphTracker.Tests.Layers.Graph;

namespace Builds.GraphTracker.Tests.Layers;

/// <summary>Images with the same layers, and no history that says on which of them another stands.</summary>
public sealed class When_twins_cannot_be_told_apart
{
    private static readonly SeenImage One = Image("os x", config: "one", history: "");
    private static readonly SeenImage Other = Image("os x", config: "other", history: "");
    private static readonly SeenImage Third = Image("os x", config: "third", history: "");
    private static readonly SeenImage Child = Image("os x app", history: "");

    private Graph _graph = null!;

    [SetUp]
    public void SetUp() => _graph = Graph.Empty();

    [TearDown]
    public async Task TearDownAsync() => await _graph.DisposeAsync();

    [TestCase("child one:1 other:1")]
    [TestCase("one:1 other:1 child")]
    [TestCase("other:1 one:1 child")]
    [TestCase("one:1 other:2 child")]
    public async Task Should_name_none_of_them(string order)
    {
        await _graph.PushAsync("os", "1", Image("os", history: ""));
        await InOrderAsync(order);

        Assert.That(OfChild, Is.Empty);
    }

    [Test]
    public async Task Should_name_no_tag_of_one_repository_rather_than_another()
    {
        await _graph.PushAsync("base", "1", One);
        await _graph.PushAsync("base", "2", Other);
        await _graph.PushAsync("child", "1", Child);

        Assert.That(OfChild, Is.Empty);
    }

    [Test]
    public async Task Should_name_none_of_those_that_a_child_of_the_same_layers_continues()
    {
        await _graph.PushAsync("one", "1", Image("os", config: "one", history: "os"));
        await _graph.PushAsync("other", "1", Image("os", config: "other", history: "os"));
        await _graph.PushAsync("child", "1", Image("os", history: "os env"));

        Assert.That(OfChild, Is.Empty);
    }

    [Test]
    public async Task Should_name_the_one_that_was_there_before_the_child()
    {
        await InOrderAsync("one:1 child other:1");

        Assert.That(OfChild, Is.EqualTo(new[] { "child:1 → one:1 finalFrom 4" }));
    }

    [Test]
    public async Task Should_take_all_that_a_tag_has_pointed_to_for_one([Values(0, 1, 2)] int childIs)
    {
        var steps = new List<Func<Task>>
        {
            () => _graph.PushAsync("base", "1", One), () => _graph.PushAsync("base", "1", Other),
        };
        steps.Insert(childIs, () => _graph.PushAsync("child", "1", Child));
        foreach (var step in steps)
            await step();

        var stale = childIs < 2; // before the last, it is on the first
        Assert.That(OfChild, Is.EqualTo(new[] { "child:1 → base:1 finalFrom 4" + (stale ? " stale" : "") }));

        await _graph.PushAsync("base", "1", Third);
        Assert.That(OfChild, Is.EqualTo(new[] { "child:1 → base:1 finalFrom 4 stale" }));
    }

    [Test]
    public async Task Should_name_only_the_tags_that_all_of_them_have_had()
    {
        await _graph.PushAsync("base", "1.0", One);
        await _graph.PushAsync("base", "1", One);
        await _graph.PushAsync("base", "1.1", Other);
        await _graph.PushAsync("base", "1", Other);
        await _graph.PushAsync("child", "1", Child);

        Assert.That(OfChild, Is.EqualTo(new[] { "child:1 → base:1 finalFrom 4" }));
    }

    [Test]
    public async Task Should_name_the_tag_again_as_soon_as_they_share_it()
    {
        await _graph.PushAsync("child", "1", Child);
        await _graph.PushAsync("base", "1", One);
        await _graph.PushAsync("base", "1.1", Other);
        Assert.That(OfChild, Is.Empty);

        await _graph.PushAsync("base", "1", Other);
        Assert.That(OfChild, Is.EqualTo(new[] { "child:1 → base:1 finalFrom 4 stale" }));
    }

    [Test]
    public async Task Should_not_mind_one_without_a_name()
    {
        await _graph.ReadAsync("other", Other);
        await _graph.PushAsync("one", "1", One);
        await _graph.ReadAsync("third", Third);
        await _graph.PushAsync("child", "1", Child);

        Assert.That(OfChild, Is.EqualTo(new[] { "child:1 → one:1 finalFrom 4" }));
    }

    [Test]
    public async Task Should_not_mind_its_own_earlier_version([Values] bool isNewest)
    {
        if (isNewest)
            await _graph.PushAsync("one", "1", One);
        await _graph.PushAsync("child", "1", Other);
        if (!isNewest)
            await _graph.PushAsync("one", "1", One);
        await _graph.PushAsync("child", "1", Child);

        Assert.That(OfChild, Is.EqualTo(new[] { "child:1 → one:1 finalFrom 4" }));
    }

    [Test]
    public async Task Should_believe_whatever_else_tells()
    {
        await InOrderAsync("one:1 other:1 child");
        await _graph.BuiltAsync(Built("child", "1", Child, Used("other:1", Other)));

        Assert.That(OfChild, Is.EqualTo(new[] { "child:1 → other:1 finalFrom 1" }));
    }

    [Test]
    public async Task Should_look_through_them_once_for_all_that_stands_on_them()
    {
        var ofFew = await StepsAsync(twins: 2, children: 40) - await StepsAsync(twins: 2, children: 20);
        var ofMany = await StepsAsync(twins: 200, children: 40) - await StepsAsync(twins: 200, children: 20);

        Assert.That(ofFew, Is.Positive);
        Assert.That(ofMany, Is.LessThan(2 * ofFew), "what a child more costs does not grow with them");
    }

    // Of SQLite's machine, in tens, when what many stand on gets one more tag.
    private static async Task<int> StepsAsync(int twins, int children)
    {
        await using var graph = Graph.Empty();
        SeenImage Twin(int number) => Image("os x", config: $"{number}", history: "");
        await graph.WriteAsync(recording =>
        {
            var (@base, child) = (Names.ImageOf(recording.Db, Host, "base"), Names.ImageOf(recording.Db, Host, "child"));
            for (var number = 1; number <= twins; number++)
                recording.Move(Names.TagOf(recording.Db, @base, "1"), recording.Manifest(@base, Twin(number)), "push");
            for (var number = 1; number <= children; number++)
            {
                var seen = Image($"os x app{number}", history: "");
                recording.Move(Names.TagOf(recording.Db, child, $"{number}"), recording.Manifest(child, seen), "push");
            }

            return true;
        });

        var steps = 0;
        await graph.WriteAsync(recording =>
        {
            SQLitePCL.raw.sqlite3_progress_handler(recording.Db.Handle, 10, _ => { steps++; return 0; }, null);
            var @base = Names.ImageOf(recording.Db, Host, "base");
            return recording.Move(Names.TagOf(recording.Db, @base, "new"), recording.Manifest(@base, Twin(twins)), "push");
        });
        Assert.That(graph.Footings, Has.Count.EqualTo(children));
        return steps;
    }

    private async Task InOrderAsync(string order)
    {
        foreach (var each in order.Split(' '))
        {
            if (each == "child")
                await _graph.PushAsync("child", "1", Child);
            else
                await _graph.PushAsync(each.Split(':')[0], each.Split(':')[1], each.StartsWith("one", StringComparison.Ordinal) ? One : Other);
        }
    }

    private string[] OfChild => [.. _graph.Footings.Where(footing => footing.StartsWith("child:", StringComparison.Ordinal))];
}
