using System.ComponentModel.DataAnnotations;
using Builds.Gateway.Hooking;
using Builds.Gateway.Notifying;

namespace Builds.Gateway.Tests.Notifying;

public sealed class When_settings_are_wrong
{
    private static readonly object[] Bad =
    [
        new object[] { new MailOptions { Host = "mail.example.org" }, "Mail:From" },
        new object[] { new MailOptions { Host = "h", From = "a@b", User = "u" }, "Password" },
        new object[] { new MailOptions { Host = "h", From = "a@b", User = "u", Password = "p", Tls = MailTls.None }, "in the clear" },
        new object[] { Mail(mostExplained: 0), "MostExplained must be between 1 and 100000" },
        new object[] { Mail(mostExplained: 100_001), "MostExplained must be between 1 and 100000" },
        new object[] { Hooks(("a.test", "short")), "at least 16" },
        new object[] { Hooks(("a.test", null)), "either" },
        new object[] { Hooks(("A.test", "a-secret-of-sixteen")), "Host" },
        new object[] { Hooks(("a.test", "a-secret-of-sixteen"), ("a.test", "b-secret-of-sixteen")), "twice" },
        new object[] { Hooks(("a.test", "a-secret-of-sixteen"), ("b.test", "a-secret-of-sixteen")), "which registry" },
    ];

    [TestCaseSource(nameof(Bad))]
    public void Should_say_which_one_and_what_to_do(object options, string words)
    {
        var problems = new List<ValidationResult>();

        Assert.That(Validator.TryValidateObject(options, new ValidationContext(options), problems, true), Is.False);
        Assert.That(problems.Single().ErrorMessage, Does.Contain(words));
    }

    [TestCase(1)]
    [TestCase(100_000)]
    public void Should_take_what_is_just_within_a_limit(int mostExplained)
    {
        var options = Mail(mostExplained);

        Assert.That(Validator.TryValidateObject(options, new ValidationContext(options), null, true));
    }

    private static MailOptions Mail(int mostExplained) =>
        new() { Host = "mail.example.org", From = "builds@example.org", MostExplained = mostExplained };

    private static HookingOptions Hooks(params (string Host, string? Secret)[] registries) => new()
    {
        Registries = [.. registries.Select(one => new NotifyingRegistryOptions { Host = one.Host, Secret = one.Secret })],
    };
}
