using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Builds.Parts;
using Builds.Worker.Sources;

namespace Builds.Worker.Tests.Sources;

public sealed class When_a_checkout_is_cancelled
{
    private CheckoutDriver _driver = null!;

    [SetUp]
    public void Start() => _driver = CheckoutDriver.Create();

    [TearDown]
    public void Stop() => _driver.Dispose();

    [Test]
    public async Task Should_end_the_process_and_wipe_the_folder()
    {
        await using var server = await BadGitServer.EndlessPackAsync();
        using var cancel = new CancellationTokenSource();
        var checkingOut = _driver.CreateAsync(server.Url, cancel: cancel.Token);
        await Wait.UntilAsync("the pack to be written", () => server.Sent > 1 << 20);
        Assert.That(_driver.Processes(), Is.EqualTo(1));
        await cancel.CancelAsync();
        Assert.That(async () => await checkingOut, Throws.InstanceOf<OperationCanceledException>());
        await _driver.AssertNothingIsLeftAsync();
    }

    [Test]
    public async Task Should_end_ssh_too()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var cancel = new CancellationTokenSource();
        var key = new GitCredential(GitCredentialKind.GitSsh, "127.0.0.1", PrivateKey: "none", KnownHosts: "none");
        var checkingOut = _driver.CreateAsync(
            $"ssh://git@{listener.LocalEndpoint}/team/api.git", credential: key, cancel: cancel.Token);
        using var client = await listener.AcceptTcpClientAsync();
        Assert.That(_driver.Processes(), Is.EqualTo(2));
        await cancel.CancelAsync();
        Assert.That(async () => await checkingOut, Throws.InstanceOf<OperationCanceledException>());
        await _driver.AssertNothingIsLeftAsync();
    }

    [Test]
    public async Task Should_end_by_itself_when_the_worker_is_gone()
    {
        await using var server = await BadGitServer.SilentAsync();
        using var folder = new TempFolder("src");
        using var process = Process.Start(new ProcessStartInfo("setsid")
        {
            ArgumentList =
            {
                "dotnet",
                Path.Combine(AppContext.BaseDirectory, "Builds.Worker.dll"),
                CheckoutCommand.Name,
            },
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            WorkingDirectory = folder.FullPath,
        })!;
        await process.StandardInput.WriteLineAsync(
            $$$"""
            {"folder":"{{{folder}}}","source":{"git":"{{{server.Url}}}","ref":"main"},
            """.TrimEnd()
            + """ "options":{"allowedHosts":["127.0.0.1"],"maxReceivedBytes":1024}}""");
        await process.StandardInput.FlushAsync();
        await Wait.UntilAsync("the request", () => server.Requests == 1);
        process.StandardInput.Close();
        await process.WaitForExitAsync().WaitAsync(Wait.Generous);
        Assert.That(process.ExitCode, Is.EqualTo(128 + 9));
    }
}
