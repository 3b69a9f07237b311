using System.Collections.Concurrent;
using Builds.Contracts;
using Builds.GraphTracker.Layers;
using Builds.GraphTracker.Registries;
using Builds.Parts;

namespace Builds.GraphTracker.Tests.Layers;

/// <summary>Registries whose every answer the test decides, a clock that it moves, and whoever asks them.</summary>
internal sealed class PlayedRegistries : IAsyncDisposable
{
    private readonly ConcurrentQueue<string> _asked = new();

    private GraphTracker.Layers.Asking? _asking;

    private PlayedRegistries()
    {
    }

    public static PlayedRegistries Empty() => new();

    public Graph Graph { get; } = Graph.Empty();

    public ManualClock Clock { get; } = new();

    /// <summary>By <c>repository:tag</c>: what it points to; not there where there is no answer.</summary>
    public ConcurrentDictionary<string, Func<Task<string?>>> Tags { get; } = new();

    /// <summary>By digest.</summary>
    public ConcurrentDictionary<string, Func<SeenManifest>> Manifests { get; } = new();

    /// <summary>Tags, in the order in which they were asked about.</summary>
    public IReadOnlyCollection<string> Asked => _asked;

    /// <summary>The registry has it under this tag.</summary>
    public void Holds(string name, SeenImage image)
    {
        Knows(image);
        Tags[name] = () => Task.FromResult<string?>(image.Digest);
    }

    /// <summary>The registry has it, under no tag.</summary>
    public void Knows(SeenImage image) => Manifests[image.Digest] = () => image;

    /// <summary>A push that is told.</summary>
    public Task HintAsync(
        string name, SeenImage image, string registry = Graph.Host, string source = "push") => Graph.Store.WriteAsync(db =>
    {
        var colon = name.IndexOf(':', StringComparison.Ordinal);
        Questions.AskTag(db, Names.ImageOf(db, registry, name[..colon]), name[(colon + 1)..], image.Digest, source,
            Clock.GetUtcNow().ToUnixTimeMilliseconds());
    }, CancellationToken.None);

    /// <summary>Time passes until nothing is left to ask.</summary>
    public Task AnsweredAsync() => Wait.UntilAsync("all questions to be answered", () =>
    {
        Clock.Pass(TimeSpan.FromMilliseconds(100));
        return Graph.Questions.Count == 0;
    });

    /// <summary>Digests that a tag was found to point to, in order.</summary>
    public IReadOnlyList<string> Moves(string name) => Graph.Query<string>($"""
        select digest from tag_move
          join tag on tag.id = tag_move.tag join image on image.id = tag.image
          join manifest on manifest.id = tag_move.new_manifest
         where image.repository || ':' || tag.name = '{name}' order by number
        """);

    /// <summary>Whether they answer at all, whatever they fail at.</summary>
    public bool AreWell { get; set; }

    public async Task StartAsync(int together = 4)
    {
        var inquiry = new Inquiry(
            Graph.Store, DigestOfAsync, ReadAsync, (_, error, _) => Task.FromResult(error.IsRefusal || AreWell));
        _asking = Graph.Asking(inquiry, Clock, together);
        await _asking.StartAsync(CancellationToken.None);
    }

    public async Task StopAsync()
    {
        if (_asking is null)
            return;
        await _asking.StopAsync(CancellationToken.None);
        _asking.Dispose();
        _asking = null;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await Graph.DisposeAsync();
    }

    private async Task<string?> DigestOfAsync(ImageReference image, string tag, CancellationToken cancel)
    {
        var name = $"{image.Repository}:{tag}";
        _asked.Enqueue(name);
        return Tags.TryGetValue(name, out var answer) ? await answer() : null;
    }

    private Task<SeenManifest> ReadAsync(ImageReference image, string digest, CancellationToken cancel) =>
        Task.Run(() => Manifests.TryGetValue(digest, out var answer)
            ? answer()
            : throw new ManifestGoneException(digest), cancel);
}
