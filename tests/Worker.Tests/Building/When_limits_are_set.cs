using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Builds.Worker.Building;

namespace Builds.Worker.Tests.Building;

public sealed partial class When_limits_are_set
{
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(30); // its clean-up, and the broker's rare looks

    [Test]
    public void Should_let_no_delivery_outlive_the_patience_of_the_shipped_broker()
    {
        var patience = TimeSpan.FromMilliseconds(long.Parse(
            ConsumerTimeout().Match(File.ReadAllText(ShippedConfiguration())).Groups[1].Value, CultureInfo.InvariantCulture));

        var longest = typeof(LimitOptions).GetProperties()
            .Select(limit => limit.GetCustomAttribute<System.ComponentModel.DataAnnotations.RangeAttribute>()!.Maximum)
            .Max(limit => TimeSpan.Parse($"{limit}", CultureInfo.InvariantCulture));

        Assert.That(longest + Margin, Is.LessThan(patience));
    }

    private static string ShippedConfiguration([CallerFilePath] string here = "") =>
        Path.Combine(Path.GetDirectoryName(here)!, "../../../deploy/rabbitmq.conf");

    [GeneratedRegex(@"^consumer_timeout = (\d+)$", RegexOptions.Multiline)]
    private static partial Regex ConsumerTimeout();
}
