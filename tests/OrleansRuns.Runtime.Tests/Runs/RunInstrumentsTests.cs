using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

public sealed class RunInstrumentsTests
{
    [Fact]
    public async Task Instruments_RunEnds_CountItAndItsSupersteps()
    {
        await using var cluster = await RunCluster.StartAsync();
        var measured = new ConcurrentQueue<(string Name, double Value, object? Status)>();
        using var listener = Listen(cluster.Services.GetRequiredService<IMeterFactory>(), measured);

        var blocked = await cluster.StartGatedRunAsync();
        blocked.Gate.Open();
        await blocked.Run.WaitAsync().WithinAsync("the run to end");
        await cluster.DeactivateAsync(blocked.Run.Id);

        Assert.Equal(1, Sum("orleansruns.runs.started"));
        Assert.Equal(1, Sum("orleansruns.runs.ended"));
        Assert.Equal("success", measured.Single(one => one.Name == "orleansruns.runs.ended").Status);
        Assert.Equal(0, Sum("orleansruns.runs.active"));
        Assert.Equal(2, measured.Count(one => one.Name == "orleansruns.runs.active"));
        Assert.Equal(3, Sum("orleansruns.supersteps"));
        Assert.True(measured.Count(one => one.Name == "orleansruns.checkpoint.append.duration") >= 5);

        double Sum(string name) => measured.Where(one => one.Name == name).Sum(one => one.Value);
    }

    [Fact]
    public async Task Instruments_RunIsDrainedToGoOn_IsCountedAsEndedWhenItEnds()
    {
        await using var cluster = await RunCluster.StartAsync();
        var measured = new ConcurrentQueue<(string Name, double Value, object? Status)>();
        using var listener = Listen(cluster.Services.GetRequiredService<IMeterFactory>(), measured);
        var cordon = cluster.Services.GetRequiredService<SiloCordon>();

        var blocked = await cluster.StartGatedRunAsync();
        await cordon.CordonAsync();
        await cluster.Services.GetRequiredService<SiloDrain>().DrainNowAsync("drain").WithinAsync("the drain");
        var drained = measured.Count(one => one.Name == "orleansruns.runs.ended");
        blocked.Gate.Open();
        await cordon.UncordonAsync();
        await blocked.Run.WaitAsync().WithinAsync("the run to end");

        Assert.Equal(0, drained);
        Assert.Equal("success", Assert.Single(measured, one => one.Name == "orleansruns.runs.ended").Status);
    }

    private static MeterListener Listen(IMeterFactory meters, ConcurrentQueue<(string Name, double Value, object? Status)> measured)
    {
        var listener = new MeterListener
        {
            InstrumentPublished = (instrument, own) =>
            {
                if (instrument.Meter.Name == RunInstruments.MeterName && instrument.Meter.Scope == meters)
                {
                    own.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
            measured.Enqueue((instrument.Name, value, tags.IsEmpty ? null : tags[0].Value)));
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) =>
            measured.Enqueue((instrument.Name, value, tags.IsEmpty ? null : tags[0].Value)));
        listener.Start();
        return listener;
    }
}
