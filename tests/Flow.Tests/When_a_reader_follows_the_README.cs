using System.Text.Json;
using Builds.Contracts.Tests;
using Builds.Parts;

namespace Builds.Flow.Tests;

/// <summary>Every command under "With curl", in order, with what the answers tell put in where the README says so.</summary>
public sealed class When_a_reader_follows_the_README : IDisposable
{
    private const string Example = "https://git.example.org/team/api.git"; // the only address that is no variable there

    private readonly TempFolder _folder = new("reader");
    private readonly Dictionary<string, string> _told = [];
    private readonly List<Guid> _asked = [];
    private Installation _builds = null!;
    private Uri _git = null!;

    [OneTimeSetUp]
    public async Task An_installation()
    {
        _builds = await Installation.StartAsync(new InstallationOptions { Provider = "dockerd", Graph = true });
        File.Copy(Path.Combine(_builds.Gateway.Folder, "admin-token"), _folder.File(".local", "admin-token"));
        await File.WriteAllTextAsync(_folder.File(".local", "ports"), $"broker 1\ngateway {_builds.Gateway.Url.Port}\n");
        var repository = await _builds.Git.CreateRepositoryAsync("api.git");
        await repository.CommitAsync(("Dockerfile", $"FROM {_builds.Registry.Host}/library/busybox:1\nRUN echo read; sleep 3\n"));
        _git = _builds.Git.UrlOf(repository);
        await Wait.UntilAsync("the base is known", async () =>
        {
            using var answer = await _builds.Api.GetAsync("v1/graph?image=library/busybox");
            return answer.IsSuccessStatusCode;
        });
    }

    [OneTimeTearDown]
    public async Task Gone()
    {
        if (_builds is not null)
            await _builds.DisposeAsync();
    }

    public void Dispose() => _folder.Dispose();

    [Test]
    public async Task Should_get_what_it_says()
    {
        var readme = new ReadmeCommands(await File.ReadAllTextAsync(Path.Combine(Repository.Root, "README.md")), _folder);
        Assert.That((readme.Preparation.Count, readme.Calls.Count), Is.EqualTo((2, 12)), string.Join("\n\n", readme.Calls));

        var answers = new List<string>();
        foreach (var call in readme.Calls)
        {
            var answer = await readme.RunAsync(call.Replace(Example, _git.ToString(), StringComparison.Ordinal), _told);
            answers.Add(answer);
            Learn(answer);
        }

        var ends = new List<Build>();
        foreach (var id in _asked.Distinct())
            ends.Add(await _builds.EndOfAsync(id));
        Assert.That(ends.Select(build => build.State), Is.EqualTo(new[] { "succeeded", "succeeded", "cancelled" }));
        Assert.That(answers, Has.Some.Match(@"\nread\n(.*\n)*.*succeeded[^\n]*\z"), "the log, to its end");
        foreach (var (tag, build) in new[] { ("1.4", ends[0]), ("latest", ends[1]) })
            Assert.That(await _builds.Registry.DigestOfAsync("team/api", tag), Is.EqualTo(build.Digest));
        Assert.That((await _builds.Api.GetAsync("openapi/v1.json")).IsSuccessStatusCode);
    }

    private void Learn(string answer)
    {
        if (!answer.StartsWith('{'))
            return;
        var json = JsonDocument.Parse(answer).RootElement;
        if (json.TryGetProperty("url", out var url))
            _told["SECRET"] = url.GetString()!.Split('/')[^1];
        if (json.TryGetProperty("id", out var id))
            _told["ID"] = id.GetString()!;
        if (json.TryGetProperty("id", out _) && json.TryGetProperty("log", out _))
            _asked.Add(id.GetGuid());
    }
}
