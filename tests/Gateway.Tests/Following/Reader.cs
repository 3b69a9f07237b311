using Builds.Parts;

namespace Builds.Gateway.Tests.Following;

/// <summary>Reads an answer line by line while it comes.</summary>
public sealed class Reader : IDisposable
{
    private readonly HttpResponseMessage _response;
    private readonly StreamReader _lines;

    private Reader(HttpResponseMessage response, StreamReader lines) => (_response, _lines) = (response, lines);

    public HttpResponseMessage Response => _response;

    public static async Task<Reader> OpenAsync(
        ApiClient client, string path, string? accept = null, string? lastEventId = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (accept is not null)
            request.Headers.Add("Accept", accept);
        if (lastEventId is not null)
            request.Headers.Add("Last-Event-ID", lastEventId);
        var response = await client.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        return new Reader(response, new StreamReader(await response.Content.ReadAsStreamAsync()));
    }

    /// <returns>The next line; null at the end.</returns>
    public Task<string?> LineAsync() => _lines.ReadLineAsync().WaitAsync(Wait.Generous);

    public async Task<List<string>> RestAsync()
    {
        var all = new List<string>();
        while (await LineAsync() is { } line)
            all.Add(line);
        return all;
    }

    public void Dispose()
    {
        _lines.Dispose();
        _response.Dispose();
    }
}
