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

    private static HookingOptions Hooks(params (string Host, string? Secret)[] registries) => new()
    {
        Registries = [.. registries.Select(one => new NotifyingRegistryOptions { Host = one.Host, Secret = one.Secret })],
    };
}
