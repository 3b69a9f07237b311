namespace Builds.GraphTracker.Registries;

/// <summary>Tells what a registry fails at from a registry that is away.</summary>
internal static class RegistryFaults
{
    /// <summary>Whether it failed at this alone and is well otherwise.</summary>
    internal static async Task<bool> IsOfTheRequestAsync(
        this RegistryClient client, string registry, RegistryUnavailableException error, CancellationToken cancel) =>
        error.IsRefusal
        || (error is { IsDenied: false, RetryAfter: null } && await client.AnswersAsync(registry, cancel));

    /// <summary>
    /// A list that a registry may refuse, or fail at while it is well otherwise. That is tried twice: it may have been
    /// away for a moment.
    /// </summary>
    /// <param name="list">Reads it from its beginning.</param>
    /// <returns>Why there is none, or not all of it; null where there is.</returns>
    /// <exception cref="RegistryUnavailableException">It does not answer at all.</exception>
    internal static async Task<string?> TryListAsync(
        this RegistryClient client, string registry, Func<Task> list, CancellationToken cancel)
    {
        for (var isLast = false; ; isLast = true)
        {
            try
            {
                await list();
                return null;
            }
            catch (RegistryUnavailableException e)
            {
                if (!await client.IsOfTheRequestAsync(registry, e, cancel))
                    throw;
                if (isLast || e.IsRefusal)
                    return e.Message;
            }
        }
    }
}
