using Microsoft.Extensions.Options;

namespace OrleansRuns.Runtime.Tests;

public sealed class DrainScheduleTests
{
    [Fact]
    public void Of_Defaults_CancelsAfterTheGraceAndKeepsAFifth()
    {
        var schedule = DrainSchedule.Of(new DrainOptions(), TimeSpan.FromSeconds(2));

        Assert.Equal(
            (5.0, 20.0, 24.0, 25.0),
            (
                schedule.CancelAt.TotalSeconds,
                schedule.WriteAt.TotalSeconds,
                schedule.ReportAt.TotalSeconds,
                schedule.EndAt.TotalSeconds));
    }

    [Fact]
    public void Of_AnyOptions_HasItsPhasesInOrderAndKeepsASecond()
    {
        double[] seconds = [0, 0.5, 1, 2, 3, 10, 100];
        foreach (var (timeout, reserve, grace, nodeGrace) in
            from timeout in new double[] { 2, 3, 25, 600 }
            from reserve in new[] { 0, 0.2, 0.8 }
            from grace in seconds
            from nodeGrace in seconds
            select (timeout, reserve, grace, nodeGrace))
        {
            var options = new DrainOptions
            {
                Timeout = TimeSpan.FromSeconds(timeout),
                PersistReserve = reserve,
                SuperstepGrace = TimeSpan.FromSeconds(grace),
            };

            var schedule = DrainSchedule.Of(options, TimeSpan.FromSeconds(nodeGrace));
            var hurried = schedule.Hurried(TimeSpan.FromSeconds(timeout / 3));

            AssertOrdered(schedule);
            AssertOrdered(hurried);
            Assert.True(schedule.CancelAt <= options.SuperstepGrace);
            Assert.True(schedule.CancelAt < schedule.WriteAt || grace == 0);
            Assert.True(schedule.EndAt - schedule.WriteAt >= TimeSpan.FromSeconds(1));
            Assert.Equal(options.Timeout, schedule.EndAt);
            Assert.True(hurried.EndAt <= schedule.EndAt);
            Assert.True(hurried.EndAt >= TimeSpan.FromSeconds(1));
            Assert.True(hurried.WriteAt - TimeSpan.FromSeconds(timeout / 3) < hurried.EndAt - hurried.WriteAt);
        }
    }

    [Theory]
    [InlineData("00:00:01.999", 0.2, "00:00:05")]
    [InlineData("00:10:01", 0.2, "00:00:05")]
    [InlineData("00:00:25", 0.81, "00:00:05")]
    [InlineData("00:00:25", -0.1, "00:00:05")]
    [InlineData("00:00:25", 0.2, "-00:00:01")]
    public void Validate_OutOfRange_IsRefused(string timeout, double reserve, string grace)
    {
        var options = new DrainOptions
        {
            Timeout = TimeSpan.Parse(timeout, null),
            PersistReserve = reserve,
            SuperstepGrace = TimeSpan.Parse(grace, null),
        };

        Assert.True(new DrainOptionsValidator().Validate(Options.DefaultName, options).Failed);
    }

    [Fact]
    public void Validate_Defaults_AreAccepted() =>
        Assert.True(new DrainOptionsValidator().Validate(Options.DefaultName, new DrainOptions()).Succeeded);

    private static void AssertOrdered(DrainSchedule schedule)
    {
        Assert.True(TimeSpan.Zero <= schedule.CancelAt && schedule.CancelAt <= schedule.WriteAt, schedule.ToString());
        Assert.True(schedule.WriteAt < schedule.ReportAt && schedule.ReportAt < schedule.EndAt, schedule.ToString());
        foreach (var phase in Enum.GetValues<DrainPhase>().SkipLast(1))
        {
            Assert.True(schedule.PhaseAt(schedule.After(phase)) > phase, $"{schedule} {phase}");
        }
    }
}
