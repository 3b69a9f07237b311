using Builds.Worker.Images;

namespace Builds.Worker.Tests.Images;

[Parallelizable]
public sealed class When_a_Dockerfile_is_read
{
    [TestCase("", "is empty")]
    [TestCase("  \n\t\n", "is empty")]
    [TestCase("# only a comment\n", "no FROM line")]
    [TestCase("ARG A=1\n", "no FROM line")]
    [TestCase("RUN true\nFROM a\n", "line 1: RUN stands before the first FROM")]
    [TestCase("FROM a\n\nRUNN true\n", "line 3: unknown instruction RUNN")]
    [TestCase("FROM a b\n", "line 1: FROM takes an image")]
    [TestCase("FROM\n", "line 1: FROM takes an image")]
    [TestCase("FROM a AS 1st\n", "line 1: a stage cannot be named \"1st\"")]
    [TestCase("# escape=x\nFROM a\n", "line 1: escape can be")]
    [TestCase("# escape=`\n# escape=`\nFROM a\n", "line 2: a second escape directive")]
    [TestCase("FROM a\nRUN <<EOF\ntrue\n", "line 2: the here-document <<EOF has no end")]
    public void Should_say_where_it_is_wrong(string text, string said) =>
        Assert.That(() => Parse(text), Throws.TypeOf<BuildFailedException>().With.Message.Contains(said)
            .And.Message.Contains("\"build/Dockerfile\""));

    [Test]
    public void Should_join_lines_and_skip_comments_and_here_documents()
    {
        var file = Parse(
            """
            FROM \
              # between
              base \

              AS one
            RUN echo a \
              && FROM=x
            RUN <<EOF cat && <<-'END' cat
            FROM not-a-stage
            EOF
            FROM nor-this
            	END
            COPY <<"file name" /x
            FROM neither
            file name
            FROM two
            """);

        Assert.That(file.Stages.Select(stage => (stage.Image, stage.Name, stage.Line)),
            Is.EqualTo(new[] { ("base", "one", 1), ("two", (string?)null, 16) }));
    }

    [Test]
    public void Should_take_another_escape_character()
    {
        var file = Parse("# escape=`\r\nFROM a `\r\n  AS x\r\nCOPY c:\\ d\\\r\nFROM b\r\n");
        Assert.That(file.Stages.Select(stage => stage.Image), Is.EqualTo(new[] { "a", "b" }));
    }

    [Test]
    public void Should_know_the_frontend_and_leave_its_instructions_alone()
    {
        var file = Parse("#syntax = docker/dockerfile:1-labs  \nFROM a\nFANCY x\n");
        Assert.That(file.Frontend, Is.EqualTo(new DockerfileSyntax("docker/dockerfile:1-labs", 1)));
    }

    [Test]
    public void Should_take_the_frontend_out_where_the_daemon_reads_itself()
    {
        var file = Dockerfile.Parse("Dockerfile", "# syntax=docker/dockerfile:1\n# escape=`\nFROM a `\n AS b\n",
            FrontendChoice.Daemon);

        Assert.That(file.Frontend, Is.Null);
        Assert.That(file.Text, Is.EqualTo("# escape=`\n#\nFROM a `\n AS b\n"));
    }

    [Test]
    public void Should_not_take_a_later_comment_for_a_directive() =>
        Assert.That(Parse("# hello\n# syntax=a/b\nFROM a\n").Frontend, Is.Null);

    [Test]
    public void Should_find_what_stages_take_from_elsewhere()
    {
        var file = Parse(
            """
            FROM a
            COPY --chown=1:1 --from="Tools" /x /y
            ADD x --from=no /z
            RUN --mount=type=cache,target=/c --mount=type=bind,from=img:2,target=/m true
            RUN echo --mount=from=no
            ONBUILD COPY --from=no /x /y
            """);

        Assert.That(file.Stages[0].Uses.Select(use => (use.From, use.Line)),
            Is.EqualTo(new[] { ("Tools", 2), ("img:2", 4) }));
    }

    private static Dockerfile Parse(string text) =>
        Dockerfile.Parse("build/Dockerfile", text, FrontendChoice.AsWritten);
}
