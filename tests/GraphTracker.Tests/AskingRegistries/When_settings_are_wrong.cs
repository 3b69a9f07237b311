using System.ComponentModel.DataAnnotations;
using Builds.GraphTracker.Registries;
using Builds.Parts;
using Microsoft.Extensions.Configuration;
using RegistryOptions = Builds.GraphTracker.Registries.RegistryOptions;

namespace Builds.GraphTracker.Tests.AskingRegistries;

public sealed class When_settings_are_wrong
{
    [TestCase("Host=https://registry.example.org", "no host")]
    [TestCase("Url=registry.example.org", "http://")]
    [TestCase("Url=https://user:password@registry.example.org", "no password in it")]
    [TestCase("User=reader", "belong together")]
    [TestCase("Password=secret", "belong together")]
    [TestCase("User=reader Password=secret PasswordFile={folder}/text", "not both")]
    [TestCase("User=reader PasswordFile={folder}/none", "no file")]
    [TestCase("User=reader PasswordFile={folder}/empty", "empty")]
    [TestCase("CaFile={folder}/text", "certificate")]
    [TestCase("TokenServer=https://tokens.example.org", "TokenServer")]
    [TestCase("PauseMilliseconds=-1", "PauseMilliseconds")]
    [TestCase("ReconcileInterval=-00:00:01", "ReconcileInterval")]
    public void Should_say_which_and_why(string settings, string why)
    {
        var problems = ProblemsOf(settings);

        Assert.That(problems.Single(), Does.StartWith("Registries:Known:0:").And.Contain(why));
    }

    [TestCase("")]
    [TestCase("User=reader PasswordFile={folder}/text TokenServer=tokens.example.org:8443")]
    [TestCase("Url=http://10.0.0.7:5000 ReconcileInterval=00:00:05 WatchInterval=1.00:00:00")]
    public void Should_say_nothing_where_they_are_right(string settings) => Assert.That(ProblemsOf(settings), Is.Empty);

    [TestCase("registry.example.org", "https://registry.example.org/v2/")]
    [TestCase("docker.io", "https://registry-1.docker.io/v2/")]
    [TestCase("127.0.0.1:5000", "http://127.0.0.1:5000/v2/")]
    [TestCase("localhost:5000", "http://localhost:5000/v2/")]
    public void Should_ask_in_the_clear_on_loopback_alone(string host, string url) =>
        Assert.That(new KnownRegistryOptions { Host = host }.Api.ToString(), Is.EqualTo(url));

    private static List<string?> ProblemsOf(string settings)
    {
        using var folder = new TempFolder("settings");
        File.WriteAllText(folder.File("empty"), "");
        File.WriteAllText(folder.File("text"), "secret\n");
        var values = settings.Replace("{folder}", folder.FullPath, StringComparison.Ordinal)
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(setting => setting.Split('=', 2))
            .ToDictionary(pair => $"Registries:Known:0:{pair[0]}", pair => (string?)pair[1]);
        values.TryAdd("Registries:Known:0:Host", "registry.example.org");
        values["Registries:Default"] = "registry.example.org";
        var options = new ConfigurationBuilder().AddInMemoryCollection(values).Build()
            .GetSection("Registries").Get<RegistryOptions>()!;
        var problems = new List<ValidationResult>();
        Validator.TryValidateObject(options, new ValidationContext(options), problems, validateAllProperties: true);
        return [.. problems.Select(problem => problem.ErrorMessage)];
    }
}
