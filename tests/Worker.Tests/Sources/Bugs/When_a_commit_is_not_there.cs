using Builds.Parts;

namespace Builds.Worker.Tests.Sources.Bugs;

/// <summary>It was not told from a commit that the server has and does not give alone.</summary>
public sealed class When_a_commit_is_not_there
{
    [TestCase(true)]
    [TestCase(false)]
    public async Task Should_be_said_whatever_the_server_gives(bool anyCommit)
    {
        await using var server = await GitServer.StartAsync();
        using var driver = CheckoutDriver.Create();
        var repository = await server.CreateRepositoryAsync("team/api.git", anyCommit);
        await repository.CommitAsync(("Dockerfile", "FROM scratch\n"));
        var commit = new string('a', 40);

        foreach (var (@ref, wanted) in new[] { (commit, null), ("main", commit) })
            Assert.That(
                (await driver.FailureAsync(server.UrlOf(repository), @ref, wanted)).Message, Does.Contain($"no commit {commit}"));
    }
}
