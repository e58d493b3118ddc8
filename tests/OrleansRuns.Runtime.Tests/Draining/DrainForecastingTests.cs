using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using OrleansRuns.Abstractions;
using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

public sealed class DrainForecastingTests
{
    // Nodes are cancelled after 5 s, and the drain is over after 25 s.
    private static readonly DrainSchedule Usual = DrainSchedule.Of(new DrainOptions(), TimeSpan.FromSeconds(2));

    [Theory]
    [InlineData(2.0, 0.5, 1.5)]
    [InlineData(2.0, 0.0, 0.0)]
    [InlineData(2.0, 2.0, 2.0)]
    [InlineData(2.0, 3.0, 3.0)]
    [InlineData(null, 1.0, 1.0)]
    [InlineData(null, 0.0, 0.0)]
    [InlineData(60.0, 1.0, 5.0)]
    [InlineData(1.0, 60.0, 5.0)]
    public void Of_OneRun_WaitsForWhatIsLeftOfItsSuperstepUntilItIsCancelled(double? usual, double elapsed, double expected) =>
        Assert.Equal(new DrainForecast(1, Seconds(expected)), DrainForecasting.Of([Pace(usual, elapsed)], TimeSpan.Zero, Usual));

    [Theory]
    [InlineData(1, 0.02)]
    [InlineData(16, 0.02)]
    [InlineData(17, 0.04)]
    [InlineData(160, 0.2)]
    public void Of_ManyRunsBetweenSupersteps_TakeTwoWritesEachSixteenAtOnce(int runs, double expected) =>
        Assert.Equal(
            new DrainForecast(runs, Seconds(expected)),
            DrainForecasting.Of([.. Enumerable.Repeat(Pace(1, 0), runs)], TimeSpan.FromMilliseconds(10), Usual));

    [Fact]
    public void Of_SeveralRuns_WaitsForTheLongest() =>
        Assert.Equal(
            new DrainForecast(3, Seconds(1.75)), DrainForecasting.Of([Pace(1, 0.5), Pace(2, 0.25), Pace(1, 0)], TimeSpan.Zero, Usual));

    [Fact]
    public void Of_NoRuns_IsNothing() => Assert.Equal(default, DrainForecasting.Of([], Seconds(1), Usual));

    [Fact]
    public void Of_WhateverTheRuns_IsNeverMoreThanTheTimeOfADrain() =>
        Assert.Equal(Usual.EndAt, DrainForecasting.Of([.. Enumerable.Repeat(Pace(null, 99), 500)], Seconds(3), Usual).Duration);

    [Fact]
    public void Now_SuperstepsEnd_FollowsWhatTheyTake()
    {
        var time = new FakeTimeProvider();
        var pace = new RunPace();

        Assert.Equal(Pace(null, 0), pace.Now(time));
        pace.Begin(time.GetTimestamp());
        time.Advance(Seconds(2));
        Assert.Equal(Pace(null, 2), pace.Now(time));
        pace.End(time);
        Assert.Equal(Pace(2, 0), pace.Now(time));
        pace.Begin(time.GetTimestamp());
        time.Advance(Seconds(4));
        pace.End(time);
        Assert.Equal(Pace(2.6, 0), pace.Now(time));
    }

    [Fact]
    public async Task Forecast_RunsAreUnderWay_IsToldByTheFacadeAndByMetrics()
    {
        await using var cluster = await RunCluster.StartAsync();
        var measured = new Dictionary<string, double>(StringComparer.Ordinal);
        using var listener = Listen(cluster.Services.GetRequiredService<IMeterFactory>(), measured);
        var runs = new[] { await cluster.StartGatedRunAsync(), await cluster.StartGatedRunAsync() };

        var silo = Assert.Single(await cluster.Runs.GetSilosAsync());
        listener.RecordObservableInstruments();
        Array.ForEach(runs, run => run.Gate.Open());

        Assert.Equal((SiloCondition.Active, 2), (silo.Condition, silo.Forecast!.Value.Runs));
        Assert.InRange(silo.Forecast.Value.Duration, TimeSpan.FromTicks(1), new DrainOptions().Timeout);
        Assert.Equal(2, measured["orleansruns.drain.forecast.runs"]);
        Assert.InRange(measured["orleansruns.drain.forecast.duration"], 0.0000001, 25);
    }

    private static MeterListener Listen(IMeterFactory meters, Dictionary<string, double> measured)
    {
        var listener = new MeterListener
        {
            InstrumentPublished = (instrument, own) =>
            {
                if (instrument.Name.StartsWith("orleansruns.drain.forecast", StringComparison.Ordinal) && instrument.Meter.Scope == meters)
                {
                    own.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<int>((instrument, value, _, _) => measured[instrument.Name] = value);
        listener.SetMeasurementEventCallback<double>((instrument, value, _, _) => measured[instrument.Name] = value);
        listener.Start();
        return listener;
    }

    private static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(seconds);

    private static PaceNow Pace(double? usual, double elapsed) => new(usual is { } one ? Seconds(one) : null, Seconds(elapsed));
}
