using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

namespace Builds.Gateway.Tests.Hooking;

/// <summary>Notifies as a registry does.</summary>
internal sealed class Notifier(TheGateway gateway)
{
    public const string Type2 = "application/vnd.docker.distribution.events.v1+json";
    public const string DockerManifest = "application/vnd.docker.distribution.manifest.v2+json";

    public Task<Answer> SendAsync(JsonNode body, string secret = TheGateway.HookSecret, string? contentType = Type2) =>
        SendAsync(Encoding.UTF8.GetBytes(body.ToJsonString()), secret, contentType);

    public async Task<Answer> SendAsync(byte[] body, string? secret = TheGateway.HookSecret, string? contentType = Type2)
    {
        var client = gateway.Nobody();
        if (secret is not null)
            client.Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", secret);
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = contentType is null ? null : MediaTypeHeaderValue.Parse(contentType);
        return await client.SendAsync(HttpMethod.Post, "hooks/registry", content);
    }

    public static JsonObject Envelope(params JsonNode[] events) => new() { ["events"] = new JsonArray([.. events]) };

    public static JsonObject Push(
        string repository, string? tag = "latest", string mediaType = DockerManifest, string? id = null, char digit = 'a') => new()
        {
            ["id"] = id ?? Guid.NewGuid().ToString(),
            ["timestamp"] = "2026-03-09T14:44:26.402973972-08:00",
            ["action"] = "push",
            ["target"] = new JsonObject
            {
                ["mediaType"] = mediaType,
                ["digest"] = Digest(digit),
                ["size"] = 708,
                ["repository"] = repository,
                ["url"] = $"http://internal:5000/v2/{repository}/manifests/{Digest(digit)}",
                ["tag"] = tag,
            },
            ["request"] = new JsonObject { ["host"] = "internal:5000", ["method"] = "PUT" },
            ["actor"] = new JsonObject { ["name"] = "alice" },
            ["source"] = new JsonObject { ["instanceID"] = "a53db899-3b4b-4a62-a067-8dd013beaca4" },
        };

    public static JsonObject Of(string repository, string action, string? mediaType, string? tag, string? digest) => new()
    {
        ["id"] = Guid.NewGuid().ToString(),
        ["action"] = action,
        ["target"] = new JsonObject
        {
            ["repository"] = repository,
            ["mediaType"] = mediaType,
            ["tag"] = tag,
            ["digest"] = digest,
        },
    };

    public static string Digest(char digit) => "sha256:" + new string(digit, 64);

    public static (int Taken, int Repeated, int Ignored, int Rejected) Counts(Answer answer)
    {
        Assert.That((int)answer.Status, Is.EqualTo(202), answer.Text);
        int Of(string name) => answer.Json[name]!.GetValue<int>();
        return (Of("taken"), Of("repeated"), Of("ignored"), Of("rejected"));
    }
}
