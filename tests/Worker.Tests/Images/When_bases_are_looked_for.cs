using Builds.Contracts;
using Builds.Worker.Images;

namespace Builds.Worker.Tests.Images;

[Parallelizable]
public sealed class When_bases_are_looked_for
{
    private static readonly Platform Machine = Platform.Of("linux", "x86_64", null);

    [TestCase("FROM debian", "docker.io/library/debian:latest")]
    [TestCase("ARG V=12\nFROM debian:${V}-slim", "docker.io/library/debian:12-slim")]
    [TestCase("ARG R\nFROM ${R:-reg.example.org}/x:1", "reg.example.org/x:1")]
    [TestCase("ARG GIVEN=no\nFROM x:$GIVEN", "docker.io/library/x:arg")]
    [TestCase("FROM x:${GIVEN:-undeclared}", "docker.io/library/x:undeclared")]
    [TestCase("ARG A=1\nARG B=${A}2\nFROM \"x:$B\"", "docker.io/library/x:12")]
    [TestCase("FROM x-$TARGETARCH", "docker.io/library/x-amd64:latest")]
    [TestCase("FROM a\nARG V=9\nFROM b:${V:-outer}", "docker.io/library/b:outer")]
    public void Should_substitute_arguments(string text, string image) =>
        Assert.That(Of(text).Final!.Image.ToString(), Is.EqualTo(image));

    [Test]
    public void Should_need_only_the_stages_that_the_target_needs()
    {
        const string text = """
            FROM unneeded AS x
            FROM one AS Build
            FROM build
            COPY --from=0 /a /a
            FROM scratch AS last
            COPY --from=BUILD /a /a
            COPY --from=other/tools /a /a
            RUN --mount=from=mounted,target=/m true
            """;

        Assert.That(Named(Of(text)),
            Is.EqualTo(new[] { "one Build From", "other/tools last CopyFrom", "mounted last Mount" }).IgnoreCase);
        Assert.That(Of(text).Final, Is.Null);
        Assert.That(Named(Of(text, "2")), Is.EqualTo(new[] { "unneeded x From", "one build From" }));
        Assert.That(Named(Of(text, "BUILD")), Is.EqualTo(new[] { "one build From" }));
        Assert.That(Named(Of(text, inOrder: true)).First(), Is.EqualTo("unneeded x From"));
    }

    [Test]
    public void Should_keep_the_platform_of_each_stage()
    {
        var uses = Of("FROM --platform=$BUILDPLATFORM a AS x\nFROM b\nCOPY --from=x / /\nCOPY --from=c / /",
            platform: "linux/arm64/v8").All;
        Assert.That(uses.Select(use => use.Platform!.ToString()),
            Is.EqualTo(new[] { "linux/amd64", "linux/arm64", "linux/arm64" }));
    }

    [Test]
    public void Should_count_the_frontend_as_a_base() =>
        Assert.That(Named(Of("# syntax=docker/dockerfile:1\nFROM scratch")),
            Is.EqualTo(new[] { "docker/dockerfile:1 syntax Frontend" }));

    [TestCase("FROM $NOTHING", "line 1: FROM $NOTHING names nothing")]
    [TestCase("FROM UPPER", "line 1: \"UPPER\" is not the name")]
    [TestCase("FROM a\nCOPY --from=$X / /", "line 2: from=$X: no variables here")]
    [TestCase("FROM a\nCOPY --from=0 / /", "line 2: --from=0: there is no stage 0")]
    [TestCase("FROM a AS b\nCOPY --from=b / /", "line 2: from=b: a stage cannot take from itself")]
    [TestCase("FROM ${A", "line 1: ${A is not a variable")]
    [TestCase("FROM ${A:-b", "line 1: a } is missing")]
    [TestCase("FROM --platform=arm a", "line 1: \"arm\" is not a platform")]
    public void Should_say_what_cannot_be(string text, string said) =>
        Assert.That(() => Of(text), Throws.TypeOf<BuildFailedException>().With.Message.Contains(said));

    [Test]
    public void Should_name_the_stages_where_the_target_is_unknown() =>
        Assert.That(() => Of("FROM a AS x\nFROM b", "nope"),
            Throws.TypeOf<BuildFailedException>().With.Message.Contains("no stage \"nope\"; its stages are x, 1"));

    [Test]
    public void Should_not_be_brought_down_by_very_many_stages()
    {
        var stages = Enumerable.Range(1, 20_000).Select(n => $"FROM s{n - 1} AS s{n}");
        Assert.That(Of("FROM a AS s0\n" + string.Join('\n', stages)).Final!.Image.Repository, Is.EqualTo("library/a"));
    }

    private static IEnumerable<string> Named(BaseUses uses) => uses.All.Select(use =>
        use.Image.Repository.Replace("library/", "", StringComparison.Ordinal)
        + $"{(use.Image.Tag == "latest" ? "" : ":" + use.Image.Tag)} {use.Stage} {use.Kind}");

    private static BaseUses Of(string text, string? target = null, bool inOrder = false, string? platform = null) =>
        BaseUses.Of(
            Dockerfile.Parse("Dockerfile", text, FrontendChoice.AsWritten),
            new BuildRequested
            {
                BuildId = Guid.Empty,
                Image = new ImageReference { Repository = "team/api" },
                Tags = ["1"],
                Source = new GitSource { Git = "https://git.example.org/x.git", Ref = "main" },
                RequestedAt = DateTimeOffset.UnixEpoch,
                BuildArgs = new Dictionary<string, string> { ["GIVEN"] = "arg" },
                Target = target,
                Platform = platform,
            },
            Machine,
            inOrder);
}
