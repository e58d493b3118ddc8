-- oldest-reader: 1
-- Which silos a cluster has (Orleans ADO.NET clustering). Orleans asks by these query keys, parameter names and result columns; the
-- tables are ours. It counts a silo as written when the one value that a change returns is not 0.

create table clusters
(
    cluster_id text        collate "C" primary key,
    version    integer     not null default 0,
    updated_at timestamptz not null default now()
);

create table silos
(
    cluster_id    text        collate "C" not null references clusters,
    address       text        collate "C" not null,
    port          integer     not null,
    generation    integer     not null,
    name          text        not null,
    host          text        not null,
    status        integer     not null,
    gateway_port  integer     not null,
    suspect_times text,
    started_at    timestamptz not null,
    alive_at      timestamptz not null,
    primary key (cluster_id, address, port, generation)
);

-- Every change of a silo's row raises the cluster's version in the same statement, and only from the version that its writer has read.
-- Of two silos that write at once, the second waits for the first one's row of "clusters", finds another version and changes nothing.
insert into orleansquery (querykey, querytext) values
('InsertMembershipVersionKey', '
    with made as (
        insert into clusters (cluster_id) values (@DeploymentId)
        on conflict do nothing
        returning 1)
    select count(*)::integer from made'),
('InsertMembershipKey', '
    with raised as (
        update clusters set version = version + 1, updated_at = now()
        where cluster_id = @DeploymentId
          and version = @Version
          and not exists (
            select 1 from silos
            where cluster_id = @DeploymentId and address = @Address and port = @Port and generation = @Generation)
        returning cluster_id),
    written as (
        insert into silos (cluster_id, address, port, generation, name, host, status, gateway_port, started_at, alive_at)
        select cluster_id, @Address, @Port, @Generation, @SiloName, @HostName, @Status, @ProxyPort, @StartTime, @IAmAliveTime
        from raised
        returning 1)
    select count(*)::integer from written'),
('UpdateMembershipKey', '
    with raised as (
        update clusters set version = version + 1, updated_at = now()
        where cluster_id = @DeploymentId
          and version = @Version
          and exists (
            select 1 from silos
            where cluster_id = @DeploymentId and address = @Address and port = @Port and generation = @Generation)
        returning cluster_id),
    written as (
        update silos set status = @Status, suspect_times = @SuspectTimes, alive_at = @IAmAliveTime
        from raised
        where silos.cluster_id = raised.cluster_id
          and address = @Address and port = @Port and generation = @Generation
        returning 1)
    select count(*)::integer from written'),
-- The sign of life is no change of the membership: it raises no version, and silos do not get into each other's way with it.
('UpdateIAmAlivetimeKey', '
    update silos set alive_at = @IAmAliveTime
    where cluster_id = @DeploymentId and address = @Address and port = @Port and generation = @Generation'),
-- The version is read also when there is no silo. Both come from one snapshot.
('MembershipReadAllKey', '
    select address, port, generation, name as siloname, host as hostname, status, gateway_port as proxyport,
           suspect_times as suspecttimes, started_at as starttime, alive_at as iamalivetime, version
    from clusters left join silos using (cluster_id)
    where cluster_id = @DeploymentId'),
('MembershipReadRowKey', '
    select address, port, generation, name as siloname, host as hostname, status, gateway_port as proxyport,
           suspect_times as suspecttimes, started_at as starttime, alive_at as iamalivetime, version
    from clusters left join silos
      on silos.cluster_id = clusters.cluster_id and address = @Address and port = @Port and generation = @Generation
    where clusters.cluster_id = @DeploymentId'),
('GatewaysQueryKey', '
    select address, gateway_port as proxyport, generation from silos
    where cluster_id = @DeploymentId and status = @Status and gateway_port > 0'),
('DeleteMembershipTableEntriesKey', '
    with gone as (delete from silos where cluster_id = @DeploymentId)
    delete from clusters where cluster_id = @DeploymentId'),
-- Whatever is not active (3) and has been silent for that long; a silo that died while it joined is never declared dead.
('CleanupDefunctSiloEntriesKey', '
    delete from silos where cluster_id = @DeploymentId and alive_at < @IAmAliveTime and status <> 3');
