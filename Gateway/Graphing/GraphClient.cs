using Builds.Contracts;
using Builds.Gateway.Describing;
using Builds.Gateway.Publishing;
using MassTransit;
using Microsoft.Extensions.Options;

namespace Builds.Gateway.Graphing;

/// <summary>
/// The Gateway's questions to GraphTracker. One that is not answered in time is dropped by the broker too.
/// </summary>
public sealed partial class GraphClient(
    IBus bus, BusConnection connection, IOptions<GraphOptions> options, ILogger<GraphClient> logger)
{
    private readonly IRequestClient<ReadGraph> _graph = Client<ReadGraph>(bus, "read-graph");
    private readonly IRequestClient<PreviewCascade> _preview = Client<PreviewCascade>(bus, "preview-cascade");
    private readonly IRequestClient<ListCascades> _cascades = Client<ListCascades>(bus, "list-cascades");
    private readonly IRequestClient<ReadCascade> _cascade = Client<ReadCascade>(bus, "read-cascade");
    private readonly IRequestClient<ChangeCascade> _change = Client<ChangeCascade>(bus, "change-cascade");
    private readonly IRequestClient<ListOutdated> _outdated = Client<ListOutdated>(bus, "list-outdated");
    private readonly IRequestClient<ListRegistries> _registries = Client<ListRegistries>(bus, "list-registries");

    public Task<ImageGraph> AskAsync(ReadGraph question, CancellationToken cancel) =>
        AnswerAsync<ReadGraph, ImageGraph>(_graph, question, cancel);

    public Task<CascadePreview> AskAsync(PreviewCascade question, CancellationToken cancel) =>
        AnswerAsync<PreviewCascade, CascadePreview>(_preview, question, cancel);

    public Task<Cascades> AskAsync(ListCascades question, CancellationToken cancel) =>
        AnswerAsync<ListCascades, Cascades>(_cascades, question, cancel);

    public Task<CascadeDetails> AskAsync(ReadCascade question, CancellationToken cancel) =>
        AnswerAsync<ReadCascade, CascadeDetails>(_cascade, question, cancel);

    public Task<CascadeChangeTaken> AskAsync(ChangeCascade question, CancellationToken cancel) =>
        AnswerAsync<ChangeCascade, CascadeChangeTaken>(_change, question, cancel);

    /// <returns>Null where there is no answer.</returns>
    public Task<OutdatedImages?> TryAsync(ListOutdated question, CancellationToken cancel) =>
        TryAsync<ListOutdated, OutdatedImages>(_outdated, question, options.Value.Patience, cancel);

    /// <returns>Null where there is no answer.</returns>
    public Task<RegistryReports?> TryAsync(ListRegistries question, CancellationToken cancel) =>
        TryAsync<ListRegistries, RegistryReports>(_registries, question, options.Value.Doctor, cancel);

    private static IRequestClient<T> Client<T>(IBus bus, string query)
        where T : class =>
        bus.CreateRequestClient<T>(new Uri("queue:graph-tracker." + query));

    private async Task<TAnswer> AnswerAsync<TQuestion, TAnswer>(
        IRequestClient<TQuestion> client, TQuestion question, CancellationToken cancel)
        where TQuestion : class
        where TAnswer : class =>
        await TryAsync<TQuestion, TAnswer>(client, question, options.Value.Patience, cancel)
        ?? throw new RefusedException(
            StatusCodes.Status503ServiceUnavailable,
            $"GraphTracker has not answered within {options.Value.PatienceSeconds:0.#} s. Ask again; if it stays so, "
            + "look whether GraphTracker and the broker run (its /readyz says so) and what its log says. "
            + "Nothing was changed that it did not do before.");

    private async Task<TAnswer?> TryAsync<TQuestion, TAnswer>(
        IRequestClient<TQuestion> client, TQuestion question, TimeSpan patience, CancellationToken cancel)
        where TQuestion : class
        where TAnswer : class
    {
        if (!connection.IsConnected)
            return null; // asked now and given up, it would hold back the connection's own recovery

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(patience); // without a broker a request waits for its token and nothing else
        try
        {
            var timeout = RequestTimeout.After(ms: (int)patience.TotalMilliseconds);
            return (await client.GetResponse<TAnswer>(question, limit.Token, timeout)).Message;
        }
        catch (Exception e)
        {
            cancel.ThrowIfCancellationRequested(); // whatever the client calls it
            Log.NoAnswer(logger, typeof(TQuestion).Name, patience.TotalSeconds, e.Message);
            return null;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "GraphTracker has not answered {question} within {seconds} s ({why})")]
        public static partial void NoAnswer(ILogger logger, string question, double seconds, string why);
    }
}
