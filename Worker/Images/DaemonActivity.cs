using System.Text.Json;

namespace Builds.Worker.Images;

/// <summary>Whether a daemon's BuildKit works on anything, asked apart from the build: the one way to learn of its end
/// when the daemon has stopped reporting. Other builds on a shared daemon delay the answer.</summary>
internal static class DaemonActivity
{
    /// <summary>Between two steps nothing is in use for a moment, so it is looked at more than once.</summary>
    private const int Looks = 3;

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    public static async Task EndAsync(DaemonEndpoint daemon, TimeProvider clock, CancellationToken cancel)
    {
        using var http = daemon.Open();
        for (var idle = 0; idle < Looks; idle = await IsBusyAsync(http, cancel) ? 0 : idle + 1)
            await Task.Delay(Pause, clock, cancel);
    }

    private static async Task<bool> IsBusyAsync(HttpClient http, CancellationToken cancel)
    {
        using var usage = JsonDocument.Parse(
            await http.GetByteArrayAsync(new Uri("system/df", UriKind.Relative), cancel));
        return usage.RootElement.TryGetProperty("BuildCache", out var records)
            && records.ValueKind == JsonValueKind.Array
            && records.EnumerateArray().Any(record => record.GetProperty("InUse").GetBoolean());
    }
}
