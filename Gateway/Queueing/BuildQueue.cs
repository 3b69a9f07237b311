using System.Text.Json;
using Builds.Contracts;
using Builds.Gateway.Defining;
using Builds.ServiceDefaults;
using Dapper;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Options;

namespace Builds.Gateway.Queueing;

/// <summary>Where a build enters, whoever asked for it. Everything here happens inside a write to the store.</summary>
public sealed class BuildQueue(
    Turns turns, RequestRules rules, IOptions<RegistryOptions> registries, TimeProvider clock)
{
    public static JsonSerializerOptions Json { get; } = BuildsBus.Plain(new JsonSerializerOptions());

    /// <summary>Of images that name none.</summary>
    public string DefaultRegistry => registries.Value.Default;

    /// <summary>Takes what came over the bus. What breaks a rule is recorded and answered, and never built.</summary>
    /// <param name="problem">What was found out beforehand, because it takes longer than a write may.</param>
    /// <returns>The build of that id as it is now, whether it is new or not.</returns>
    public QueuedBuild Receive(SqliteConnection db, BuildRequested request, string? problem = null)
    {
        if (QueuedBuild.Find(db, request.BuildId) is { } known)
            return known;

        var whole = WithRegistry(request);
        if ((rules.Problem(whole) ?? problem) is { } refusal)
            Refuse(db, Clipped.From(whole), refusal, FailureClass.Policy);
        else
            Accept(db, whole, fromBus: true);
        return QueuedBuild.Find(db, request.BuildId)!;
    }

    /// <summary>Records the build and, if it did not come over the bus, leaves it to the outbox.</summary>
    /// <param name="request">Valid, and with its registry filled in.</param>
    /// <returns>False where a build of that id is known already: nothing has changed then.</returns>
    public bool Accept(SqliteConnection db, BuildRequested request, bool fromBus)
    {
        if (Insert(db, request, fromBus) is not { } build)
            return false;

        foreach (var tag in request.Tags)
            db.Execute(InsertOpenTag, new { build.Registry, build.Repository, tag, build.Number });
        if (!fromBus)
            turns.SendFirst(db, request);
        turns.SupersedeOlder(db, build);
        return true;
    }

    /// <summary>Records what will never be built, and answers it. Nothing happens where its id is known.</summary>
    public void Refuse(SqliteConnection db, BuildRequested request, string problem, FailureClass @class)
    {
        if (Insert(db, request, fromBus: true) is { } build)
            turns.End(db, build, BuildOutcome.Failed, @class, problem);
    }

    public BuildRequested WithRegistry(BuildRequested request) =>
        request.Image.Registry is not null
            ? request
            : request with { Image = request.Image with { Registry = DefaultRegistry } };

    /// <summary>The first segment of a repository; one without a slash belongs to <c>_</c>.</summary>
    public static string NamespaceOf(string repository) =>
        repository.IndexOf('/') is var slash and > 0 ? repository[..slash] : "_";

    private const string InsertBuild = """
        insert into build (id, registry, repository, namespace, ref, request, likeness, repeats, state, requested_at,
                           accepted_at, sent_at)
        values (@Id, @Registry, @Repository, @ns, @ref, @Request, @Likeness, @repeats, @State, @RequestedAt,
                @now, @sentAt)
            on conflict (id) do nothing
        returning number
        """;

    private const string InsertOpenTag = """
        insert or ignore into open_tag (registry, repository, tag, number)
        values (@Registry, @Repository, @tag, @Number)
        """;

    private const string SelectHasStarted = """
        select 1 from (select number, registry, repository, tag from tag
                       union all
                       select number, registry, repository, tag from open_tag) named
          join build using (number)
         where named.registry = @registry and named.repository = @repository and named.tag in @tags
           and build.requested_at > @requestedAt and build.started_at is not null
         limit 1
        """;

    // The publisher's word, but never later than now. And one that names no commit takes the newest source there is, so
    // it stands after what has taken its source already: a clock that is slow must not lose the newest commit.
    private static long RequestedAt(SqliteConnection db, BuildRequested request, long now)
    {
        var requestedAt = Math.Min(now, request.RequestedAt.ToUnixTimeMilliseconds());
        var (registry, repository) = (request.Image.Registry, request.Image.Repository);
        return request.Source.Commit is null && db.ExecuteScalar<long?>(
            SelectHasStarted, new { registry, repository, tags = request.Tags, requestedAt }) is not null
                ? now
                : requestedAt;
    }

    /// <returns>Null where a build of that id is known already.</returns>
    private QueuedBuild? Insert(SqliteConnection db, BuildRequested request, bool fromBus)
    {
        var now = clock.GetUtcNow().ToUnixTimeMilliseconds();
        var build = new QueuedBuild
        {
            Number = 0,
            Id = request.BuildId.ToString(),
            Registry = request.Image.Registry!,
            Repository = request.Image.Repository,
            Request = JsonSerializer.Serialize(request, Json),
            Likeness = Likeness.Of(request),
            State = fromBus ? BuildState.Queued : BuildState.Accepted,
            RequestedAt = fromBus ? RequestedAt(db, request, now) : now,
            Attempt = 0,
            Lost = 0,
        };
        var number = db.ExecuteScalar<long?>(InsertBuild, new
        {
            build.Id,
            build.Registry,
            build.Repository,
            ns = NamespaceOf(build.Repository),
            @ref = request.Source.Ref,
            build.Request,
            build.Likeness,
            repeats = Likeness.Repeats(request) ? 1 : 0,
            build.State,
            build.RequestedAt,
            now,
            sentAt = fromBus ? now : (long?)null,
        });
        return number is { } given ? build with { Number = given } : null;
    }
}
