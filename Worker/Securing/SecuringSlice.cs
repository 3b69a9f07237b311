namespace Builds.Worker.Securing;

public static class SecuringSlice
{
    public static void AddSecuring(this IHostApplicationBuilder builder)
    {
        builder.Services.AddOptions<KeyOptions>().BindConfiguration("Keys").ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddSingleton<WorkerKeys>();
    }
}
