using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Builds.Parts;
using MimeKit;

namespace Builds.Flow.Tests;

/// <summary>A mail about outdated images.</summary>
/// <param name="Images"><c>registry/repository:tag</c> → what is said of it, by label.</param>
public sealed record Letter(string Subject, IReadOnlyDictionary<string, IReadOnlyDictionary<string, string>> Images);

/// <summary>Who belongs to a namespace, and the mails that reach them.</summary>
public sealed class People(MailServer mail)
{
    /// <summary>Of the namespace and of all: still one person.</summary>
    public const string Owner = "owner@example.org";

    public const string Contributor = "contributor@example.org";
    public const string Viewer = "viewer@example.org";
    public const string Stranger = "stranger@example.org";

    /// <summary>For a Gateway that sends to this server.</summary>
    public Dictionary<string, string> Settings => new()
    {
        ["Mail:Host"] = "127.0.0.1",
        ["Mail:Port"] = $"{mail.Port}",
        ["Mail:Tls"] = "None",
        ["Mail:From"] = "builds@example.org",
        ["Mail:SettleSeconds"] = "2",
        ["Mail:RetrySeconds"] = "0.5",
    };

    public static async Task JoinAsync(Installation builds, string ns)
    {
        await PutAsync(builds, ns, (Owner, "owner"), (Contributor, "contributor"), (Viewer, "viewer"));
        await PutAsync(builds, "*", (Owner, "owner"), (Viewer, "viewer"));
        await PutAsync(builds, "elsewhere", (Stranger, "owner"));
    }

    /// <summary>What there was to tell is told.</summary>
    public static Task NoneWaitsAsync(Installation builds) => Wait.UntilAsync("no mail waits", async () =>
        (await builds.Api.GetFromJsonAsync<JsonElement>("v1/mail")).GetProperty("waiting").GetInt64() == 0);

    public async Task<Letter> FirstToAsync(string address)
    {
        await Wait.UntilAsync($"a mail to {address}", () => mail.To(address).Count > 0);
        return To(address)[0];
    }

    public IReadOnlyList<Letter> To(string address) => [.. mail.To(address).Select(Read)];

    // A line with its name, then indented lines with a label each, is an image.
    private static Letter Read(ReceivedMail received)
    {
        using var source = new MemoryStream(Encoding.UTF8.GetBytes(received.Source));
        using var message = MimeMessage.Load(source);
        var images =
            from part in message.TextBody!.ReplaceLineEndings("\n").Split("\n\n")
            let lines = part.Trim('\n').Split('\n')
            where lines.Length > 1 && lines.Skip(1).All(line => line.StartsWith("  ", StringComparison.Ordinal))
            select (Image: lines[0], Facts: lines.Skip(1).Select(line => line.Trim().Split(": ", 2)));
        return new Letter(message.Subject!, images.ToDictionary(
            image => image.Image,
            IReadOnlyDictionary<string, string> (image) => image.Facts.ToDictionary(fact => fact[0], fact => fact[1])));
    }

    private static async Task PutAsync(Installation builds, string ns, params (string Mail, string Role)[] members)
    {
        using var answer = await builds.Api.PutAsJsonAsync($"v1/namespaces/{ns}/members", new
        {
            members = members.Select(member => new { name = member.Role, mail = member.Mail, role = member.Role }),
        });
        Assert.That(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }
}
