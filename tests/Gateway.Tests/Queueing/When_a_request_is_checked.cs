using Builds.Contracts;
using Builds.Gateway.Queueing;
using Microsoft.Extensions.Options;

namespace Builds.Gateway.Tests.Queueing;

public sealed class When_a_request_is_checked
{
    private static readonly RequestRules Rules = new(Options.Create(new RequestOptions()));

    [TestCase("team/api")]
    [TestCase("a")]
    [TestCase("a.b_c__d--e/f")]
    public void Should_take_repositories(string name) => Assert.That(ProblemOf(repository: name), Is.Null);

    [TestCase("")]
    [TestCase("Team/api")]
    [TestCase("team//api")]
    [TestCase("/team")]
    [TestCase("team/")]
    [TestCase("team/api ")]
    [TestCase("team/api\n")]
    [TestCase("a___b")]
    [TestCase("../etc")]
    [TestCase("team/api:latest")]
    [TestCase("10000", 10_000)]
    public void Should_refuse_repositories(string name, int length = 0) => Assert.That(
        ProblemOf(repository: length > 0 ? new string('a', length) : name), Does.StartWith("image.repository: "));

    [TestCase("registry.example.org")]
    [TestCase("localhost")]
    [TestCase("127.0.0.1:5000")]
    [TestCase("registry:5000")]
    public void Should_take_registries(string name) => Assert.That(ProblemOf(registry: name), Is.Null);

    [TestCase("registry")] // Docker would look for it at docker.io
    [TestCase("Registry.example.org")]
    [TestCase("https://registry.example.org")]
    [TestCase("registry.example.org/x")]
    [TestCase("user@registry.example.org")]
    [TestCase("-registry.example.org")]
    [TestCase("registry.example.org\n")]
    public void Should_refuse_registries(string name) =>
        Assert.That(ProblemOf(registry: name), Does.StartWith("image.registry: "));

    [TestCase("")]
    [TestCase("-x")]
    [TestCase(".x")]
    [TestCase("a b")]
    [TestCase("a\n")]
    [TestCase("a/b")]
    [TestCase("--upload-pack=x")]
    public void Should_refuse_tags(string tag) =>
        Assert.That(Rules.Problem(Good() with { Tags = ["good", tag] }), Does.StartWith("tags[1]: "));

    [Test]
    public void Should_take_1_to_32_tags_of_128_characters()
    {
        Assert.That(Rules.Problem(Good() with { Tags = [] }), Does.StartWith("tags: "));
        Assert.That(Rules.Problem(Good() with { Tags = [.. Enumerable.Repeat("a", 33)] }), Does.StartWith("tags: "));
        Assert.That(Rules.Problem(Good() with { Tags = [new string('a', 129)] }), Does.StartWith("tags[0]: "));
        Assert.That(Rules.Problem(Good() with { Tags = [.. Enumerable.Repeat(new string('a', 128), 32)] }), Is.Null);
    }

    [TestCase("main")]
    [TestCase("feature/a-b_c.d")]
    [TestCase("v1.0")]
    [TestCase("0123456789abcdef0123456789abcdef01234567")]
    public void Should_take_refs(string name) => Assert.That(ProblemOf(@ref: name), Is.Null);

    [TestCase("")]
    [TestCase("-main")]
    [TestCase("--upload-pack=touch /tmp/x")]
    [TestCase("a..b")]
    [TestCase("a b")]
    [TestCase("a\nb")]
    [TestCase("a~1")]
    [TestCase("a^")]
    [TestCase("a:b")]
    [TestCase("a*")]
    [TestCase("a[b")]
    [TestCase("a\\b")]
    [TestCase("a@{1}")]
    [TestCase("@")]
    [TestCase("/a")]
    [TestCase("a/")]
    [TestCase("a//b")]
    [TestCase("a/.b")]
    [TestCase("a.lock")]
    [TestCase("a.lock/b")]
    [TestCase("a.")]
    public void Should_refuse_refs(string name) => Assert.That(ProblemOf(@ref: name), Does.StartWith("source.ref: "));

    [TestCase("https://git.example.org/team/api.git")]
    [TestCase("http://127.0.0.1:3000/team/api")]
    [TestCase("ssh://git@git.example.org:2222/team/api.git")]
    [TestCase("git@git.example.org:team/api.git")]
    [TestCase("https://[2001:db8::1]:8443/x")]
    public void Should_take_git_urls(string url) => Assert.That(ProblemOf(git: url), Is.Null);

    [TestCase("")]
    [TestCase("ext::sh -c id")]
    [TestCase("ext::sh")]
    [TestCase("ssh://-oProxyCommand=id/x")]
    [TestCase("-oProxyCommand=id@host:path")]
    [TestCase("git@-oProxyCommand=id:path")]
    [TestCase("git@host:-path")]
    [TestCase("--upload-pack=x")]
    [TestCase("file:///etc")]
    [TestCase("FILE:///etc")]
    [TestCase("/srv/x")]
    [TestCase("../x")]
    [TestCase("git://git.example.org/x")]
    [TestCase("https://user:secret@git.example.org/x")]
    [TestCase("https://token@git.example.org/x")]
    [TestCase("ssh://git:secret@git.example.org/x")]
    [TestCase(" https://git.example.org/x")]
    [TestCase("https://git.example.org/x\n")]
    [TestCase("https://git.example.org/x\0y")]
    [TestCase("https://git.example.org/a b")]
    [TestCase("https://git.example.org\\@evil.example.org/x")]
    [TestCase("https://git.example.org/x?y")]
    [TestCase("https://git.example.org/x#y")]
    public void Should_refuse_git_urls_without_repeating_them(string url)
    {
        var problem = ProblemOf(git: url);

        Assert.That(problem, Does.StartWith("source.git: "));
        Assert.That(problem, Does.Not.Contain("secret"));
    }

    [Test]
    public void Should_take_file_urls_only_where_a_setting_allows_them() => Assert.That(
        new RequestRules(Options.Create(new RequestOptions { AllowFileUrls = true }))
            .Problem(Good() with { Source = new GitSource { Git = "file:///srv/x.git", Ref = "main" } }),
        Is.Null);

    [TestCase("/etc/passwd")]
    [TestCase("../x")]
    [TestCase("a/../../x")]
    [TestCase("a/..")]
    [TestCase("a\\..\\x")]
    [TestCase("a\nb")]
    [TestCase("a\0b")]
    [TestCase("")]
    public void Should_refuse_paths(string path)
    {
        var source = Good().Source;

        Assert.That(Rules.Problem(Good() with { Source = source with { Context = path } }), Does.StartWith("source.context: "));
        Assert.That(Rules.Problem(Good() with { Source = source with { Dockerfile = path } }), Does.StartWith("source.dockerfile: "));
        Assert.That(Rules.Problem(Good() with { Source = source with { Context = "a/b..c/.d" } }), Is.Null);
    }

    [TestCaseSource(typeof(Foreign), nameof(Foreign.Values))]
    public void Should_refuse_everywhere_what_belongs_nowhere(string value) => Assert.Multiple(() =>
    {
        Assert.That(ProblemOf(repository: value), Does.StartWith("image.repository: "));
        Assert.That(ProblemOf(registry: value), Does.StartWith("image.registry: "));
        Assert.That(ProblemOf(git: value), Does.StartWith("source.git: "));
        Assert.That(ProblemOf(@ref: value), Does.StartWith("source.ref: "));
        Wrong("tags[0]", Good() with { Tags = [value] });
    });

    [Test]
    public void Should_name_the_field_of_everything_else()
    {
        Assert.Multiple(() =>
        {
            Wrong("buildId", Good() with { BuildId = Guid.Empty });
            Wrong("source.commit", Good() with { Source = Good().Source with { Commit = "abc" } });
            Wrong("buildArgs", Good() with { BuildArgs = new Dictionary<string, string> { ["A=B"] = "" } });
            Wrong("buildArgs", Good() with { BuildArgs = new Dictionary<string, string> { ["A"] = new('x', 200_000) } });
            Wrong("buildArgs.A", Good() with { BuildArgs = new Dictionary<string, string> { ["A"] = null! } });
            Wrong("labels", Good() with { Labels = new Dictionary<string, string> { ["a b"] = "" } });
            Wrong("target", Good() with { Target = "a b" });
            Wrong("platform", Good() with { Platform = "linux" });
            Wrong("timeoutSeconds", Good() with { TimeoutSeconds = 0 });
            Wrong("replaces", Good() with { Replaces = "latest" });
            Wrong("replaces", Good() with { Replaces = "sha256:" + new string('A', 64) });
            Wrong("credentials.git", Good() with { Credentials = new SealedCredentials { Git = "plain" } });
            Wrong("cause", Good() with { Cause = new BuildCause { Kind = BuildCauseKind.Api, Actor = new string('x', 2000) } });
        });
        Assert.That(Rules.Problem(Good() with { Platform = "linux/arm64/v8", Target = "build", TimeoutSeconds = 1 }), Is.Null);
    }

    private static void Wrong(string field, BuildRequested request) =>
        Assert.That(Rules.Problem(request), Does.StartWith(field + ": "));

    private static string? ProblemOf(
        string repository = "team/api", string? registry = null, string git = "https://h.example.org/x", string @ref = "main") =>
        Rules.Problem(Good() with
        {
            Image = new ImageReference { Registry = registry, Repository = repository },
            Source = new GitSource { Git = git, Ref = @ref },
        });

    private static BuildRequested Good() => new()
    {
        BuildId = Guid.NewGuid(),
        Image = new ImageReference { Repository = "team/api" },
        Tags = ["latest"],
        Source = new GitSource { Git = "https://git.example.org/team/api.git", Ref = "main" },
        RequestedAt = DateTimeOffset.UnixEpoch,
    };
}
