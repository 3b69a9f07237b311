using System.Formats.Tar;
using System.Text;
using Builds.Parts;
using Builds.Worker.Images;

namespace Builds.Worker.Tests.Machines;

/// <summary>A daemon as somebody else's programs see it: the docker command, and curl for BuildKit.</summary>
public sealed class Docker(DaemonEndpoint daemon)
{
    public Task<string> RunAsync(params string[] arguments)
    {
        var environment = new Dictionary<string, string> { ["DOCKER_HOST"] = daemon.Address.ToString().TrimEnd('/') };
        if (daemon.Certificates is { } certificates)
            (environment["DOCKER_TLS_VERIFY"], environment["DOCKER_CERT_PATH"]) = ("1", certificates);
        return Command.RunAsync(Installed.Program("docker", "docker.io"), arguments, input: null, environment);
    }

    /// <summary>Builds from busybox, whose shell has its commands in itself, and these further lines of a Dockerfile.</summary>
    /// <returns>What the daemon streamed; BuildKit's is not readable but for errors and the last line.</returns>
    public async Task<string> BuildAsync(string tag, string lines = "", bool buildKit = true)
    {
        var dockerfile = $"""
            FROM scratch
            COPY busybox /bin/sh
            {lines}

            """;
        using var context = new MemoryStream();
        await using (var tar = new TarWriter(context, TarEntryFormat.Ustar, leaveOpen: true)) // pax passes for a Dockerfile
        {
            await tar.WriteEntryAsync(Installed.Program("busybox", "busybox-static"), "busybox");
            await tar.WriteEntryAsync(new UstarTarEntry(TarEntryType.RegularFile, "Dockerfile")
            {
                DataStream = new MemoryStream(Encoding.UTF8.GetBytes(dockerfile)),
            });
        }

        var query = $"t={tag}&nocache=1&version={(buildKit ? 2 : 1)}";
        return await Command.RunAsync(
            Installed.Program("curl", "curl"),
            ["-sS", "-X", "POST", "-H", "Content-Type: application/x-tar", "--data-binary", "@-", .. At($"/build?{query}")],
            context.ToArray(),
            environment: null);
    }

    private string[] At(string path) =>
        daemon.Certificates is { } folder
            ?
            [
                "--cacert", folder + "/ca.pem", "--cert", folder + "/cert.pem", "--key", folder + "/key.pem",
                $"https://{daemon.Address.Authority}{path}",
            ]
            : ["--unix-socket", daemon.Address.LocalPath, $"http://docker{path}"];
}
