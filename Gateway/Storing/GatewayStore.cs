using Builds.Storing;
using Microsoft.Extensions.Options;

namespace Builds.Gateway.Storing;

/// <summary>
/// Definitions, builds, claims, tokens and the outbox: <c>gateway.db</c>. An answer means it is on disk.
/// </summary>
public sealed class GatewayStore(IOptions<StoreOptions> options)
    : SqliteStore(Path.Combine(options.Value.Folder, "gateway.db"), ".Storing.Schema.", "FULL");
