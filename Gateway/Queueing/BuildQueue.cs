using System.Text.Json;
using Builds.Contracts;
using Builds.Gateway.Publishing;
using Builds.ServiceDefaults;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Builds.Gateway.Queueing;

/// <summary>Where a build enters, whoever asked for it.</summary>
public sealed class BuildQueue(Outbox outbox, TimeProvider clock)
{
    public static JsonSerializerOptions Json { get; } = BuildsBus.Plain(new JsonSerializerOptions());

    private const string InsertBuild = """
        insert into build (id, registry, repository, namespace, ref, request, state, requested_at, accepted_at, sent_at)
        values (@id, @registry, @repository, @ns, @ref, @request, @state, @requestedAt, @now, @sentAt)
            on conflict (id) do nothing
        returning number
        """;

    private const string InsertOpenTag = """
        insert or ignore into open_tag (registry, repository, tag, number) values (@registry, @repository, @tag, @number)
        """;

    /// <summary>
    /// Records the build and, if it did not come over the bus, leaves it to the outbox. Inside a write to the store.
    /// </summary>
    /// <param name="request">Valid, and with its registry filled in.</param>
    /// <returns>False where a build of that id is known already: nothing has changed then.</returns>
    public bool Accept(SqliteConnection db, BuildRequested request, bool fromBus)
    {
        var now = clock.GetUtcNow().ToUnixTimeMilliseconds();
        var registry = request.Image.Registry;
        var repository = request.Image.Repository;
        var number = db.ExecuteScalar<long?>(InsertBuild, new
        {
            id = request.BuildId.ToString(),
            registry,
            repository,
            ns = NamespaceOf(repository),
            @ref = request.Source.Ref,
            request = JsonSerializer.Serialize(request, Json),
            state = fromBus ? "queued" : "accepted",
            requestedAt = Math.Min(now, request.RequestedAt.ToUnixTimeMilliseconds()),
            now,
            sentAt = fromBus ? now : (long?)null,
        });
        if (number is null)
            return false;

        foreach (var tag in request.Tags)
            db.Execute(InsertOpenTag, new { registry, repository, tag, number });
        if (!fromBus)
            outbox.Add(db, request);
        return true;
    }

    /// <summary>The first segment of a repository; one without a slash belongs to <c>_</c>.</summary>
    public static string NamespaceOf(string repository) =>
        repository.IndexOf('/') is var slash and > 0 ? repository[..slash] : "_";
}
