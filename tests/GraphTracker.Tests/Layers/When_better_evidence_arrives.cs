using Builds.Contracts;
using Builds.GraphTracker.Registries;
using static Builds.GraphTracker.Tests.Layers.Graph;

namespace Builds.GraphTracker.Tests.Layers;

public sealed class When_better_evidence_arrives
{
    private static readonly SeenImage Os = Image("os");
    private static readonly SeenImage Go = Image("os go");
    private static readonly SeenImage Base = Image("os base");
    private static readonly SeenImage Api = Image("os base api");

    private Graph _graph = null!;

    [SetUp]
    public async Task SetUpAsync()
    {
        _graph = Graph.Empty();
        await _graph.PushAsync("os", "1", Os);
        await _graph.PushAsync("go", "1", Go);
        await _graph.PushAsync("base", "1", Base);
    }

    [TearDown]
    public async Task TearDownAsync() => await _graph.DisposeAsync();

    [Test]
    public async Task Should_replace_layers_by_the_build_record_in_either_order([Values] bool recordFirst)
    {
        var built = Built("api", "1", Api, Used("go:1", Go, final: false), Used("base:1", Base));
        if (recordFirst)
            await _graph.BuiltAsync(built);
        await _graph.PushAsync("api", "1", Api);
        if (!recordFirst)
        {
            Assert.That(OfApi, Is.EqualTo(new[] { "api:1 → base:1 finalFrom 4" }));
            await _graph.BuiltAsync(built);
        }

        Assert.That(OfApi, Is.EqualTo(new[] { "api:1 → base:1 finalFrom 1", "api:1 → go:1 from 1" }));
    }

    [Test]
    public async Task Should_tell_all_the_uses_of_a_build_apart()
    {
        await _graph.PushAsync("api", "1", Api);
        await _graph.BuiltAsync(Built("api", "1", Api,
            Used("go:1", Go, BaseImageKind.Frontend, final: false), Used("go:1", Go, final: false),
            Used("go:1", Go, BaseImageKind.CopyFrom, final: false), Used("os:1", Os, BaseImageKind.Mount, final: false),
            Used("base:1", Base)));

        Assert.That(OfApi, Is.EqualTo(new[]
        {
            "api:1 → base:1 finalFrom 1", "api:1 → go:1 copyFrom 1", "api:1 → go:1 from 1", "api:1 → go:1 frontend 1",
            "api:1 → os:1 mount 1",
        }));
    }

    [Test]
    public async Task Should_take_the_last_from_for_the_final_one_where_a_worker_does_not_say()
    {
        await _graph.PushAsync("api", "1", Api);
        await _graph.BuiltAsync(Built("api", "1", Api,
            Used("go:1", Go) with { Final = null }, Used("base:1", Base) with { Final = null }));

        Assert.That(OfApi, Is.EqualTo(new[] { "api:1 → base:1 finalFrom 1", "api:1 → go:1 from 1" }));
    }

    [Test]
    public async Task Should_believe_a_build_that_used_no_base_at_all()
    {
        await _graph.PushAsync("api", "1", Api);
        await _graph.BuiltAsync(Built("api", "1", Api));

        Assert.That(OfApi, Is.Empty);
    }

    [Test]
    public async Task Should_take_the_latest_of_two_builds_that_made_the_same_image_in_either_order([Values] bool lateFirst)
    {
        var early = Built("api", "1", Api, Used("os:1", Os));
        var late = Built("api", "1", Api, Used("base:1", Base)) with { CompletedAt = early.CompletedAt.AddMinutes(1) };
        foreach (var build in lateFirst ? new[] { late, early, late } : [early, late, early])
            await _graph.BuiltAsync(build);
        await _graph.PushAsync("api", "1", Api);

        Assert.That(OfApi, Is.EqualTo(new[] { "api:1 → base:1 finalFrom 1" }));
    }

    [Test]
    public async Task Should_replace_layers_by_provenance_and_find_the_final_base_by_its_layers()
    {
        await _graph.PushAsync("api", "1", Api);
        var index = Index(Api) with
        {
            Provenance = new Dictionary<string, IReadOnlyList<SeenBase>>
            {
                [Api.Digest] = [Named("go", "1", Go), Named("base", "1", Base), Named("os", "1", Os)],
            },
        };
        await _graph.PushAsync("api", "1", index);

        Assert.That(OfApi, Is.EqualTo(new[]
        {
            "api:1 → base:1 finalFrom 2", "api:1 → go:1 from 2", "api:1 → os:1 from 2",
        }));

        await _graph.BuiltAsync(Built("api", "1", index, Used("base:1", Base)));
        Assert.That(OfApi, Is.EqualTo(new[] { "api:1 → base:1 finalFrom 1" }), "the record of the whole index is stronger");
    }

    [Test]
    public async Task Should_find_the_final_base_of_provenance_when_it_is_read()
    {
        var (late, api) = (Image("os late"), Image("os late api"));
        await _graph.PushAsync("api", "1", Index(api) with
        {
            Provenance = new Dictionary<string, IReadOnlyList<SeenBase>>
            {
                [api.Digest] = [Named("go", "1", Go), Named("late", "1", late)],
            },
        });
        Assert.That(_graph.Questions, Is.EqualTo(new[] { "late:1", "late@" + late.Digest }));
        Assert.That(OfApi, Is.EqualTo(new[] { "api:1 → go:1 from 2", "api:1 → late:1 from 2" }));

        await _graph.PushAsync("late", "1", late);
        Assert.That(OfApi, Is.EqualTo(new[] { "api:1 → go:1 from 2", "api:1 → late:1 finalFrom 2" }));
    }

    [TestCase(true, "pinned stale")]
    [TestCase(false, "stale")]
    public async Task Should_know_by_provenance_whether_a_base_with_a_tag_was_pinned(bool inAllStages, string expected)
    {
        var pinned = Named("base", "1", Base) with { IsPinned = true };
        await _graph.PushAsync("api", "1", Index(Api) with
        {
            Provenance = new Dictionary<string, IReadOnlyList<SeenBase>>
            {
                [Api.Digest] = inAllStages ? [pinned] : [pinned, pinned with { IsPinned = false }],
            },
        });

        await _graph.PushAsync("base", "1", Image("os newer"));

        Assert.That(OfApi, Is.EqualTo(new[] { $"api:1 → base:1 finalFrom 2 {expected}" }));
    }

    [Test]
    public async Task Should_believe_the_annotation_of_an_index()
    {
        await _graph.PushAsync("squashed", "1", Index(Image("one")) with { Base = Named("base", "1", Base) });

        Assert.That(_graph.Footings, Has.Member("squashed:1 → base:1 finalFrom 3"));
    }

    [Test]
    public async Task Should_tell_same_layers_apart_by_an_annotation()
    {
        await _graph.PushAsync("twin", "1", Image("os base", config: "twin", history: "", annotated: Named("base", "1", Base)));

        Assert.That(_graph.Footings, Has.Member("twin:1 → base:1 finalFrom 3"));
    }

    [Test]
    public async Task Should_believe_the_annotation_of_a_squashed_image()
    {
        await _graph.PushAsync("squashed", "1", Image("one", annotated: Named("base", "1", Base)));

        Assert.That(_graph.Footings, Has.Member("squashed:1 → base:1 finalFrom 3"));
    }

    [Test]
    public async Task Should_not_believe_a_label_that_was_inherited_from_the_base()
    {
        await _graph.PushAsync("api", "1", Image("os base api", annotated: Named("os", "1", Os)));

        Assert.That(OfApi, Is.EqualTo(new[] { "api:1 → base:1 finalFrom 4" }));
    }

    [Test]
    public async Task Should_weigh_an_annotation_again_when_its_base_is_read()
    {
        var nearer = Image("os base nearer");
        await _graph.PushAsync("api", "1", Image("os base nearer api", annotated: Named("nearer", "1", nearer)));
        Assert.That(OfApi, Is.EqualTo(new[] { "api:1 → base:1 finalFrom 4" }));

        await _graph.PushAsync("nearer", "1", nearer);
        Assert.That(OfApi, Is.EqualTo(new[] { "api:1 → nearer:1 finalFrom 3" }));
    }

    [Test]
    public async Task Should_name_the_build_of_a_move_in_either_order([Values] bool recordFirst)
    {
        var built = Built("api", "1", Api, Used("base:1", Base));
        if (recordFirst)
            await _graph.BuiltAsync(built);
        await _graph.PushAsync("api", "1", Api);
        if (!recordFirst)
            await _graph.BuiltAsync(built);

        Assert.That(_graph.Query<string>("select build from tag_move where build is not null"),
            Is.EqualTo(new[] { built.BuildId.ToString() }));
    }

    private string[] OfApi => [.. _graph.Footings.Where(footing => footing.StartsWith("api:", StringComparison.Ordinal))];
}
