using Builds.Storing;
using Microsoft.Extensions.Options;

namespace Builds.GraphTracker.Storing;

/// <summary>
/// Tags and all that they ever pointed to, layers, edges, cascades: <c>graph.db</c>. What was acknowledged is on disk.
/// </summary>
public sealed class GraphStore(IOptions<StoreOptions> options)
    : SqliteStore(Path.Combine(options.Value.Folder, "graph.db"), ".Storing.Schema.", "FULL");
