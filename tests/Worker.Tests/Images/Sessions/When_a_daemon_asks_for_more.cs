using Builds.Parts;
using Builds.Worker.Images;
using Builds.Worker.Images.Sessions;
using Grpc.Core;

namespace Builds.Worker.Tests.Images.Sessions;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class When_a_daemon_asks_for_more : IAsyncDisposable
{
    private readonly TempFolder _folder = new("asked");
    private readonly PlayedDaemon _daemon = new();
    private BuildSession _session = null!;

    [SetUp]
    public async Task A_session()
    {
        foreach (var (name, text) in new[] { ("Dockerfile", "FROM scratch\n"), ("page", "hello"), ("sub/other", "bye") })
            await File.WriteAllTextAsync(_folder.File(name.Split('/')), text);
        var dockerfile = Dockerfile.Parse("Dockerfile", "FROM scratch\nCOPY page /\n", FrontendChoice.AsWritten);
        var context = new BuildContext(_folder.FullPath, DockerIgnore.Nothing, "Dockerfile");
        _session = await BuildSession.OpenAsync(
            _daemon.Endpoint, new SessionFiles(dockerfile, context), CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        if (_session is not null)
            await _session.DisposeAsync();
        await _daemon.DisposeAsync();
        _folder.Dispose();
    }

    [Test]
    public async Task Should_get_the_Dockerfile_alone_and_the_context_by_themselves()
    {
        var dockerfile = await _daemon.AskAsync("dockerfile", 0);
        Assert.That((dockerfile.Status, dockerfile.Paths), Is.EqualTo((StatusCode.OK, new[] { "Dockerfile" })));
        Assert.That(dockerfile.Texts, Is.EqualTo(new[] { "FROM scratch\nCOPY page /\n" }));

        var context = await _daemon.AskAsync("context", 3, 1);
        Assert.That((context.Status, context.Paths),
            Is.EqualTo((StatusCode.OK, new[] { "Dockerfile", "page", "sub", "sub/other" })));
        Assert.That(context.Texts, Is.EqualTo(new[] { "bye", "hello" }));
    }

    /// <summary>Kestrel looks once a second for connections that it has waited on long enough.</summary>
    [Test]
    public async Task Should_be_served_however_long_it_has_asked_for_nothing()
    {
        await _daemon.AskAsync("dockerfile", 0);
        await Task.Delay(TimeSpan.FromSeconds(4));
        Assert.That((await _daemon.AskAsync("context", 1)).Texts, Is.EqualTo(new[] { "hello" }));
    }

    [TestCase("/etc")]
    [TestCase("context/../..")]
    [TestCase("Context")]
    [TestCase("")]
    public async Task Should_get_no_other_folder(string folder)
    {
        var answer = await _daemon.AskAsync(folder, 0);
        Assert.That((answer.Status, answer.Packets.Count), Is.EqualTo((StatusCode.NotFound, 0)));
    }

    [TestCase(1u, 1u, Description = "it was sent before")]
    [TestCase(1u, 4u, Description = "one more than there are")]
    [TestCase(1u, uint.MaxValue)]
    [TestCase(1u, 2u, Description = "a folder")]
    public async Task Should_get_each_file_once_and_what_is_none_never(uint first, uint second)
    {
        var answer = await _daemon.AskAsync("context", first, second, 3);
        Assert.That(answer.Status, Is.EqualTo(StatusCode.OutOfRange));
        Assert.That(answer.Texts, Is.EqualTo(new[] { "hello" }), "and nothing after it");
    }
}
