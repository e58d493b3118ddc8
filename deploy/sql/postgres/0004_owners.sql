-- oldest-reader: 1
-- The silos that may own runs. A silo renews its row before it expires; the server's clock alone says what has expired, so that the
-- clocks of the silos' machines do not matter. The owner is written as it stands in runs.owner: "{cluster}/{address}@{generation}".
create table silo_leases
(
    owner      text        collate "C" primary key,
    cluster_id text        collate "C" not null,
    graphs     text        not null,
    started_at timestamptz not null,
    renewed_at timestamptz not null,
    expires_at timestamptz not null,
    -- Whether the silo begins no runs although it is live. It ends with the silo's process.
    cordoned   boolean not null default false
);
