using Builds.FakeDockerMachine;

// docker-machine 0.16.2 as a worker sees it: calls, exit codes, streams and files; its VMs are private Docker daemons.
#pragma warning disable RS0030 // the one place that has a console
using var output = new StreamWriter(Console.OpenStandardOutput()) { AutoFlush = true };
using var errors = new StreamWriter(Console.OpenStandardError()) { AutoFlush = true };
#pragma warning restore RS0030
var commands = new Commands(new Streams(output, errors), Store.FromEnvironment(args));
return await commands.RunAsync([.. Store.WithoutGlobalFlags(args)]);
