using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Builds.Parts;

namespace Builds.Flow.Tests;

/// <summary>Notifications of a registry, made by hand.</summary>
public static class Notifications
{
    private const string Events = "application/vnd.docker.distribution.events.v1+json";

    /// <summary>Tells the Gateway this.</summary>
    /// <returns>The status of its answer.</returns>
    public static async Task<int> NotifyAsync(
        this Installation builds, string body, string secret = Installation.NotificationSecret)
    {
        using var notification = new HttpRequestMessage(HttpMethod.Post, new Uri("hooks/registry", UriKind.Relative))
        {
            Content = new StringContent(body, Encoding.UTF8, new MediaTypeHeaderValue(Events)),
        };
        notification.Headers.Authorization = new AuthenticationHeaderValue("Bearer", secret);
        using var answer = await builds.Gateway.Http.SendAsync(notification);
        return (int)answer.StatusCode;
    }

    public static string Of(params IEnumerable<object> events) => JsonSerializer.Serialize(new { events });

    public static object Push(string repository, string tag, string mediaType = BaseImage.ManifestType) => new
    {
        id = Guid.NewGuid(),
        action = "push",
        target = new { mediaType, repository, tag, digest = BaseImage.DigestOf(Encoding.UTF8.GetBytes(tag)) },
    };

    /// <summary>As registries send it from version 3 on; before, they deleted nothing but digests.</summary>
    public static object Delete(string repository, string tag) =>
        new { id = Guid.NewGuid(), action = "delete", target = new { repository, tag } };
}
