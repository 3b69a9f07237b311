using Builds.Gateway.Securing;

namespace Builds.Gateway.Notifying;

/// <summary>People, and the mails that tell them what became of their images.</summary>
public static class NotifyingSlice
{
    public static void AddNotifying(this IHostApplicationBuilder builder)
    {
        builder.Services.AddOptions<MailOptions>().BindConfiguration("Mail")
            .ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddSingleton<Members>();
        builder.Services.AddSingleton<Notices>();
        builder.Services.AddSingleton<Letters>();
        builder.Services.AddSingleton<WaitingMails>();
        builder.Services.AddSingleton<SeeMail>();
        builder.Services.AddSingleton<Postman>();
        builder.Services.AddHostedService(services => services.GetRequiredService<Postman>());
    }

    public static void MapNotifying(this RouteGroupBuilder v1)
    {
        v1.MapPut("/namespaces/{ns}/members", (
                string ns, Members members, Caller caller, HttpRequest request, CancellationToken cancel) =>
                members.PutAsync(caller, ns, request, cancel))
            .Accepts<NewMembers>("application/json").Produces<SeenMembers>()
            .WithSummary(
                "Say who belongs to a namespace: all of them. Contributors and owners get its mails; * is everywhere.");
        v1.MapGet("/namespaces/{ns}/members", (string ns, Members members, Caller caller) => members.See(caller, ns))
            .Produces<SeenMembers>()
            .WithSummary("See who belongs to a namespace, and whether mails reach them.");
        v1.MapGet("/mail", (SeeMail see, Caller caller) =>
            {
                caller.DemandAdmin();
                return see.Handle();
            })
            .Produces<SeenMail>()
            .WithSummary("How the mail does: what waits, why, and which addresses were refused. For admins.");
    }
}
