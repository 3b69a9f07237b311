namespace Builds.Worker.Sources;

public static class SourcesSlice
{
    public static void AddSources(this IHostApplicationBuilder builder)
    {
        builder.Services.AddOptions<SourceOptions>()
            .BindConfiguration("Sources").ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddSingleton<Checkouts>();
        builder.Services.AddHostedService<SshProgram>();
    }
}
