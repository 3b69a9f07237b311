using System.Net;
using Builds.Contracts;

namespace Builds.Gateway.Tests.Following;

public sealed class When_a_log_is_followed
{
    private TheGateway _gateway = null!;

    [OneTimeSetUp]
    public async Task SetUp() => _gateway = await TheGateway.GetAsync();

    [Test]
    public async Task Should_send_what_is_there_then_what_comes_then_the_outcome()
    {
        var build = await LedBuild.BeginAsync(_gateway, "followed/live");
        await build.LogAsync(0, "first", "second");
        using var reader = await Reader.OpenAsync(_gateway.Admin, build.Path + "/log?follow=true");

        Assert.That(reader.Response.Content.Headers.ContentType!.ToString(), Is.EqualTo("text/plain; charset=utf-8"));
        Assert.That(reader.Response.Headers.GetValues("X-Content-Type-Options"), Is.EqualTo(new[] { "nosniff" }));
        Assert.That(await reader.LineAsync(), Is.EqualTo("first"));
        Assert.That(await reader.LineAsync(), Is.EqualTo("second"));
        await build.LogAsync(1, "thïrd ✓");
        Assert.That(await reader.LineAsync(), Is.EqualTo("thïrd ✓"));
        await build.ConcludeAsync(BuildOutcome.Succeeded, logBatches: 2);
        Assert.That(await reader.RestAsync(), Is.EqualTo(new[] { $"succeeded {FakeWorker.Digest}" }));
    }

    [Test]
    public async Task Should_begin_with_why_the_build_waits()
    {
        var build = await LedBuild.AskAsync(_gateway, "followed/waiting");
        using var reader = await Reader.OpenAsync(_gateway.Admin, build.Path + "/log?follow=true");

        Assert.That(await reader.LineAsync(), Does.StartWith("--- ").And.Contains("No worker is connected"));
        await build.ClaimAsync();
        await build.LogAsync(0, "now");
        Assert.That(await reader.LineAsync(), Is.EqualTo("now"));
        await build.ConcludeAsync(BuildOutcome.Failed, 1, "RUN exited with 7.\nMend it.");
        Assert.That(await reader.RestAsync(), Is.EqualTo(new[] { "failed (author): RUN exited with 7. Mend it." }));
    }

    [Test]
    public async Task Should_give_a_finished_one_at_once_and_in_order_however_it_came()
    {
        var build = await LedBuild.BeginAsync(_gateway, "followed/finished");
        foreach (var sequence in new[] { 2, 0, 1, 1 })
            await build.LogAsync(sequence, $"line {sequence}", "with\nan end in it");
        await build.ConcludeAsync(BuildOutcome.Succeeded, logBatches: 3);

        var answer = await _gateway.Admin.GetAsync(build.Path + "/log");

        Assert.That(answer.Text.TrimEnd('\n').Split('\n'), Is.EqualTo(new[]
        {
            "line 0", "with an end in it",
            "line 1", "with an end in it",
            "line 2", "with an end in it",
            $"succeeded {FakeWorker.Digest}",
        }));
    }

    [Test]
    public async Task Should_wait_for_lines_that_come_after_the_outcome()
    {
        var build = await LedBuild.BeginAsync(_gateway, "followed/late");
        using var reader = await Reader.OpenAsync(_gateway.Admin, build.Path + "/log?follow=true");
        await build.ConcludeAsync(BuildOutcome.Succeeded, logBatches: 1);
        await build.LogAsync(0, "late");

        Assert.That(await reader.RestAsync(), Is.EqualTo(new[] { "late", $"succeeded {FakeWorker.Digest}" }));
    }

    [Test]
    public async Task Should_name_what_never_came()
    {
        var build = await LedBuild.BeginAsync(_gateway, "followed/gaps");
        await build.LogAsync(0, "zero");
        await build.LogAsync(3, "three");
        await build.ConcludeAsync(BuildOutcome.Succeeded, logBatches: 6);

        var answer = await _gateway.Admin.GetAsync(build.Path + "/log");

        Assert.That(answer.Text.TrimEnd('\n').Split('\n'), Is.EqualTo(new[]
        {
            "zero",
            "--- lines are missing here: batches 1 to 2 of attempt 1 never came",
            "three",
            "--- lines are missing here: batches 4 to 5 of attempt 1 never came",
            $"succeeded {FakeWorker.Digest}",
        }));
    }

    [Test]
    public async Task Should_go_on_over_a_gap_while_the_build_runs()
    {
        var build = await LedBuild.BeginAsync(_gateway, "followed/running-gap");
        using var reader = await Reader.OpenAsync(_gateway.Admin, build.Path + "/log?follow=true");
        await build.LogAsync(1, "one");

        Assert.That(await reader.LineAsync(), Does.Contain("batches 0 to 0 of attempt 1 never came"));
        Assert.That(await reader.LineAsync(), Is.EqualTo("one"));
    }

    [Test]
    public async Task Should_tell_attempts_apart()
    {
        var build = await LedBuild.BeginAsync(_gateway, "followed/twice");
        using var reader = await Reader.OpenAsync(_gateway.Admin, build.Path + "/log?follow=true");
        await build.LogAsync(0, "first try");
        Assert.That(await reader.LineAsync(), Is.EqualTo("first try"));
        await build.ReleaseAsync(1, "The machine could not be made.");
        var claim = await build.ClaimAsync("worker-2");
        Assert.That(claim.Attempt, Is.EqualTo(2), claim.Reason);
        await build.LogAsync(0, "second try");
        await build.ConcludeAsync(BuildOutcome.Succeeded, logBatches: 1);

        Assert.That(await reader.RestAsync(), Is.EqualTo(new[]
        {
            "--- attempt 2 on worker-2; the one before ended: The machine could not be made.",
            "second try",
            $"succeeded {FakeWorker.Digest}",
        }));
    }

    [Test]
    public async Task Should_give_a_running_one_as_far_as_it_is()
    {
        var build = await LedBuild.BeginAsync(_gateway, "followed/asfar");
        await build.LogAsync(0, "so far");
        using var follower = await Reader.OpenAsync(_gateway.Admin, build.Path + "/log?follow=true");
        await follower.LineAsync();

        var answer = await _gateway.Admin.GetAsync(build.Path + "/log");

        Assert.That(answer.Text, Is.EqualTo("so far\n"));
    }

    [Test]
    public async Task Should_let_a_reader_that_does_not_read_slow_nobody()
    {
        var build = await LedBuild.BeginAsync(_gateway, "followed/slow");
        using var slow = await Reader.OpenAsync(_gateway.Admin, build.Path + "/log?follow=true");
        using var quick = await Reader.OpenAsync(_gateway.Admin, build.Path + "/log?follow=true");
        var line = new string('x', 1000);
        for (var sequence = 0; sequence < 300; sequence++)
            await build.LogAsync(
                sequence, [.. Enumerable.Range(0, 50).Select(number => $"{sequence * 50 + number} {line}")]);
        await build.ConcludeAsync(BuildOutcome.Succeeded, logBatches: 300);

        var expected = Enumerable.Range(0, 15_000)
            .Select(number => $"{number} {line}")
            .Append($"succeeded {FakeWorker.Digest}");
        Assert.That(await quick.RestAsync(), Is.EqualTo(expected));
        Assert.That(await slow.RestAsync(), Is.EqualTo(expected));
    }

    [Test]
    public async Task Should_not_be_read_by_another_namespace()
    {
        var build = await LedBuild.BeginAsync(_gateway, "followed/private");
        var foreign = await _gateway.WithScopesAsync("elsewhere", "read");

        Assert.That((await foreign.GetAsync(build.Path + "/log")).Status, Is.EqualTo(HttpStatusCode.Forbidden));
        Assert.That((await foreign.GetAsync(build.Path)).Status, Is.EqualTo(HttpStatusCode.Forbidden));
        Assert.That(
            (await foreign.GetAsync($"v1/builds/{Guid.NewGuid()}/log")).Status, Is.EqualTo(HttpStatusCode.NotFound));
    }
}
