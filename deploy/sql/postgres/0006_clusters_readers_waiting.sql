-- oldest-reader: 1
-- A run is begun by the silos of the cluster that admitted it as long as there are any. Runs of an earlier program have none.
alter table runs add column cluster_id text collate "C";

-- The reader that the run is not to outlive, also when its silo dies together with it.
alter table runs add column reader text;

-- Whether runs wait behind the edit that holds the thread: it is busy then, as it is while a run holds it.
alter table threads
    drop column thread_status,
    add column waits boolean not null default false;
alter table threads
    add column thread_status text not null generated always as
        (case when holder is null or (left(holder, 5) = 'edit-' and not waits) then rest else 'busy' end) stored;

create index threads_by_status on threads (thread_status, created_at, thread_id);
