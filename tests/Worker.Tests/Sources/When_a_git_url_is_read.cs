using Builds.Worker.Sources;
using FsCheck;
using FsCheck.Fluent;

namespace Builds.Worker.Tests.Sources;

public sealed class When_a_git_url_is_read
{
    [TestCase("https://git.example.org/team/api.git", "https", "git.example.org", 443, null, "/team/api.git")]
    [TestCase("HTTPS://Git.Example.ORG:8443/team/api", "https", "git.example.org", 8443, null, "/team/api")]
    [TestCase("http://git.example.org./My%20Team/api", "http", "git.example.org", 80, null, "/My%20Team/api")]
    [TestCase("ssh://git@git.example.org:2222/~bob/api.git", "ssh", "git.example.org", 2222, "git", "/~bob/api.git")]
    [TestCase("ssh://git.example.org/team/api.git", "ssh", "git.example.org", 22, "git", "/team/api.git")]
    [TestCase("deploy@git.example.org:team/api.git", "ssh", "git.example.org", 22, "deploy", "team/api.git")]
    [TestCase("https://[2001:DB8:0::1]:8443/a/b", "https", "2001:db8::1", 8443, null, "/a/b")]
    [TestCase("https://0x7f.1/a/b", "https", "127.0.0.1", 443, null, "/a/b")]
    [TestCase("https://2130706433/a/b", "https", "127.0.0.1", 443, null, "/a/b")]
    [TestCase("file:///srv/git/api.git", "file", "", 0, null, "/srv/git/api.git")]
    public void Should_tell_its_parts(string text, string scheme, string host, int port, string? user, string path)
    {
        Assert.That(GitUrl.TryParse(text, allowFile: true, out var url, out var refusal), Is.True, refusal);
        Assert.That(
            (url!.Scheme, url.Host, url.Port, url.User, url.Path), Is.EqualTo((scheme, host, port, user, path)));
        Assert.That(Read(url.ToString()), Is.EqualTo(url));
    }

    [TestCase(null, "missing")]
    [TestCase("", "missing")]
    [TestCase("git.example.org/team/api", "not of the form")]
    [TestCase("git://git.example.org/team/api", "not of the form")]
    [TestCase("/srv/git/api.git", "not of the form")]
    [TestCase("../api.git", "not of the form")]
    [TestCase("ext::sh -c id", "a space")]
    [TestCase("ext::sh", "not of the form")]
    [TestCase("a@ext::sh", "not of the form")]
    [TestCase("--upload-pack=/bin/sh", "not of the form")]
    [TestCase("--upload-pack=x@host:path", "user name")]
    [TestCase("ssh://-oProxyCommand=id/team/api", "not of the form")]
    [TestCase("ssh://-oProxyCommand/team/api", "host name")]
    [TestCase("git@-oProxyCommand:team/api", "host name")]
    [TestCase("ssh://-l@git.example.org/team/api", "user name")]
    [TestCase("git@git.example.org:--upload-pack=x", "starts with '-'")]
    [TestCase("ssh://git.example.org/-x/api", "starts with '-'")]
    [TestCase(" https://git.example.org/team/api", "a space")]
    [TestCase("https://git.example.org/team/api\n", "a line break")]
    [TestCase("https://git.example.org/team/api\r\nHost: x", "a line break")]
    [TestCase("https://git.example.org/team/\0api", "U+0000")]
    [TestCase("https://git.example.org/team\\api", "'\\'")]
    [TestCase("https://git.exämple.org/team/api", "U+00E4")]
    [TestCase("https://git.example.org/team/api#main", "'#'")]
    [TestCase("https://git.example.org/team/api?x=1", "'?'")]
    [TestCase("ssh://git.example.org/team/'api", "'''")]
    [TestCase("https://bob:hunter2@git.example.org/team/api", "password")]
    [TestCase("ssh://bob:hunter2@git.example.org/team/api", "password")]
    [TestCase("https://bob@git.example.org/team/api", "names a user")]
    [TestCase("https://a@b@git.example.org/team/api", "not of the form")]
    [TestCase("https://git.example.org:99999/team/api", "port")]
    [TestCase("https://git.example.org:0/team/api", "port")]
    [TestCase("https://git.example.org", "no repository")]
    [TestCase("https://git.example.org/", "no repository")]
    [TestCase("https:///team/api", "host name")]
    [TestCase("https://256.1.1.1/team/api", "host name")]
    [TestCase("https://1.2.3.4.5/team/api", "host name")]
    [TestCase("https://[fe80::1%25eth0]/team/api", "not of the form")]
    [TestCase("https://git.example.org/team/../api", "'..'")]
    [TestCase("https://git.example.org//team/api", "empty")]
    [TestCase("https://git.example.org/team/%2e%2e/api", "'%'")]
    [TestCase("https://git.example.org/team%0a/api", "'%'")]
    [TestCase("ssh://git.example.org/team%20/api", "'%'")]
    [TestCase("file:///srv/git/api.git", "does not allow")]
    public void Should_refuse_what_does_not_belong_there(string? text, string because)
    {
        Assert.That(GitUrl.TryParse(text, allowFile: false, out _, out var refusal), Is.False);
        Assert.That(refusal, Does.Contain(because).And.Not.Contain("hunter2"));
    }

    [TestCase("file://host/srv/git/api.git")]
    [TestCase("file:///srv/../etc")]
    [TestCase("file://")]
    public void Should_refuse_odd_file_urls_also_where_files_are_allowed(string text) =>
        Assert.That(GitUrl.TryParse(text, allowFile: true, out _, out _), Is.False);

    [Test]
    public void Should_refuse_ten_thousand_characters() =>
        Should_refuse_what_does_not_belong_there("https://example.org/" + new string('a', 10_000), "longer than 2000");

    [TestCase("https://git.example.org/team/api.git", "https://GIT.example.org:443/team/api/", true)]
    [TestCase("git@git.example.org:team/api.git", "ssh://git.example.org/~/team/api", true)]
    [TestCase("git@git.example.org:/team/api.git", "ssh://git@git.example.org:22/team/api", true)]
    [TestCase("https://git.example.org/team/api", "http://git.example.org/team/api", false)]
    [TestCase("https://git.example.org/team/api", "https://git.example.org/team/API", false)]
    [TestCase("https://git.example.org/team/api", "https://git.example.org:8443/team/api", false)]
    [TestCase("git@git.example.org:team/api", "bob@git.example.org:team/api", false)]
    public void Should_know_two_spellings_of_the_same(string one, string other, bool same) =>
        Assert.That(Read(one).IsSameAs(Read(other)), Is.EqualTo(same));

    [Test]
    public void Should_name_the_repository_whatever_way_it_is_reached() =>
        Assert.That(
            new[]
            {
                "https://git.example.org/team/api",
                "git@git.example.org:team/api.git",
                "ssh://git@git.example.org:2222/team/api.git",
            }.Select(text => Read(text).Repository),
            Is.All.EqualTo("git.example.org/team/api"));

    [Test]
    public void Should_read_what_it_writes_whatever_it_was_given() =>
        Prop.ForAll(
            Gen.Elements(Pieces).ListOf().Select(pieces => string.Concat(pieces)).ToArbitrary(),
            text => !GitUrl.TryParse(text, true, out var url, out _)
                || (Read(url.ToString()) == url && (url.Scheme == "file" || Read(url.Normalized).IsSameAs(url))))
            .Check(Config.QuickThrowOnFailure.WithMaxTest(5_000));

    private static readonly string[] Pieces =
    [
        "https://", "http://", "ssh://", "git@", "file://", "a", "B", "1", ".", "-", "/", ":", "@", "[", "]", "%41",
        "::", "~", "0x7f", " ", "\n",
    ];

    private static GitUrl Read(string text) =>
        GitUrl.TryParse(text, true, out var url, out var refusal) ? url : throw new AssertionException(refusal);
}
