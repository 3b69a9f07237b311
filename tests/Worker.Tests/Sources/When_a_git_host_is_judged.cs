using System.Net;
using System.Net.Sockets;
using Builds.Worker.Sources;

namespace Builds.Worker.Tests.Sources;

public sealed class When_a_git_host_is_judged
{
    [TestCase("127.0.0.1")]
    [TestCase("127.1")]
    [TestCase("0x7f.1")]
    [TestCase("0177.1")]
    [TestCase("0177.0.0.01")]
    [TestCase("0x7f000001")]
    [TestCase("2130706433")]
    [TestCase("017700000001")]
    [TestCase("127.0.0.1.")]
    [TestCase("0")]
    [TestCase("0.0.0.0")]
    [TestCase("10.1.2.3")]
    [TestCase("172.31.0.1")]
    [TestCase("192.168.0.1")]
    [TestCase("100.64.0.5")]
    [TestCase("169.254.169.254")]
    [TestCase("168.63.129.16")]
    [TestCase("224.0.0.1")]
    [TestCase("255.255.255.255")]
    [TestCase("[::]")]
    [TestCase("[::1]")]
    [TestCase("[::127.0.0.1]")]
    [TestCase("[::ffff:127.0.0.1]")]
    [TestCase("[::FFFF:7f00:1]")]
    [TestCase("[64:ff9b::10.0.0.1]")]
    [TestCase("[64:ff9b:1::1]")]
    [TestCase("[2002:7f00:1::]")]
    [TestCase("[2001:0:1::1]")]
    [TestCase("[fc00::1]")]
    [TestCase("[fd00:ec2::254]")]
    [TestCase("[fe80::1]")]
    [TestCase("[fec0::1]")]
    [TestCase("[ff02::1]")]
    public async Task Should_refuse_every_spelling_of_a_closed_address(string host)
    {
        Assert.That(await RefusalAsync($"https://{host}/team/api", []), Does.Contain("private network"));
        Assert.That(await RefusalAsync($"ssh://git@{host}:2222/team/api", []), Does.Contain("private network"));
    }

    [TestCase("93.184.215.14")]
    [TestCase("172.32.0.1")]
    [TestCase("100.128.0.1")]
    [TestCase("[2606:4700::6810:84e5]")]
    [TestCase("[64:ff9b::93.184.215.14]")]
    [TestCase("[2002:5db8:d70e::1]")]
    public async Task Should_let_public_addresses_pass(string host) =>
        Assert.That(await RefusalAsync($"https://{host}/team/api", []), Is.Null);

    [TestCase("localhost")]
    [TestCase("LOCALHOST.")]
    public async Task Should_refuse_a_name_that_resolves_there(string host) =>
        Assert.That(
            await RefusalAsync($"https://{host}/team/api", [], Dns.GetHostAddressesAsync),
            Does.Contain("localhost is at"));

    [Test]
    public async Task Should_refuse_a_name_of_which_one_address_is_closed() =>
        Assert.That(
            await RefusalAsync("git@git.example.org:team/api", [], Resolving("93.184.215.14", "10.0.0.1")),
            Does.Contain("git.example.org is at 10.0.0.1"));

    [Test]
    public async Task Should_leave_a_name_that_does_not_resolve_to_the_connection() =>
        Assert.That(
            await RefusalAsync(
                "https://nowhere.invalid/team/api",
                [],
                (_, _) => throw new SocketException((int)SocketError.HostNotFound)),
            Is.Null);

    [TestCase("git.corp.example")]
    [TestCase("GIT.corp.example")]
    [TestCase("git.corp.example:8443")]
    public async Task Should_allow_what_a_setting_allows(string allowed) =>
        Assert.That(
            await RefusalAsync("https://git.corp.example:8443/team/api", [allowed], Resolving("10.0.0.1")),
            Is.Null);

    [TestCase("git.corp.example:443")]
    [TestCase("corp.example")]
    [TestCase("")]
    public async Task Should_not_allow_its_neighbours(string allowed) =>
        Assert.That(
            await RefusalAsync("https://git.corp.example:8443/team/api", [allowed], Resolving("10.0.0.1")),
            Is.Not.Null);

    [TestCase("127.0.0.1", "https://127.1/team/api")]
    [TestCase("[::1]", "https://[0:0::1]/team/api")]
    [TestCase("[::1]:8443", "https://[::1]:8443/team/api")]
    public async Task Should_allow_an_address_in_any_spelling(string allowed, string url) =>
        Assert.That(await RefusalAsync(url, [allowed]), Is.Null);

    private static Func<string, CancellationToken, Task<IPAddress[]>> Resolving(params string[] addresses) =>
        (_, _) => Task.FromResult(addresses.Select(IPAddress.Parse).ToArray());

    private static Task<string?> RefusalAsync(
        string text, string[] allowed, Func<string, CancellationToken, Task<IPAddress[]>>? resolve = null) =>
        GitUrl.TryParse(text, false, out var url, out var refusal)
            ? url.RefusalAsync(allowed, resolve ?? Resolving(), CancellationToken.None)
            : throw new AssertionException(refusal);
}
