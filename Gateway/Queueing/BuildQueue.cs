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
        var number = Insert(db, request, fromBus);
        if (number is null)
            return false;

        foreach (var tag in request.Tags)
            db.Execute(InsertOpenTag, new { request.Image.Registry, request.Image.Repository, tag, number });
        if (!fromBus)
            turns.Send(db, request);
        turns.SupersedeOlder(db, QueuedBuild.Find(db, request.BuildId)!);
        return true;
    }

    /// <summary>Records what will never be built, and answers it. Nothing happens where its id is known.</summary>
    public void Refuse(SqliteConnection db, BuildRequested request, string problem, FailureClass @class)
    {
        if (Insert(db, request, fromBus: true) is not null)
            turns.End(db, QueuedBuild.Find(db, request.BuildId)!, BuildOutcome.Failed, @class, problem);
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
        values (@id, @registry, @repository, @ns, @ref, @request, @likeness, @repeats, @state, @requestedAt,
                @now, @sentAt)
            on conflict (id) do nothing
        returning number
        """;

    private const string InsertOpenTag = """
        insert or ignore into open_tag (registry, repository, tag, number)
        values (@Registry, @Repository, @tag, @number)
        """;

    private long? Insert(SqliteConnection db, BuildRequested request, bool fromBus)
    {
        var now = clock.GetUtcNow().ToUnixTimeMilliseconds();
        return db.ExecuteScalar<long?>(InsertBuild, new
        {
            id = request.BuildId.ToString(),
            registry = request.Image.Registry,
            repository = request.Image.Repository,
            ns = NamespaceOf(request.Image.Repository),
            @ref = request.Source.Ref,
            request = JsonSerializer.Serialize(request, Json),
            likeness = Likeness.Of(request),
            repeats = Likeness.Repeats(request) ? 1 : 0,
            state = fromBus ? BuildState.Queued : BuildState.Accepted,
            requestedAt = Math.Min(now, request.RequestedAt.ToUnixTimeMilliseconds()),
            now,
            sentAt = fromBus ? now : (long?)null,
        });
    }
}
