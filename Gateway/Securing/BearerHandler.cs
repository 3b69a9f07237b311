using System.Security.Claims;
using System.Text.Encodings.Web;
using Builds.Gateway.Describing;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace Builds.Gateway.Securing;

/// <summary>
/// <c>Authorization: Bearer bld_…</c> (RFC 6750); never from the query string, which ends up in logs.
/// </summary>
public sealed class BearerHandler(
    Tokens tokens, IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    public const string SchemeName = "Bearer";

    protected override Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (Shown() is not { } token)
            return Task.FromResult(AuthenticateResult.NoResult());
        if (tokens.Find(token) is not { } caller)
            return Task.FromResult(AuthenticateResult.Fail("unknown"));

        Context.Features.Set(caller);
        var identity = new ClaimsIdentity([new Claim(ClaimTypes.Name, caller.Name)], SchemeName);
        var ticket = new AuthenticationTicket(new ClaimsPrincipal(identity), SchemeName);
        return Task.FromResult(AuthenticateResult.Success(ticket));
    }

    protected override Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        var unknown = Shown() is not null;
        Response.Headers.WWWAuthenticate = "Bearer realm=\"builds\"" + (unknown ? ", error=\"invalid_token\"" : "");
        return Problems.WriteAsync(Context, StatusCodes.Status401Unauthorized, unknown
            ? "The token is not, or no longer, known here. An admin can make a new one at POST /v1/tokens."
            : "Send a token in the header, Authorization: Bearer bld_…; one in the query string is not accepted.");
    }

    private string? Shown() =>
        Request.Headers.Authorization.ToString() is var header
        && header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase)
            ? header["Bearer ".Length..].Trim()
            : null;
}
