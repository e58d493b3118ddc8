using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace OrleansRuns.Host;

/// <summary>Composes a silo and a web server in one host. The web server starts before the silo, and stops before it, too.</summary>
internal static class WebProgram
{
    /// <summary>Composes the host.</summary>
    /// <param name="port">Where the web server listens.</param>
    /// <param name="level">What of our own logs to show.</param>
    /// <param name="addSilo">Adds the silo.</param>
    internal static WebApplication Build(WebPort port, LogLevel level, Action<IHostApplicationBuilder> addSilo)
    {
        var builder = HostBuilders.CreateWeb(level);
        LateStart.Of(builder.Services, () => addSilo(builder));
        builder.WebHost.UseSockets(sockets => sockets.CreateBoundListenSocket = _ => port.Socket);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(port.EndPoint, CutWhenStopping);
        });
        builder.Services.AddOptions<WebOptions>().BindConfiguration(WebOptions.Section).ValidateOnStart();
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<WebOptions>, WebOptionsValidator>());
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<WebOptions>, WebBudgetValidator>());
        builder.Services.AddProblemDetails(options => options.CustomizeProblemDetails = told =>
            told.ProblemDetails.Extensions.TryAdd(Problems.Message, told.ProblemDetails.Detail ?? told.ProblemDetails.Title));
        builder.Services.AddSingleton<RunStreams>();
        SiloProbes.Add(builder.Services);
        PodDeletionCost.AddTo(builder);

        var app = builder.Build();
        app.UseExceptionHandler();
        app.UseStatusCodePages();
        SiloProbes.Map(app);
        app.MapGet(WebPaths.RunStream, (HttpContext context, RunStreams streams) => streams.AnswerAsync(context));
        return app;
    }

    /// <summary>
    /// Cuts connections that have not ended soon after the program began to stop: a client that does not read, or sends half a request,
    /// would hold the web server for as long as the host waits, and the silo stops behind it.
    /// </summary>
    private static void CutWhenStopping(ListenOptions listen)
    {
        var lifetime = listen.ApplicationServices.GetRequiredService<IHostApplicationLifetime>();
        var time = listen.ApplicationServices.GetRequiredService<TimeProvider>();
        var within = listen.ApplicationServices.GetRequiredService<IOptions<WebOptions>>().Value.CloseWithin;
        listen.Use(next => async connection =>
        {
            using var ended = new CancellationTokenSource();
            await using var stopping = lifetime.ApplicationStopping.Register(() => _ = CutAsync(connection, ended.Token));
            await next(connection);
            await ended.CancelAsync();
        });

        async Task CutAsync(ConnectionContext connection, CancellationToken ended)
        {
            await Task.Delay(within, time, ended).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!ended.IsCancellationRequested)
            {
                connection.Abort(new ConnectionAbortedException("The program stops."));
            }
        }
    }
}
