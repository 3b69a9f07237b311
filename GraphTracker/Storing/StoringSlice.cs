namespace Builds.GraphTracker.Storing;

public static class StoringSlice
{
    public static void AddStoring(this IHostApplicationBuilder builder)
    {
        builder.Services.AddOptions<StoreOptions>()
            .BindConfiguration("Store")
            .ValidateDataAnnotations()
            .ValidateOnStart();
        builder.Services.AddSingleton<GraphStore>();
    }
}
