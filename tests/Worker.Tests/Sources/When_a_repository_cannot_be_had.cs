using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Builds.Contracts;
using Builds.Parts;
using Builds.Worker.Sources;

namespace Builds.Worker.Tests.Sources;

public sealed class When_a_repository_cannot_be_had
{
    private CheckoutDriver _driver = null!;
    private GitServer _server = null!;
    private GitRepository _repository = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        _driver = CheckoutDriver.Create();
        _server = await GitServer.StartAsync();
        _repository = await _server.CreateRepositoryAsync("team/api.git");
        await _repository.CommitAsync(("Dockerfile", "FROM scratch\n"));
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        _driver.Dispose();
        await _server.DisposeAsync();
    }

    [Test]
    public async Task Should_say_that_it_is_not_there() =>
        Assert.That(
            (await _driver.FailureAsync(new Uri(_server.Url, "team/none.git"))).Message,
            Does.Contain($"There is no repository at {_server.Url}team/none.git"));

    [Test]
    public async Task Should_say_that_the_ref_is_not_there_and_which_are() =>
        Assert.That(
            (await _driver.FailureAsync(_server.UrlOf(_repository), "maim")).Message,
            Does.Contain("no branch or tag maim; its branches are main"));

    [Test]
    public async Task Should_say_that_it_is_empty()
    {
        var repository = await _server.CreateRepositoryAsync("team/empty.git");
        Assert.That((await _driver.FailureAsync(_server.UrlOf(repository))).Message, Does.Contain("is empty"));
    }

    [TestCase("--upload-pack=/bin/sh")]
    [TestCase("main\nmain")]
    [TestCase("a..b")]
    [TestCase("main^{/x}")]
    [TestCase("")]
    public async Task Should_refuse_names_that_no_ref_can_have(string name) =>
        Assert.That(
            (await _driver.FailureAsync(_server.UrlOf(_repository), name)).Message,
            Does.StartWith("No branch, tag or commit can be called"));

    [TestCase("main")]
    [TestCase("abc123")]
    [TestCase("--upload-pack=/bin/sh")]
    public async Task Should_refuse_what_is_no_full_commit(string commit) =>
        Assert.That(
            (await _driver.FailureAsync(_server.UrlOf(_repository), "main", commit)).Message,
            Does.Contain("is no full commit id"));

    [TestCase("ext::sh -c id")]
    [TestCase("git@-oProxyCommand=id:x")]
    [TestCase("/etc")]
    public async Task Should_refuse_urls_that_are_none(string url) =>
        Assert.That((await _driver.FailureAsync(url)).Class, Is.EqualTo(FailureClass.Policy));

    [TestCase("http://127.1:{port}/team/api.git")]
    [TestCase("http://[::ffff:127.0.0.1]:{port}/team/api.git")]
    [TestCase("http://0.0.0.0:{port}/team/api.git")]
    [TestCase("http://[::]:{port}/team/api.git")]
    [TestCase("http://localhost:{port}/team/api.git")]
    [TestCase("ssh://git@localhost:{port}/team/api.git")]
    public async Task Should_not_even_connect_to_an_address_that_is_closed(string url)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        using var driver = CheckoutDriver.Create(new SourceOptions());
        var failure = await driver.FailureAsync(url.Replace("{port}", $"{port}", StringComparison.Ordinal));
        Assert.That(failure.Class, Is.EqualTo(FailureClass.Policy));
        Assert.That(failure.Message, Does.Contain("Sources:AllowedHosts"));
        Assert.That(listener.Pending(), Is.False);
    }

    [Test]
    public async Task Should_judge_where_it_is_redirected_to()
    {
        await using var redirecting = await BadGitServer.RedirectingAsync(new Uri("http://127.0.0.2:9/"));
        var failure = await _driver.FailureAsync(redirecting.Url);
        Assert.That(failure.Class, Is.EqualTo(FailureClass.Policy));
        Assert.That(failure.Message, Does.Contain("127.0.0.2"));
    }

    [Test]
    public async Task Should_follow_a_redirect_to_where_it_may_go()
    {
        await using var redirecting = await BadGitServer.RedirectingAsync(_server.Url);
        await using var checkout = await _driver.CreateAsync(redirecting.Url);
        Assert.That(File.Exists(Path.Combine(checkout.Root, "Dockerfile")));
    }

    [Test]
    public async Task Should_not_follow_redirects_for_ever()
    {
        await using var circle = await RecordingServer.StartAsync(
            context => context.Response.Redirect(context.Request.Path + context.Request.QueryString.ToString()));
        Assert.That(
            (await _driver.FailureAsync(new Uri(circle.Url, "team/api.git"))).Message,
            Does.Contain("redirects more than 5 times"));
        Assert.That(circle.Authorizations, Has.Count.EqualTo(6));
    }

    [Test]
    public async Task Should_not_take_a_page_to_log_in_for_a_repository()
    {
        await using var forge = await RecordingServer.StartAsync(
            context => context.Response.Redirect("/users/sign_in"));
        Assert.That(
            (await _driver.FailureAsync(new Uri(forge.Url, "team/api.git"))).Message,
            Does.Contain("may need credentials"));
    }

    [Test]
    public async Task Should_say_that_nobody_listens_after_trying_again()
    {
        using var driver = CheckoutDriver.Create(
            new SourceOptions
            {
                AllowedHosts = CheckoutDriver.Loopback,
                Retries = 2,
                RetryDelay = TimeSpan.FromMilliseconds(1),
            });
        var failure = await driver.FailureAsync($"http://127.0.0.1:{FreePort.Next()}/team/api.git");
        Assert.That(failure.Class, Is.EqualTo(FailureClass.Author));
        Assert.That(failure.Message, Does.Contain("cannot be reached").And.Contain("Connection refused"));
        Assert.That(driver.Said.Count(line => line.EndsWith("Trying again.", StringComparison.Ordinal)), Is.EqualTo(2));
    }

    [Test]
    public async Task Should_say_that_it_is_no_git_server()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var answering = AnswerAsync(
            listener, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nHi");
        var failure = await _driver.FailureAsync($"http://{listener.LocalEndpoint}/team/api.git");
        await answering;
        Assert.That(failure.Message, Does.Contain("is no git server").And.Contain("text/html"));
    }

    [Test]
    public async Task Should_not_trust_a_certificate_that_nobody_vouches_for()
    {
        using var authority = new PrivateAuthority();
        var (certificate, key) = authority.Issue([IPAddress.Loopback]);
        using var pem = X509Certificate2.CreateFromPem(certificate, key);
        using var own = X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pfx), null);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var shaking = ShakeHandsAsync(listener, own);
        var failure = await _driver.FailureAsync($"https://{listener.LocalEndpoint}/team/api.git");
        await shaking;
        Assert.That(failure.Message, Does.Contain("certificate of 127.0.0.1 is not trusted"));
    }

    private static async Task AnswerAsync(TcpListener listener, string answer)
    {
        using var client = await listener.AcceptTcpClientAsync();
        await using var stream = client.GetStream();
        _ = await stream.ReadAsync(new byte[4096]);
        await stream.WriteAsync(System.Text.Encoding.ASCII.GetBytes(answer));
    }

    private static async Task ShakeHandsAsync(TcpListener listener, X509Certificate2 certificate)
    {
        using var client = await listener.AcceptTcpClientAsync();
        await using var tls = new SslStream(client.GetStream());
        try
        {
            await tls.AuthenticateAsServerAsync(certificate);
            _ = await tls.ReadAsync(new byte[1]);
        }
        catch (Exception refused) when (refused is IOException or AuthenticationException)
        {
            TestContext.Out.WriteLine(refused.Message);
        }
    }
}
