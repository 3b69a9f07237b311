using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using Builds.Contracts;
using Builds.Parts;
using Builds.Worker.Sources;

namespace Builds.Worker.Tests;

/// <summary>The worker itself, on a host that lacks one of the programs that it starts.</summary>
[Parallelizable(ParallelScope.All)]
public sealed partial class When_a_program_is_missing
{
    [TestCase("engine", "prlimit", "Fetching sources needs the program prlimit", "package util-linux")]
    [TestCase("engine", "setsid", "Fetching sources needs the program setsid", "package util-linux")]
    [TestCase("engine", "git", "Fetching sources needs the program git", "set Sources:AllowFile to false")]
    [TestCase("engine", "rm", "Removing machines needs the program rm", "package coreutils")]
    [TestCase("docker-machine", "docker-machine", "needs the program docker-machine", "Machines:DockerMachine:Binary")]
    [TestCase("dockerd", "dockerd", "needs the program dockerd", "Machines:Dockerd:Binary")]
    [TestCase("dockerd", "containerd", "needs the program containerd", "install it")]
    [TestCase("dockerd", "runc", "needs the program runc", "install it")]
    [TestCase("dockerd", "perl", "needs the program perl", "install it")]
    [TestCase("dockerd", "iptables-save", "needs the program iptables-save", "Machines:Dockerd:Egress")]
    public async Task Should_say_which_and_what_to_do_instead_of_starting(
        string provider, string program, string named, string remedy)
    {
        using var folder = new TempFolder("lacking");
        string[] arguments =
        [
            $"--Machines:Provider={provider}", "--Machines:DockerMachine:Driver=fake", "--Sources:AllowFile=true",
            $"--Worker:Folder={folder.File("state")}", $"--Keys:Folder={folder.File("keys")}",
            "--Bus:Address=amqp://nobody@127.0.0.1:1", "--urls=http://127.0.0.1:0",
            "--Machines:Dockerd:Arguments:0=--containerd=/run/containerd/containerd.sock", // hidden from a machine's daemon
        ];
        var host = new Dictionary<string, string> { ["PATH"] = PathWithout(program, folder) };

        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2)); // it would run for ever
        var ended = await Assert.ThrowsAsync<PartException>(
            () => Command.RunAsync(ServiceProcess.Built("Worker"), arguments, null, host, limit.Token));

        Assert.That(ended!.Message, Does.Contain(named).And.Contain(remedy));
        Assert.That(
            NeededProgram().Matches(ended.Message).Select(match => match.Groups[1].Value).Distinct(),
            Is.EqualTo(new[] { program }), ended.Message);
    }

    [Test]
    public async Task Should_start_without_ssh_and_warn()
    {
        using var folder = new TempFolder("lacking");
        await using var worker = await PartProcess.StartAsync(
            "worker", folder,
            [
                ServiceProcess.Built("Worker"), "--Machines:Provider=engine", $"--Worker:Folder={folder.File("state")}",
                "--Bus:Address=amqp://nobody@127.0.0.1:1", "--urls=http://127.0.0.1:0",
            ],
            new Dictionary<string, string> { ["PATH"] = PathWithout("ssh", folder) });

        await worker.ReadyAsync("the start", async () =>
            (await File.ReadAllTextAsync(worker.LogFile)).Contains("Application started", StringComparison.Ordinal));

        Assert.That(await File.ReadAllTextAsync(worker.LogFile),
            Does.Contain("The program ssh is not there").And.Contain("package openssh-client"));
    }

    [Test]
    public async Task Should_give_a_build_back_whose_source_needs_ssh()
    {
        using var folder = new TempFolder("lacking");
        var start = new ProcessStartInfo(ServiceProcess.Built("Worker"), [CheckoutCommand.Name])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true,
        };
        start.Environment["PATH"] = PathWithout("ssh", folder);
        using var checkout = Process.Start(start)!;
        await checkout.StandardInput.WriteLineAsync(JsonSerializer.Serialize(
            new CheckoutRequest
            {
                Folder = folder.Folder("checkout"),
                Source = new GitSource { Git = "ssh://git@127.0.0.1:1/team/api.git", Ref = "main" },
                Credential = new GitCredential(
                    GitCredentialKind.GitSsh, "127.0.0.1", PrivateKey: "a key", KnownHosts: "hosts"),
                Options = new SourceOptions { AllowedHosts = ["127.0.0.1"] },
            },
            CheckoutJson.Default.CheckoutRequest));
        await checkout.StandardInput.FlushAsync(); // and kept open: its end would be the worker's

        var said = await checkout.StandardOutput.ReadToEndAsync();

        var reports = said.TrimEnd().Split('\n')
            .Select(line => JsonSerializer.Deserialize(line, CheckoutJson.Default.CheckoutReport)!).ToList();
        Assert.That(reports[^1].Failure, Does.Contain("needs the program ssh").And.Contain("package openssh-client"));
        Assert.That(reports[^1].Class, Is.Null, "another worker may have it");
        Assert.That(said, Does.Not.Contain("Trying again"));
    }

    /// <summary>Everything that this host has, as links, but for that one.</summary>
    private static string PathWithout(string program, TempFolder folder)
    {
        var path = folder.Folder("programs");
        foreach (var file in new[] { "/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/local/bin" }
            .Where(Directory.Exists).SelectMany(Directory.EnumerateFiles)
            .DistinctBy(Path.GetFileName).ExceptBy([program, "docker-machine"], Path.GetFileName))
            File.CreateSymbolicLink(Path.Combine(path, Path.GetFileName(file)), file);
        if (program != "docker-machine")
            File.CreateSymbolicLink(Path.Combine(path, "docker-machine"), "/bin/true");
        return path;
    }

    [GeneratedRegex(@"needs the program (\S+), which is not there")]
    private static partial Regex NeededProgram();
}
