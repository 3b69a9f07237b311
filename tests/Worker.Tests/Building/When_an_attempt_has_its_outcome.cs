using Builds.Contracts;
using Builds.Worker.Building;
using Builds.Worker.Images;

namespace Builds.Worker.Tests.Building;

public sealed class When_an_attempt_has_its_outcome
{
    [Test]
    public void Should_tell_what_was_asked_for()
    {
        var request = new BuildRequested
        {
            BuildId = Guid.NewGuid(),
            Image = new ImageReference { Repository = "team/api" },
            Tags = ["latest"],
            Source = new GitSource { Git = "https://git.example.org/team/api.git", Ref = "main", Submodules = true },
            RequestedAt = DateTimeOffset.UnixEpoch,
            BuildArgs = new Dictionary<string, string> { ["A"] = "1" },
            Target = "runtime",
            Platform = "linux/arm64",
            Labels = new Dictionary<string, string> { ["org.example.team"] = "api" },
            NoCache = true,
            TimeoutSeconds = 90,
            Cause = new BuildCause { Kind = BuildCauseKind.Portus },
        };
        using var build = new RunningBuild(request, 2, DateTimeOffset.UnixEpoch, TimeProvider.System);
        build.Commit = "c0ffee";

        var told = AttemptEnd.Asking(build, AttemptEnd.Of(new BuildFailedException("no Dockerfile")), 3);

        Assert.That(told.Source, Is.EqualTo(request.Source with { Commit = "c0ffee" }));
        foreach (var name in Shared)
            Assert.That(typeof(BuildCompleted).GetProperty(name)!.GetValue(told),
                Is.Not.Null.And.EqualTo(typeof(BuildRequested).GetProperty(name)!.GetValue(request)), name);
    }

    [Test]
    public void Should_tell_what_was_pushed_by_somebody_else_meanwhile()
    {
        var request = new BuildRequested
        {
            BuildId = Guid.NewGuid(),
            Image = new ImageReference { Repository = "team/api" },
            Tags = ["latest"],
            Source = new GitSource { Git = "https://git.example.org/team/api.git", Ref = "main" },
            RequestedAt = DateTimeOffset.UnixEpoch,
            Replaces = "sha256:old",
        };
        using var build = new RunningBuild(request, 1, DateTimeOffset.UnixEpoch, TimeProvider.System);

        var told = AttemptEnd.Asking(build, AttemptEnd.Of(new OvertakenException("it has become new", "sha256:new")), 3);

        Assert.That((told.Outcome, told.Reason, told.Found), Is.EqualTo((BuildOutcome.Superseded, "it has become new", "sha256:new")));
        Assert.That(told.Class, Is.Null);
    }

    private static IEnumerable<string> Shared => typeof(BuildRequested).GetProperties()
        .Select(property => property.Name)
        .Intersect(typeof(BuildCompleted).GetProperties().Select(property => property.Name))
        .Except([nameof(BuildRequested.Source)]);
}
