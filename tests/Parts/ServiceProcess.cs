using System.Net;

namespace Builds.Parts;

/// <summary>One of the services, as it was built, in a process of its own on a free port.</summary>
public sealed class ServiceProcess : IAsyncDisposable
{
    private readonly TempFolder _folder;
    private readonly string _name;
    private readonly int _port;
    private readonly IReadOnlyDictionary<string, string> _settings;
    private readonly Stack<PartProcess> _starts = [];

    private ServiceProcess(string name, IReadOnlyDictionary<string, string> settings, int port)
    {
        _name = name;
        _settings = settings;
        _port = port;
        _folder = new TempFolder(name.ToLowerInvariant());
        Http = new HttpClient { BaseAddress = Url, Timeout = TimeSpan.FromMinutes(10) };
    }

    /// <summary><c>http://127.0.0.1:port/</c>, the same after <see cref="StartAgainAsync"/>.</summary>
    public Uri Url => new($"http://127.0.0.1:{_port}/");

    public HttpClient Http { get; }

    /// <summary>A folder of its own for its state, gone when disposed.</summary>
    public string Folder => _folder.FullPath;

    private PartProcess Current => _starts.Peek();

    public int Id => Current.Id;

    public bool HasEnded => Current.HasEnded;

    /// <summary>All that it printed so far, over all its starts.</summary>
    public string Output => File.ReadAllText(Current.LogFile);

    /// <param name="service"><c>Gateway</c>, <c>Worker</c> or <c>GraphTracker</c>.</param>
    /// <param name="settings">For example <c>Bus:Address</c>; <c>{folder}</c> in a value is <see cref="Folder"/>.</param>
    /// <param name="readyPath">What must answer 200 before this returns; <c>/healthz</c> where the broker is away.</param>
    /// <param name="port">From <see cref="FreePort"/>, where somebody has to know it before the start.</param>
    public static async Task<ServiceProcess> StartAsync(
        string service,
        IReadOnlyDictionary<string, string> settings,
        string readyPath = "/readyz",
        int? port = null)
    {
        var process = new ServiceProcess(service, settings, port ?? FreePort.Next());
        try
        {
            await process.StartAgainAsync(readyPath);
            return process;
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    /// <summary>After its end: same port, settings and folder.</summary>
    public async Task StartAgainAsync(string readyPath = "/readyz")
    {
        var settings = _settings.Select(setting =>
            $"--{setting.Key}={setting.Value.Replace("{folder}", Folder, StringComparison.Ordinal)}");
        _starts.Push(await PartProcess.StartAsync(
            _name,
            _folder,
            [Built(_name), "--urls", Url.ToString(), .. settings],
            childrenStay: true,
            graceSeconds: 50));
        await Current.ReadyAsync(readyPath, async () =>
        {
            using var answer = await Http.GetAsync(new Uri(readyPath, UriKind.Relative));
            return answer.StatusCode == HttpStatusCode.OK;
        });
    }

    /// <summary>SIGKILL to it alone: what it started lives on, as on a real machine, until this is disposed.</summary>
    public Task KillAsync() => Current.KillAsync();

    /// <summary>SIGTERM; waits for its end, and kills it when 50 seconds have passed.</summary>
    public Task StopAsync() => Current.StopAsync();

    /// <summary>SIGSTOP: alive, holding its connections, doing nothing.</summary>
    public Task FreezeAsync() => Current.SignalAsync("STOP");

    public Task WakeAsync() => Current.SignalAsync("CONT");

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        foreach (var start in _starts)
            await start.DisposeAsync();
        _folder.Dispose();
    }

    /// <summary>The built program of a project of the solution, of the same configuration as the tests that run.</summary>
    public static string Built(string project, string? program = null)
    {
        var tests = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd('/'));
        var root = tests;
        while (root is not null && !File.Exists(Path.Combine(root.FullName, "Builds.sln")))
            root = root.Parent;
        if (root is null)
            throw new PartException($"{tests.FullName} is not below the folder of Builds.sln");

        var file = Path.Combine(root.FullName, "artifacts/bin", project, tests.Name, program ?? "Builds." + project);
        return File.Exists(file)
            ? file
            : throw new PartException($"{file} is not built: dotnet build {project} (tests/run does it)");
    }
}
