namespace Builds.Worker.Images;

public static class ImagesSlice
{
    /// <summary>Adds <see cref="BasePuller"/>, <see cref="ImageBuilder"/> and <see cref="ImagePusher"/>; section
    /// <c>Images</c>.</summary>
    public static void AddImages(this IHostApplicationBuilder builder)
    {
        builder.Services.AddOptions<ImageOptions>().BindConfiguration("Images").ValidateDataAnnotations(
            ).ValidateOnStart();
        builder.Services.AddSingleton<RegistryConnections>().AddSingleton<RegistryClient>();
        builder.Services.AddSingleton<RegistryTags>();
        builder.Services.AddSingleton<BasePuller>().AddSingleton<ImageBuilder>().AddSingleton<ImagePusher>();
    }
}
