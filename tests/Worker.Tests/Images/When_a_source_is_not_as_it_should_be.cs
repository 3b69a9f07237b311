namespace Builds.Worker.Tests.Images;

[Parallelizable]
public sealed class When_a_source_is_not_as_it_should_be
{
    private Scenario _scenario = null!;

    [SetUp]
    public void Begin() => _scenario = new Scenario().With("sub/Dockerfile", "FROM scratch\n")
        .WithLink("passwd", "/etc/passwd")
        .WithLink("etc", "/etc").WithLink("up", "../../..").WithLink("round", "round")
            .WithLink("sub/.dockerignore", "/etc/passwd");

    [TearDown]
    public void End() => _scenario.Dispose();

    [TestCase(".", null, "There is no Dockerfile \"Dockerfile\"")]
    [TestCase("nowhere", null, "The context \"nowhere\" is not a folder")]
    [TestCase("sub/Dockerfile", null, "is not a folder")]
    [TestCase("../", null, "The context \"../\" leads outside")]
    [TestCase("sub/../../x", null, "leads outside")]
    [TestCase("/etc", null, "The context \"/etc\" leads outside")]
    [TestCase("etc", null, "The context \"etc\" leads outside")]
    [TestCase("up", null, "leads outside")]
    [TestCase("round", null, "too many symbolic links")]
    [TestCase(".", "passwd", "The Dockerfile \"passwd\" leads outside")]
    [TestCase(".", "etc/passwd", "leads outside")]
    [TestCase(".", "../../../etc/passwd", "leads outside")]
    [TestCase(".", "sub", "is a folder")]
    [TestCase("sub", null, "The ignore file \"sub/.dockerignore\" leads outside")]
    public void Should_be_told_what_and_never_see_beyond_the_repository(string context, string? dockerfile,
        string said) =>
        Assert.That(
            () => _scenario.From(context, dockerfile).PullAsync(),
            Throws.TypeOf<BuildFailedException>().With.Message.Contains(said).And.Message.Not.Contains("root:"));
}
