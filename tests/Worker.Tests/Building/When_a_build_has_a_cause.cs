using Builds.Contracts;
using Builds.Worker.Building;

namespace Builds.Worker.Tests.Building;

public sealed class When_a_build_has_a_cause
{
    [Test]
    public void Should_begin_its_log_with_what_moved_and_how_that_is_known()
    {
        var cascade = Guid.NewGuid();

        var lines = WhyBuilt.Lines(new BuildCause
        {
            Kind = BuildCauseKind.Cascade,
            CascadeId = cascade,
            Base = "registry.example.org/library/os:1",
            OldDigest = "sha256:a",
            NewDigest = "sha256:b",
            Evidence = "layers",
            Depth = 2,
        });

        Assert.That(lines, Is.EqualTo(new[]
        {
            "rebuilt because registry.example.org/library/os:1 moved sha256:a → sha256:b",
            $"evidence: layers; cascade {cascade}, depth 2",
        }));
    }

    [Test]
    public void Should_keep_the_facts_where_somebody_tries_a_rebuild_again() => Assert.That(
        WhyBuilt.Lines(new BuildCause
        {
            Kind = BuildCauseKind.Retry, Actor = "ann", Base = "registry.example.org/library/os:1",
            OldDigest = "sha256:a", NewDigest = "sha256:b", Evidence = "record", CascadeId = Guid.Empty, Depth = 1,
        }),
        Is.EqualTo(new[]
        {
            "asked for by ann (retry)",
            "rebuilt because registry.example.org/library/os:1 moved sha256:a → sha256:b",
            $"evidence: record; cascade {Guid.Empty}, depth 1",
        }));

    [Test]
    public void Should_say_who_asked() => Assert.That(
        WhyBuilt.Lines(new BuildCause { Kind = BuildCauseKind.Api, Actor = "alice" }),
        Is.EqualTo(new[] { "asked for by alice (api)" }));

    [Test]
    public void Should_say_nothing_where_nothing_is_told() => Assert.That(WhyBuilt.Lines(null), Is.Empty);
}
