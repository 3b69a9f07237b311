using Builds.Gateway.Describing;

namespace Builds.Gateway.Securing;

/// <summary>What a token may do in its namespace. An admin's may do everything everywhere.</summary>
[Flags]
public enum TokenScopes
{
    None = 0,

    /// <summary>Define and forget images, make trigger URLs, put credentials.</summary>
    Define = 1,

    /// <summary>Ask for builds, cancel and retry them.</summary>
    Trigger = 2,

    /// <summary>See images, builds and logs.</summary>
    Read = 4,
}

/// <summary>Who asks, by the token that was shown.</summary>
/// <param name="Namespace">Null for an admin.</param>
public sealed record Caller(string Id, string Name, string? Namespace, TokenScopes Scopes)
{
    public bool IsAdmin => Namespace is null;

    public static ValueTask<Caller?> BindAsync(HttpContext context) =>
        ValueTask.FromResult(context.Features.Get<Caller>());

    public bool May(TokenScopes scope, string @namespace) =>
        IsAdmin || (Namespace == @namespace && Scopes.HasFlag(scope));

    /// <summary>Ends the request with 403 where the token has not this scope in this namespace.</summary>
    public void Demand(TokenScopes scope, string @namespace)
    {
        if (!May(scope, @namespace))
            throw new RefusedException(
                StatusCodes.Status403Forbidden,
                $"This needs a token with the scope {Name(scope)} in the namespace {@namespace}; "
                + $"an admin can make one at POST /v1/tokens. The token that was sent has {Words()}.");

        static string Name(TokenScopes scope) => scope.ToString().ToLowerInvariant();
    }

    public void DemandAdmin()
    {
        if (!IsAdmin)
            throw new RefusedException(
                StatusCodes.Status403Forbidden,
                $"This needs a token with the scope admin. The token that was sent has {Words()}.");
    }

    private string Words() => $"{Scopes.ToString().ToLowerInvariant()} in {Namespace}";
}
