using Builds.Storing;
using Microsoft.Extensions.Options;

namespace Builds.GraphTracker.Storing;

/// <summary>
/// Tags and all that they ever pointed to, layers, edges, cascades: <c>graph.db</c>. What was acknowledged is on disk.
/// One decision goes through what is known of a hundred thousand images, and more than once through parts of it.
/// </summary>
public sealed class GraphStore(IOptions<StoreOptions> options)
    : SqliteStore(Path.Combine(options.Value.Folder, "graph.db"), ".Storing.Schema.", "FULL", cache: 32);
