using Builds.Worker.Images;

namespace Builds.Worker.Tests.Images;

[Parallelizable]
public sealed class When_an_image_is_named
{
    private const string Digest = "sha256:0123456789012345678901234567890123456789012345678901234567890123";

    [TestCase("debian", "docker.io/library/debian:latest")]
    [TestCase("debian:12", "docker.io/library/debian:12")]
    [TestCase("team/api", "docker.io/team/api:latest")]
    [TestCase("index.docker.io/debian", "docker.io/library/debian:latest")]
    [TestCase("localhost/api", "localhost/api:latest")]
    [TestCase("localhost:5000/api:1", "localhost:5000/api:1")]
    [TestCase("reg.example.org/a/b/c:v1.2_3-x", "reg.example.org/a/b/c:v1.2_3-x")]
    [TestCase("[::1]:5000/a", "[::1]:5000/a:latest")]
    [TestCase("debian@" + Digest, "docker.io/library/debian@" + Digest)]
    [TestCase("debian:12@" + Digest, "docker.io/library/debian:12")]
    public void Should_be_known_in_full(string text, string full)
    {
        Assert.That(ImageName.TryParse(text, out var name));
        Assert.That(name!.ToString(), Is.EqualTo(full));
        Assert.That(name.Digest, text.Contains('@', StringComparison.Ordinal) ? Is.EqualTo(Digest) : Is.Null);
    }

    [TestCase("")]
    [TestCase("Debian")]
    [TestCase("a b")]
    [TestCase("a:")]
    [TestCase("a:b:c")]
    [TestCase("a@sha256:12")]
    [TestCase("-a")]
    [TestCase("a//b")]
    [TestCase("../a")]
    [TestCase("a\n")]
    [TestCase("http://reg.example.org/a")]
    [TestCase("user:pw@reg.example.org/a")]
    [TestCase("reg.example.org/")]
    public void Should_be_refused_where_it_is_none(string text) =>
        Assert.That(ImageName.TryParse(text, out _), Is.False);

    [TestCase("linux/amd64", "linux/x86_64", true)]
    [TestCase("linux/arm64/v8", "linux/arm64", true)]
    [TestCase("linux/arm/v7", "linux/arm/v6", true)]
    [TestCase("linux/arm/v6", "linux/arm", false)]
    [TestCase("linux/amd64", "linux/arm64", false)]
    [TestCase("windows/amd64", "linux/amd64", false)]
    public void Should_run_where_its_platform_fits(string machine, string image, bool runs)
    {
        Assert.That(Platform.TryParse(machine, out var on) & Platform.TryParse(image, out var what));
        Assert.That(on!.Runs(what!), Is.EqualTo(runs));
    }
}
