-- oldest-reader: 1
-- The silos that may own runs. A silo renews its row before it expires. The owner is written as it stands in runs.owner:
-- "{cluster}/{address}@{generation}".
create table silo_leases
(
    owner      text primary key,
    cluster_id text not null,
    graphs     text not null,
    started_at text not null,
    renewed_at text not null,
    expires_at text not null,
    -- Whether the silo begins no runs although it is live. It ends with the silo's process.
    cordoned   boolean not null default false
);
