using Builds.Parts;
using Builds.Worker.Images;
using Builds.Worker.Images.Sessions;

namespace Builds.Worker.Tests.Images.Sessions;

/// <summary>It is the machine's fault in each case, so the build is tried again on another.</summary>
public sealed class When_a_daemon_takes_part_in_no_session
{
    [Test]
    public async Task Should_be_said_to_be_lost_where_nobody_listens()
    {
        var nobody = new DaemonEndpoint(new Uri($"tcp://127.0.0.1:{FreePort.Next()}"), null);
        await LostAsync(nobody, "was lost before the build: Connection refused");
    }

    [Test]
    public async Task Should_be_said_to_be_lost_where_its_socket_is_gone()
    {
        using var folder = new TempFolder("gone");
        await LostAsync(new DaemonEndpoint(new Uri($"unix://{folder.File("docker.sock")}"), null), "was lost before the build");
    }

    [Test]
    public async Task Should_be_said_to_be_lost_where_it_hangs_up()
    {
        await using var daemon = new PlayedDaemon("");
        await LostAsync(daemon.Endpoint, "was lost before the build");
    }

    [Test]
    public async Task Should_be_said_to_be_too_old_where_it_knows_none()
    {
        await using var daemon = new PlayedDaemon("404 Not Found\r\nContent-Length: 14\r\n\r\npage not found");
        await LostAsync(daemon.Endpoint, "does not take part in a session (404 page not found");
    }

    private static async Task LostAsync(DaemonEndpoint daemon, string said)
    {
        var dockerfile = Dockerfile.Parse("Dockerfile", "FROM scratch\n", FrontendChoice.AsWritten);
        var files = new SessionFiles(dockerfile, new BuildContext("/nowhere", DockerIgnore.Nothing, null));
        await Assert.ThatAsync(
            () => BuildSession.OpenAsync(daemon, files, CancellationToken.None),
            Throws.TypeOf<DaemonFaultException>().With.Message.Contains($"at {daemon.Address} {said}"));
    }
}
