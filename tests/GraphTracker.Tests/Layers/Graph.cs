using System.Security.Cryptography;
using System.Text;
using Builds.Contracts;
using Builds.GraphTracker.Layers;
using Builds.GraphTracker.Registries;
using Builds.GraphTracker.Storing;
using Builds.Parts;
using Dapper;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using BaseImage = Builds.Contracts.BaseImage;

namespace Builds.GraphTracker.Tests.Layers;

/// <summary>A graph in a temporary folder, and images made by hand: what a registry would have answered.</summary>
internal sealed class Graph : IAsyncDisposable
{
    public const string Host = "registry.example.org";
    private readonly TempFolder _folder = new("graph");

    private Graph() => Store = new GraphStore(Options.Create(new StoreOptions { Folder = _folder.FullPath }));

    public static Graph Empty() => new();

    public GraphStore Store { get; }

    public DateTimeOffset Now { get; set; } = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    public static string Digest(string of) =>
        "sha256:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(of)));

    /// <summary>Layers are named by words: <c>"os os2 app"</c> stands on <c>"os os2"</c>.</summary>
    public static SeenImage Image(string layers, string config = "", string? history = null, string platform = "linux/amd64",
        SeenBase? annotated = null) => new()
    {
        Digest = Digest($"{layers}|{config}|{history}|{platform}|{annotated}"),
        MediaType = "application/vnd.oci.image.manifest.v1+json",
        Platform = platform,
        DiffIds = [.. Words(layers).Select(Digest)],
        Content = SHA256.HashData(Encoding.UTF8.GetBytes($"{layers}|{config}")),
        History = [.. Words(history ?? layers)],
        Base = annotated,
    };

    public static SeenIndex Index(params SeenImage[] images) => new()
    {
        Digest = Digest(string.Join('+', images.Select(image => image.Digest))),
        MediaType = "application/vnd.oci.image.index.v1+json",
        Images = images,
        Provenance = new Dictionary<string, IReadOnlyList<SeenBase>>(),
    };

    public static SeenBase Named(string repository, string? tag, SeenManifest seen) =>
        new(Host, repository, tag, seen.Digest);

    /// <summary>Whoever asks the registries about it; not started.</summary>
    public Asking Asking(Inquiry inquiry, TimeProvider clock, int together = 4)
    {
        var options = Options.Create(new LayersOptions { QuestionsTogether = together });
        var questions = new DueQuestions(Store, options);
        var questioner = new Questioner(Store, inquiry, questions, clock, NullLogger<Questioner>.Instance);
        return new Asking(Store, questioner, questions, options, clock, NullLogger<Asking>.Instance);
    }

    /// <summary>A tag is found to point to this.</summary>
    public Task<bool> PushAsync(string repository, string tag, SeenManifest seen, string source = "push") =>
        WriteAsync(recording =>
        {
            var image = Names.ImageOf(recording.Db, Host, repository);
            return recording.Move(Names.TagOf(recording.Db, image, tag), recording.Manifest(image, seen), source);
        });

    /// <summary>What is under a digest is read, without a tag.</summary>
    public Task ReadAsync(string repository, SeenManifest seen) =>
        WriteAsync(recording => recording.Manifest(Names.ImageOf(recording.Db, Host, repository), seen));

    public Task<bool> DeleteAsync(string repository, string tag) =>
        WriteAsync(recording => recording.Move(
            Names.TagOf(recording.Db, Names.ImageOf(recording.Db, Host, repository), tag), null, "push"));

    public Task BuiltAsync(BuildCompleted build) => WriteAsync(recording =>
    {
        recording.Build(build, Host);
        return true;
    });

    public async Task<T> WriteAsync<T>(Func<Recording, T> work)
    {
        Now += TimeSpan.FromSeconds(1);
        return await Store.WriteAsync(db => Recording.Run(db, Now, work), CancellationToken.None);
    }

    /// <summary><c>child:tag → base:tag kind evidence[ pinned][ stale]</c>, in order.</summary>
    public IReadOnlyList<string> Footings => Query<string>("""
        select image.repository || ':' || tag.name || ' → ' || base_image.repository || ':' || base.name || ' ' || kind || ' '
               || evidence || iif(pinned, ' pinned', '') || iif(stale, ' stale', '')
          from footing
          join tag on tag.id = footing.tag join image on image.id = tag.image
          join tag base on base.id = footing.base_tag join image base_image on base_image.id = base.image
         order by 1
        """);

    /// <summary><c>repository:tag</c> of those that are to be decided about; they are taken.</summary>
    public async Task<IReadOnlyList<string>> TakeUndecidedAsync()
    {
        var taken = Query<string>("""
            select image.repository || ':' || tag.name from undecided
              join tag on tag.id = undecided.tag join image on image.id = tag.image order by 1
            """);
        await Store.WriteAsync(db => { db.Execute("delete from undecided"); }, CancellationToken.None);
        return taken;
    }

    /// <summary><c>repository:tag</c> or <c>repository@digest</c> of what is to be asked.</summary>
    public IReadOnlyList<string> Questions => Query<string>("""
        select image.repository || iif(question.tag <> '', ':' || question.tag,
                 '@' || (select digest from manifest where id = question.manifest))
          from question join image on image.id = question.image order by 1
        """);

    public IReadOnlyList<T> Query<T>(string sql) => Store.Read(db => db.Query<T>(sql).AsList());

    /// <summary>A build of ours that has pushed an image.</summary>
    public static BuildCompleted Built(string repository, string tag, SeenManifest made, params BaseImage[] bases) => new()
    {
        BuildId = Guid.NewGuid(),
        Attempt = 1,
        Outcome = BuildOutcome.Succeeded,
        Image = new ImageReference { Repository = repository },
        Tags = [tag],
        Source = new GitSource { Git = "https://git.example.org/x.git", Ref = "main" },
        Digest = made.Digest,
        Pushed = [tag],
        Bases = bases,
        Phases = [],
        LogBatches = 0,
        CompletedAt = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero),
    };

    public static BaseImage Used(string name, SeenManifest seen, BaseImageKind kind = BaseImageKind.From, bool final = true,
        bool pinned = false) => new()
    {
        Reference = $"{Host}/{name}",
        Digest = seen.Digest,
        Stage = "0",
        Kind = kind,
        Pinned = pinned,
        Final = final,
    };

    public async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        _folder.Dispose();
    }

    private static string[] Words(string text) => text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
