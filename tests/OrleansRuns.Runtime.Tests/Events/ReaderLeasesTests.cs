using System.Threading.Channels;
using Microsoft.Extensions.Time.Testing;
using OrleansRuns.TestKit;

namespace OrleansRuns.Runtime.Tests;

public sealed class ReaderLeasesTests
{
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(30);

    private readonly FakeTimeProvider _time = new();
    private readonly Channel<string> _gone = Channel.CreateUnbounded<string>();
    private readonly ReaderLeases _leases;

    public ReaderLeasesTests() => _leases = new ReaderLeases(_time, reader => _gone.Writer.WriteAsync(reader).AsTask());

    [Fact]
    public async Task RenewAsync_InTime_KeepsTheReader()
    {
        for (var renewal = 0; renewal < 10; renewal++)
        {
            await _leases.RenewAsync("a", Lease);
            _time.Advance(Lease / 2);
        }

        await _leases.RenewAsync("b", TimeSpan.Zero);
        Assert.Equal("b", await GoneAsync());
    }

    [Fact]
    public async Task RenewAsync_OneOfTwoIsLate_LosesThatOneOnce()
    {
        await _leases.RenewAsync("a", Lease);
        await _leases.RenewAsync("b", Lease);
        _time.Advance(Lease / 2);
        await _leases.RenewAsync("b", Lease);

        _time.Advance(Lease / 2);
        await _leases.RenewAsync("b", Lease);
        _time.Advance(Lease / 2);

        Assert.Equal("a", await GoneAsync());
        await _leases.RenewAsync("b", TimeSpan.Zero);
        Assert.Equal("b", await GoneAsync());
    }

    [Fact]
    public async Task RenewAsync_WithNoLease_LosesTheReaderNowAndNotAgain()
    {
        await _leases.RenewAsync("a", Lease);

        await _leases.RenewAsync("a", TimeSpan.Zero);
        _time.Advance(Lease);

        Assert.Equal("a", await GoneAsync());
        await _leases.RenewAsync("b", TimeSpan.Zero);
        Assert.Equal("b", await GoneAsync());
    }

    private Task<string> GoneAsync() => _gone.Reader.ReadAsync().AsTask().WithinAsync("a reader to be missed");
}
