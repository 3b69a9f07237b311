using MassTransit;

namespace Builds.Contracts.Tests.Wire.Assumptions;

/// <summary>What the worker's questions to the Gateway rest upon.</summary>
public sealed class When_masstransit_has_no_answer
{
    private static readonly Uri Nobody = new("queue:assumptions.nobody-answers");

    [Test]
    public async Task Should_end_a_request_at_its_time_out()
    {
        await using var host = await BusHost.StartAsync();
        var client = host.Bus.CreateRequestClient<RenewClaim>(Nobody, TimeSpan.FromMilliseconds(200));

        await Assert.ThatAsync(
            () => client.GetResponse<ClaimRenewal>(Question, CancellationToken.None), Throws.TypeOf<RequestTimeoutException>());
    }

    [Test]
    public async Task Should_end_a_request_by_its_token()
    {
        await using var host = await BusHost.StartAsync();
        var client = host.Bus.CreateRequestClient<RenewClaim>(Nobody, TimeSpan.FromMinutes(5));
        using var limit = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));

        await Assert.ThatAsync(
            () => client.GetResponse<ClaimRenewal>(Question, limit.Token),
            Throws.InstanceOf<OperationCanceledException>().Or.InstanceOf<RequestException>());
    }

    [Test]
    public async Task Should_tell_a_publisher_that_its_message_must_arrive_and_cannot()
    {
        await using var host = await BusHost.StartAsync();

        await Assert.ThatAsync(
            () => host.Bus.Publish(new Unheard(1), Pipe.Execute<PublishContext>(sent => sent.Mandatory = true)),
            Throws.TypeOf<MessageReturnedException>());
    }

    private static RenewClaim Question => new() { BuildId = Guid.NewGuid(), Attempt = 1, Phases = [] };
}

/// <summary>That no queue is bound for.</summary>
public sealed record Unheard(int Number);
