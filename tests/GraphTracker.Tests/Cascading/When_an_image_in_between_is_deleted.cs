namespace Builds.GraphTracker.Tests.Cascading;

/// <summary>Its layers are in what was built on it, wherever it is.</summary>
public sealed class When_an_image_in_between_is_deleted
{
    private World _world = null!;

    [SetUp]
    public async Task Api_over_tools_over_runtime_over_os()
    {
        _world = World.Empty();
        await _world.PushAsync("os", "1");
        await _world.GrowAsync("runtime", "os");
        await _world.GrowAsync("tools", "runtime");
        await _world.GrowAsync("api", "tools");
        await _world.DecideAsync();
    }

    [TearDown]
    public async Task TearDownAsync() => await _world.DisposeAsync();

    [Test]
    public async Task Should_flag_what_stands_on_it_when_what_it_stood_on_moves_and_rebuild_nothing()
    {
        await _world.Graph.DeleteAsync("tools", "latest");
        await _world.SettleAsync();
        Assert.That(_world.Outdated, Is.Empty);

        await _world.PushAsync("os", "2");
        await _world.SettleAsync();

        Assert.That(_world.Rebuilt, Is.EqualTo(new[] { "runtime" }));
        Assert.That(_world.Outdated, Is.EqualTo(new[] { "api: ancestor" }));
        Assert.That(_world.NextOf("api"), Does.Contain("tools:latest").And.Contain("was deleted"));
        Assert.That(Through("api"), Is.EqualTo($"{Layers.Graph.Host}/tools:latest"));
        Assert.That(_world.Cascades, Is.EqualTo(new[] { "done" }));
    }

    [TestCase("tools")]
    [TestCase("tools", "runtime")]
    public async Task Should_leave_what_stands_on_it_outdated(params string[] deleted)
    {
        await _world.PushAsync("os", "2");
        await _world.DecideAsync();
        Assert.That(_world.Outdated, Has.Member("api: waits"));

        foreach (var image in deleted)
            await _world.Graph.DeleteAsync(image, "latest");
        await _world.DecideAsync();

        Assert.That(_world.Outdated, Has.Member("api: ancestor").And.Not.Contains("tools"));
    }

    [Test]
    public async Task Should_know_it_also_where_that_alone_is_decided_again()
    {
        await _world.ForgetAsync("runtime");
        await _world.Graph.DeleteAsync("tools", "latest");
        await _world.PushAsync("os", "2");
        await _world.SettleAsync();
        string[] expected = ["api: ancestor", "runtime: notDefined"];
        Assert.That(_world.Outdated, Is.EqualTo(expected));

        await _world.DefineAsync("api");
        await _world.SettleAsync();

        Assert.That(_world.Outdated, Is.EqualTo(expected));
    }

    [Test]
    public async Task Should_preview_what_will_be_flagged()
    {
        await _world.Graph.DeleteAsync("tools", "latest");
        await _world.DecideAsync();

        var preview = _world.Preview("os");

        Assert.That(preview.Rebuilt.Select(node => node.Image), Is.EqualTo(new[] { $"{Layers.Graph.Host}/runtime" }));
        Assert.That(preview.Flagged.Select(node => node.Image), Is.EqualTo(new[] { $"{Layers.Graph.Host}/api" }));
    }

    [Test]
    public async Task Should_rebuild_all_in_order_once_it_is_there_again()
    {
        await _world.Graph.DeleteAsync("tools", "latest");
        await _world.PushAsync("os", "2");
        await _world.SettleAsync();

        await _world.Graph.PushAsync("tools", "latest", _world.Image("tools"));
        await _world.SettleAsync();

        Assert.That(_world.Rebuilt, Is.EqualTo(new[] { "runtime", "tools", "api" }));
        Assert.That(_world.Outdated, Is.Empty);
    }

    [Test]
    public async Task Should_be_content_with_what_is_built_on_another()
    {
        await _world.Graph.DeleteAsync("tools", "latest");
        await _world.PushAsync("os", "2");
        await _world.SettleAsync();

        await _world.GrowAsync("api", "runtime");
        await _world.SettleAsync();

        Assert.That(_world.Outdated, Is.Empty);
    }

    private string Through(string repository) => _world.Graph.Query<string>($"""
        select through from verdict join tag on tag.id = verdict.tag join image on image.id = tag.image
         where image.repository = '{repository}'
        """).Single();
}
