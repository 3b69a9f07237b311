using Builds.Contracts;
using Builds.Gateway.Defining;
using Builds.Gateway.Describing;
using Builds.Gateway.Queueing;
using Builds.Gateway.Securing;
using Builds.Gateway.Storing;
using Microsoft.Data.Sqlite;

namespace Builds.Gateway.Triggering;

/// <summary>The answer to whoever asked for a build.</summary>
/// <param name="Status">Where its state is seen.</param>
/// <param name="Log">Where its log is read; with <c>?follow=true</c> to its end.</param>
public sealed record AcceptedBuild(Guid Id, string Status, string Log);

/// <summary>Accepts a build of a defined image: on disk before it is answered, on the bus soon after.</summary>
public sealed class TriggerBuild(
    GatewayStore store,
    Images images,
    BuildQueue queue,
    RequestRules rules,
    Idempotency idempotency,
    TimeProvider clock)
{
    /// <summary><c>POST /v1/builds</c>.</summary>
    public async Task<Guid> HandleAsync(Caller caller, HttpRequest request, CancellationToken cancel)
    {
        var key = Idempotency.KeyOf(request);
        var (body, bytes) = await Body.ReadAsync<BuildBody>(request, cancel);
        var image = images.Named(body.Image, body.Registry);
        caller.Demand(TokenScopes.Trigger, BuildQueue.NamespaceOf(image.Repository));

        var cause = new BuildCause { Kind = BuildCauseKind.Api, Actor = caller.Name };
        if (key is null)
            return await store.WriteAsync(db => Accept(db, image, body, cause), cancel);

        var mark = Idempotency.MarkOf(caller, key, bytes);
        return await store.WriteAsync(db => idempotency.Once(db, mark, () => Accept(db, image, body, cause)), cancel);
    }

    /// <summary>Inside a write to the store.</summary>
    public Guid Accept(SqliteConnection db, ImageReference image, BuildBody body, BuildCause cause)
    {
        var defined = Images.Find(db, image) ?? throw Images.NotDefined(image);
        var request = body.Over(defined.Definition, image, clock.GetUtcNow()) with { Cause = cause };
        Images.Refuse(rules.Problem(request));
        queue.Accept(db, request, fromBus: false);
        return request.BuildId;
    }
}
