using Builds.GraphTracker.Storing;
using Dapper;
using Microsoft.Extensions.Options;

namespace Builds.GraphTracker.Layers;

/// <summary>The questions as <see cref="Asking"/> takes them.</summary>
public sealed class DueQuestions(GraphStore store, IOptions<LayersOptions> options)
{
    // One step in the index for each registry, however many questions wait for it.
    private const string SelectRegistries = """
        with recursive asked(registry) as (
          select min(registry) from question
          union all
          select (select min(registry) from question where registry > asked.registry) from asked
           where asked.registry is not null)
        select registry from asked where registry is not null
        """;

    public IReadOnlyList<string> Registries() => store.Read(db => db.Query<string>(SelectRegistries).AsList());

    private const string SelectDue = """
        select question.id as Id, question.image as Image, question.registry as Registry,
               image.repository as Repository, question.tag as Tag, question.manifest as Manifest,
               manifest.digest as Digest, question.named as Named,
               question.source as Source, question.tries as Tries, question.turn as Turn
          from question
          join image on image.id = question.image
          left join manifest on manifest.id = question.manifest
         where question.registry = @registry and question.turn = @turn and question.due_at <= @now
         order by question.due_at, question.id
         limit @most
        """;

    public IReadOnlyList<Question> Due(string registry, int turn, DateTimeOffset now, int most) =>
        store.Read(db => db
            .Query<Question>(SelectDue, new { registry, turn, now = now.ToUnixTimeMilliseconds(), most }).AsList());

    private const string SelectNextDue = """
        select min(due) from (
          select min(due_at) as due from question where registry = @registry and turn = 0 and due_at > @now
          union all
          select min(due_at) from question where registry = @registry and turn = 1 and due_at > @now)
        """;

    /// <summary>When the first of those is due that are not yet.</summary>
    public DateTimeOffset NextDue(string registry, DateTimeOffset now)
    {
        var asked = new { registry, now = now.ToUnixTimeMilliseconds() };
        return store.Read(db => db.QuerySingle<long?>(SelectNextDue, asked)) is { } due
            ? DateTimeOffset.FromUnixTimeMilliseconds(due)
            : DateTimeOffset.MaxValue;
    }

    private const string PutOff = """
        update question
           set tries = tries + 1, error = @error, turn = max(turn, @turn), due_at = max(due_at, @dueAt)
         where id = @Id
        """;

    /// <summary>
    /// Until later, and behind those that have not failed: one that always fails must not be the first for ever.
    /// </summary>
    public Task PutOffAsync(Question question, string error, long turn, DateTimeOffset now) =>
        PutOffUntilAsync(question, error, turn, now + options.Value.Pause(question.Tries + 1));

    /// <summary>
    /// One that the registry refuses: until somebody changes what we may see, or there is news of it.
    /// </summary>
    public Task PutOffForLongAsync(Question question, string error, DateTimeOffset now) =>
        PutOffUntilAsync(question, error, Turns.Late, now + LayersOptions.PauseOfRefused(question.Tries + 1));

    private Task PutOffUntilAsync(Question question, string error, long turn, DateTimeOffset due)
    {
        var dueAt = due.ToUnixTimeMilliseconds();
        return store.WriteAsync(
            db => { db.Execute(PutOff, new { question.Id, error, turn, dueAt }); }, CancellationToken.None);
    }

    private const string Drop = "delete from question where registry = @registry";

    /// <returns>How many there were.</returns>
    public Task<int> DropAsync(string registry) =>
        store.WriteAsync(db => db.Execute(Drop, new { registry }), CancellationToken.None);

    internal const string AskForWanted = """
        insert or ignore into question (registry, image, manifest, source, turn, asked_at, due_at)
        select image.registry, image.id, manifest.id, 'watch', 1, @now, @now
          from manifest join image on image.id = manifest.image
         where manifest.state = 'wanted' and manifest.state <> 'read' -- of the index that leaves out what was read
        """;

    // A tag that is named with what nobody knows it to have pointed to.
    private const string AskForNamed = """
        insert or ignore into question (registry, image, tag, named, source, turn, asked_at, due_at)
        select image.registry, image.id, named.name, group_concat(named.digest, ' '), 'watch', 1, @now, @now
          from (select distinct tag.image, tag.name, manifest.digest
                  from edge join tag on tag.id = edge.base_tag join manifest on manifest.id = edge.base
                 where edge.base_tag <> 0 and edge.pinned = 0 and manifest.state in ('wanted', 'read')
                   and not exists (
                     select 1 from tag_past where tag_past.tag = tag.id and (tag_past.manifest = edge.base
                         or tag_past.manifest in (select index_id from member where image_id = edge.base)))) named
          join image on image.id = named.image
         group by named.image, named.name
        """;

    /// <summary>At a start: what was named in a registry that no setting knew, and that one may know now.</summary>
    public Task AskForWantedAsync(DateTimeOffset now, CancellationToken cancel) => store.WriteAsync(
        db =>
        {
            var asked = new { now = now.ToUnixTimeMilliseconds() };
            db.Execute(AskForWanted, asked);
            db.Execute(AskForNamed, asked);
        },
        cancel);
}
