using Microsoft.AspNetCore.Authentication;

namespace Builds.Gateway.Securing;

/// <summary>Who may do what: tokens and scopes, sealed credentials, which addresses git may be fetched from.</summary>
public static class SecuringSlice
{
    public static void AddSecuring(this IHostApplicationBuilder builder)
    {
        builder.Services.AddOptions<TokensOptions>().BindConfiguration("Tokens");
        builder.Services.AddOptions<KeysOptions>().BindConfiguration("Keys");
        builder.Services.AddOptions<SourcesOptions>().BindConfiguration("Sources");
        builder.Services.AddSingleton<Tokens>();
        builder.Services.AddSingleton<WorkerKeys>();
        builder.Services.AddSingleton<Credentials>();
        builder.Services.AddSingleton<CredentialRelease>();
        builder.Services.AddSingleton<GitAddresses>();
        builder.Services.AddHostedService<FirstToken>();
        // Not AddAuthentication: it brings data protection, which makes keys for cookies that there are none of.
        builder.Services.AddWebEncoders();
        builder.Services.AddAuthenticationCore(options => options.DefaultScheme = BearerHandler.SchemeName);
        new AuthenticationBuilder(builder.Services)
            .AddScheme<AuthenticationSchemeOptions, BearerHandler>(BearerHandler.SchemeName, configureOptions: null);
        builder.Services.AddAuthorization();

        // These print whole paths, and some paths hold a trigger's secret: no setting turns them on.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.Warning);
        builder.Logging.AddFilter("Microsoft.AspNetCore.Routing.Matching.DfaMatcher", LogLevel.Warning);
        builder.Logging.AddFilter("Microsoft.AspNetCore.Routing.EndpointRoutingMiddleware", LogLevel.Warning);
    }

    public static void MapSecuring(this RouteGroupBuilder v1)
    {
        v1.MapTokens();
        v1.MapCredentials();
    }
}
