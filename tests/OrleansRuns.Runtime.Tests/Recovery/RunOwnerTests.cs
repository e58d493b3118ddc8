using System.Net;

namespace OrleansRuns.Runtime.Tests;

public sealed class RunOwnerTests
{
    [Theory]
    [InlineData("prod", "10.0.0.7", 11111)]
    [InlineData("prod/eu", "10.0.0.7", 1)]
    [InlineData("", "127.0.0.1", 65535)]
    [InlineData("blue", "fe80::1", 11111)]
    public void TryParse_WhatToStringGave_IsTheSameOwner(string cluster, string address, int port)
    {
        var owner = new RunOwner(cluster, SiloAddress.New(IPAddress.Parse(address), port, 287_654_321));

        Assert.True(RunOwner.TryParse(owner.ToString(), out var parsed));

        Assert.Equal(owner, parsed);
    }

    [Fact]
    public void ToString_Owner_NamesClusterSiloAndGeneration() =>
        Assert.Equal("blue/10.0.0.7:11111@42", new RunOwner("blue", SiloAddress.New(IPAddress.Parse("10.0.0.7"), 11111, 42)).ToString());

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("blue")]
    [InlineData("blue/")]
    [InlineData("blue/10.0.0.7")]
    [InlineData("10.0.0.7:11111@42")]
    public void TryParse_NoOwner_IsRefused(string? text) => Assert.False(RunOwner.TryParse(text, out _));
}
