using Builds.Contracts;
using MassTransit;

namespace Builds.Worker.Building;

/// <summary>
/// The worker's questions to the Gateway. Each is asked again until it is answered: without an answer nothing is
/// pushed and nothing concluded.
/// </summary>
public sealed partial class ClaimClient(IBus bus, TimeProvider clock, ILogger<ClaimClient> logger)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly IRequestClient<ClaimBuild> _claim = Client<ClaimBuild>(bus, "gateway.claim-build");
    private readonly IRequestClient<RenewClaim> _renew = Client<RenewClaim>(bus, "gateway.renew-claim");
    private readonly IRequestClient<ReleaseClaim> _release = Client<ReleaseClaim>(bus, "gateway.release-claim");
    private readonly IRequestClient<ConcludeBuild> _conclude = Client<ConcludeBuild>(bus, "gateway.conclude-build");

    public Task<BuildClaim> ClaimAsync(ClaimBuild claim, CancellationToken cancel) =>
        AskAsync<ClaimBuild, BuildClaim>(_claim, claim, cancel);

    public Task<ClaimRenewal> RenewAsync(RenewClaim renewal, CancellationToken cancel) =>
        AskAsync<RenewClaim, ClaimRenewal>(_renew, renewal, cancel);

    public Task<ClaimRelease> ReleaseAsync(ReleaseClaim release, CancellationToken cancel) =>
        AskAsync<ReleaseClaim, ClaimRelease>(_release, release, cancel);

    public Task<BuildConclusion> ConcludeAsync(ConcludeBuild conclusion, CancellationToken cancel) =>
        AskAsync<ConcludeBuild, BuildConclusion>(_conclude, conclusion, cancel);

    private static IRequestClient<T> Client<T>(IBus bus, string queue)
        where T : class =>
        bus.CreateRequestClient<T>(new Uri("queue:" + queue), Patience);

    private async Task<TAnswer> AskAsync<TQuestion, TAnswer>(
        IRequestClient<TQuestion> client, TQuestion question, CancellationToken cancel)
        where TQuestion : class
        where TAnswer : class
    {
        while (true)
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            limit.CancelAfter(Patience + Pause); // without a broker a request waits for its token and nothing else
            try
            {
                return (await client.GetResponse<TAnswer>(question, limit.Token, RequestTimeout.Default)).Message;
            }
            catch (Exception e)
            {
                cancel.ThrowIfCancellationRequested(); // whatever the client calls it
                Log.NoAnswer(logger, typeof(TQuestion).Name, e.Message);
                await Task.Delay(Pause, clock, cancel);
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "The Gateway has not answered {question}; asking again ({why})")]
        public static partial void NoAnswer(ILogger logger, string question, string why);
    }
}
