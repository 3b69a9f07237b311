using System.Text.Json;
using Builds.Parts;
using Builds.Worker.Images;

namespace Builds.Worker.Tests.Images;

[Parallelizable]
public sealed class When_an_image_is_built
{
    private static string Os => $"{RealParts.Registry.Host}/os:1";

    [Test]
    public async Task Should_show_each_step_what_it_printed_and_how_it_ended()
    {
        using var scenario = new Scenario()
            .With("Dockerfile", $"FROM {Os} AS base\nRUN echo once; printf 'not ended'\nRUN echo again\n");
        scenario.Request = scenario.Request with { NoCache = true };
        await scenario.BuildAsync();

        var steps = scenario.Steps.Where(step => step.Contains("RUN", StringComparison.Ordinal)).ToList();
        Assert.That(steps[0], Does.Match(@"^#\d+ \[2/3\] RUN echo once; printf 'not ended'$"));
        var lines = scenario.LinesOf(steps[0]);
        Assert.That(lines.Take(3), Is.EqualTo(new[] { steps[0], "once", "not ended" }));
        Assert.That(lines[3], Does.Match(@"^#\d+ DONE \d+\.\ds$"));
        Assert.That(scenario.Lines, Has.One.Matches(@"^#\d+ \[3/3\] RUN echo again$").And.One.EqualTo("again"));
        Assert.That(scenario.Lines[^1], Does.StartWith("built sha256:"));
    }

    [Test]
    public async Task Should_say_what_came_from_the_cache()
    {
        using var scenario = new Scenario().With("Dockerfile", $"FROM {Os}\nRUN echo {Guid.NewGuid()}\n");
        await scenario.BuildAsync();
        await scenario.BuildAsync();
        Assert.That(scenario.Lines, Has.Some.Matches(@"^#\d+ CACHED$"));
    }

    [Test]
    public async Task Should_end_with_output_and_code_of_the_command_that_failed()
    {
        foreach (var builder in new[] { BuilderChoice.BuildKit, BuilderChoice.Classic })
        {
            using var scenario = new Scenario(options: new ImageOptions { AllowedRegistries = Scenario.Loopback, Builder = builder })
                .With("Dockerfile", $"FROM {Os}\nRUN echo last words; exit 7\n");
            var failure = await Assert.ThrowsAsync<BuildFailedException>(() => scenario.BuildAsync());
            Assert.That(failure!.Message, Does.Contain("RUN echo last words; exit 7\" ended with exit code 7"));
            Assert.That(scenario.Lines[^2], Is.EqualTo("last words"), builder.ToString());
            Assert.That(scenario.Lines[^1], Does.Contain("ERROR: ").And.EndsWith("code: 7"));
        }
    }

    [TestCase("FROM {0}\nCOPY nothing /x\n", "nothing")]
    [TestCase("FROM {0}\nENV\n", "line 2")]
    [TestCase("FROM {0} AS a\nFROM b:$\n", "line 2")]
    public async Task Should_pass_on_what_the_daemon_says_about_the_Dockerfile(string dockerfile, string said)
    {
        using var scenario = new Scenario().With("Dockerfile", string.Format(null, dockerfile, Os));
        var failure = await Assert.ThrowsAsync<BuildFailedException>(() => scenario.BuildAsync());
        Assert.That(failure!.Message, Does.Contain(said).And.Not.Contain("dockerfile.v0"));
    }

    [Test]
    public async Task Should_pass_arguments_target_and_labels_and_add_its_own()
    {
        using var scenario = new Scenario()
            .With("Dockerfile", $"FROM {Os} AS want\nARG WHO\nRUN echo hello $WHO\nFROM scratch\n");
        scenario.Request = scenario.Request with
        {
            Source = scenario.Request.Source with { Git = "https://user:hidden@git.example.org/team/api.git" },
            BuildArgs = new Dictionary<string, string> { ["WHO"] = "world & \"co\"", ["OTHER"] = "1" },
            Labels = new Dictionary<string, string> { ["team"] = "ä b" },
            Target = "want",
            NoCache = true,
        };

        var image = await scenario.BuildAsync();

        var json = await RealParts.Daemon.DockerAsync("image", "inspect", image.Id, "--format",
            "{{json .Config.Labels}}");
        var labels = JsonSerializer.Deserialize<Dictionary<string, string>>(json)!;
        const string own = "org.opencontainers.image.";
        Assert.That(labels["team"], Is.EqualTo("ä b"));
        Assert.That(labels["builds.build"], Is.EqualTo($"{scenario.Request.BuildId}"));
        Assert.That(labels[own + "revision"], Is.EqualTo(Scenario.Commit));
        Assert.That(labels[own + "source"], Is.EqualTo("https://git.example.org/team/api.git"));
        Assert.That(labels[own + "base.name"], Is.EqualTo(Os));
        Assert.That(labels[own + "base.digest"], Is.EqualTo(image.Bases.Images.Single().Digest));
        Assert.That(labels, Contains.Key(own + "created"));
        Assert.That(scenario.Lines, Has.One.EqualTo("hello world & \"co\"")
            .And.One.Contains("[Warning] One or more build-args [OTHER] were not consumed"));
        Assert.That(image.Request, Is.SameAs(scenario.Request));
        Assert.That(await RealParts.Daemon.DockerAsync("image", "inspect", image.Id, "--format", "{{.RepoTags}}"),
            Is.EqualTo("[]"));
    }

    [Test]
    public async Task Should_build_with_the_classic_builder_where_the_daemon_has_no_other()
    {
        await using var old = await DockerDaemon.StartAsync(new DockerDaemonOptions { BuildKit = false });
        using var scenario = new Scenario(old)
            .With("Dockerfile", $"FROM {Os}\nRUN echo hello\nCOPY . /x\nRUN ls -a /x\n")
            .With(".dockerignore", "Dockerfile\n.dockerignore\n").With("kept", "");

        Assert.That((await scenario.BuildAsync()).Bases.BuildKit, Is.False);
        Assert.That(scenario.Steps, Has.Some.Matches(@"^Step 2/\d+ : RUN echo hello$"));
        Assert.That(scenario.Lines, Has.One.EqualTo("hello").And.Some.EqualTo("kept").And.None.EqualTo("Dockerfile"));
    }

    [Test]
    public async Task Should_build_where_the_ignore_file_leaves_out_the_Dockerfile()
    {
        using var scenario = new Scenario().With("Dockerfile", $"FROM {Os}\nCOPY . /x\nRUN ls -a /x\n")
            .With(".dockerignore", "*\n!kept\n").With("kept", "").With("dropped", "");
        await scenario.BuildAsync();
        Assert.That(scenario.Lines,
            Has.One.EqualTo("kept").And.None.EqualTo("dropped").And.None.EqualTo(".dockerignore"));
    }

    [TestCase("site/Dockerfile", "Dockerfile\n.dockerignore\n", "page")]
    [TestCase("site/Dockerfile", "other\n", ".dockerignore Dockerfile page")]
    [TestCase("docker/web.Dockerfile", "", ".dockerignore page")]
    public async Task Should_copy_what_is_not_ignored_and_nothing_else(string path, string ignored, string copied)
    {
        using var scenario = new Scenario().With(path, $"FROM {Os}\nCOPY . /x\nRUN echo found: `ls -A /x`\n")
            .With("site/.dockerignore", ignored).With("site/page", "").From("site", path);
        scenario.Request = scenario.Request with { NoCache = true };
        await scenario.BuildAsync();
        Assert.That(scenario.Lines, Has.One.EqualTo($"found: {copied}"));
    }

    [Test]
    public async Task Should_end_a_build_whose_context_is_too_large()
    {
        using var scenario = new Scenario(options: new ImageOptions { AllowedRegistries = Scenario.Loopback, MaxContextBytes = 64 << 20 })
            .With("Dockerfile", $"FROM {Os}\n");
        await using (var sparse = File.Create(Path.Combine(scenario.Root, "large")))
            sparse.SetLength(200L << 20);
        var failure = await Assert.ThrowsAsync<BuildFailedException>(() => scenario.BuildAsync());
        Assert.That(failure!.Message, Does.Contain("\"large\""));
    }
}
