using System.Text.Json;

namespace Builds.Flow.Tests;

/// <summary>A build as the API shows it.</summary>
public sealed record Build(JsonElement Json)
{
    public Guid Id => Json.GetProperty("id").GetGuid();
    public string State => Json.GetProperty("state").GetString()!;
    public string? Reason => Text("reason");
    public string? Class => Text("class");
    public string? Digest => Text("digest");
    public string? Commit => Text("commit");
    public string? Worker => Text("worker");
    public int Attempt => Json.TryGetProperty("attempt", out var attempt) ? attempt.GetInt32() : 0;
    public string? CauseKind =>
        Json.TryGetProperty("cause", out var cause) && cause.ValueKind == JsonValueKind.Object
            ? cause.GetProperty("kind").GetString()
            : null;

    public DateTimeOffset StartedAt => Json.GetProperty("startedAt").GetDateTimeOffset();
    public DateTimeOffset FinishedAt => Json.GetProperty("finishedAt").GetDateTimeOffset();

    public bool HasEnded => State is not ("accepted" or "queued" or "waiting" or "running");

    public IReadOnlyList<string> Phases =>
        Json.TryGetProperty("phases", out var phases) && phases.ValueKind == JsonValueKind.Array
            ? [.. phases.EnumerateArray().Select(phase => phase.GetProperty("name").GetString()!)]
            : [];

    public override string ToString() => Json.ToString(); // also of one that has not ended, or not begun

    private string? Text(string name) => Json.TryGetProperty(name, out var value) ? value.GetString() : null;
}
