using System.Net;
using System.Text.Json.Nodes;

namespace Builds.Gateway.Tests.Triggering;

public sealed class When_a_trigger_url_is_called
{
    private TheGateway _gateway = null!;

    [OneTimeSetUp]
    public async Task SetUp() => _gateway = await TheGateway.GetAsync();

    [Test]
    public async Task Should_build_the_image_as_it_is_defined_and_let_the_secret_read_it()
    {
        var url = await MakeAsync("hooked/api");
        var nobody = _gateway.Nobody();

        var answer = await nobody.PostAsync(url);
        var id = answer.Json["id"]!.GetValue<string>();
        var status = await nobody.GetAsync(answer.Json["status"]!.GetValue<string>());
        var log = await nobody.GetAsync(answer.Json["log"]!.GetValue<string>());
        var request = await _gateway.Amqp.WaitForAsync(
            "build-requested", one => one["buildId"]!.GetValue<string>() == id);

        Assert.That(answer.Status, Is.EqualTo(HttpStatusCode.Accepted), answer.Text);
        Assert.That(answer.Json["status"]!.GetValue<string>(), Is.EqualTo($"{url}/builds/{id}"));
        Assert.That(answer.Json["log"]!.GetValue<string>(), Is.EqualTo($"{url}/builds/{id}/log"));
        Assert.That(status.Json["image"]!.GetValue<string>(), Is.EqualTo("hooked/api"), status.Text);
        Assert.That(status.Json["links"]!["self"]!.GetValue<string>(), Does.StartWith(url));
        Assert.That(log.Status, Is.EqualTo(HttpStatusCode.OK), log.Text);
        Assert.That(request["cause"]!["kind"]!.GetValue<string>(), Is.EqualTo("hook"));
    }

    [Test]
    public async Task Should_take_a_body_of_any_kind_and_ignore_it()
    {
        var url = await MakeAsync("hooked/body");
        using var content = new StringContent(
            "payload={}", System.Text.Encoding.UTF8, "application/x-www-form-urlencoded");

        var answer = await _gateway.Nobody().SendAsync(HttpMethod.Post, url, content);

        Assert.That(answer.Status, Is.EqualTo(HttpStatusCode.Accepted), answer.Text);
    }

    [Test]
    public async Task Should_say_nothing_to_whoever_does_not_know_the_secret()
    {
        var url = await MakeAsync("hooked/secret");
        var id = (await _gateway.Nobody().PostAsync(url)).Json["id"]!.GetValue<string>();
        var other = await MakeAsync("hooked/other");

        var wrong = await _gateway.Nobody().PostAsync(url[..^1] + (url[^1] == 'A' ? 'B' : 'A'));
        var theirs = await _gateway.Nobody().GetAsync($"{other}/builds/{id}");
        var theirLog = await _gateway.Nobody().GetAsync($"{other}/builds/{id}/log?follow=true");

        foreach (var answer in new[] { wrong, theirs, theirLog })
        {
            Assert.That(answer.Status, Is.EqualTo(HttpStatusCode.NotFound));
            Assert.That(answer.Detail, Is.EqualTo("There is nothing here."));
        }
    }

    [Test]
    public async Task Should_end_when_a_new_one_is_made_or_the_image_forgotten()
    {
        var first = await MakeAsync("hooked/renewed");
        var second = (await _gateway.Admin.PostAsync(
            "v1/triggers", new { image = "hooked/renewed" })).Json["url"]!.GetValue<string>();
        var ended = await _gateway.Nobody().PostAsync(first);
        var works = await _gateway.Nobody().PostAsync(second);
        await _gateway.Admin.PutAsync("v1/images/hooked/renewed", new { git = "https://1.1.1.1/x.git", @ref = "x" });
        var survives = await _gateway.Nobody().PostAsync(second);
        await _gateway.Admin.DeleteAsync("v1/images/hooked/renewed");
        var forgotten = await _gateway.Nobody().PostAsync(second);

        Assert.That(ended.Status, Is.EqualTo(HttpStatusCode.NotFound));
        Assert.That(works.Status, Is.EqualTo(HttpStatusCode.Accepted));
        Assert.That(survives.Status, Is.EqualTo(HttpStatusCode.Accepted));
        Assert.That(forgotten.Status, Is.EqualTo(HttpStatusCode.NotFound));
    }

    [Test]
    public async Task Should_keep_its_secret_out_of_the_store_and_the_log_of_the_service()
    {
        var url = await MakeAsync("hooked/quiet");
        var answer = await _gateway.Nobody().PostAsync(url);
        await _gateway.Nobody().GetAsync(answer.Json["log"]!.GetValue<string>());
        await _gateway.Nobody().GetAsync(url + "/nothing");
        var secret = url[(url.LastIndexOf('/') + 1)..];

        Assert.That(_gateway.Process.Output, Does.Not.Contain(secret));
        Assert.That((await _gateway.Admin.GetAsync("v1/images/hooked/quiet")).Text, Does.Not.Contain(secret));
    }

    [Test]
    public async Task Should_not_be_made_for_an_image_that_is_not_defined()
    {
        var answer = await _gateway.Admin.PostAsync("v1/triggers", new { image = "hooked/undefined" });

        Assert.That(answer.Status, Is.EqualTo(HttpStatusCode.NotFound));
        Assert.That(answer.Detail, Does.Contain("define it first"));
    }

    private async Task<string> MakeAsync(string image)
    {
        await _gateway.Admin.DefineAsync(image);
        var made = await _gateway.Admin.PostAsync("v1/triggers", new JsonObject { ["image"] = image });
        Assert.That(made.Status, Is.EqualTo(HttpStatusCode.Created), made.Text);
        return made.Json["url"]!.GetValue<string>();
    }
}
