namespace Builds.Worker.Securing;

/// <summary>Opens sealed credentials; section <c>Keys</c>.</summary>
public static class SecuringSlice
{
    public static void AddSecuring(this IHostApplicationBuilder builder)
    {
        builder.Services.AddOptions<KeyOptions>().BindConfiguration("Keys").ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddSingleton<WorkerKeys>();
    }
}
