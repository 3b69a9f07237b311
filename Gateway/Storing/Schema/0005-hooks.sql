-- Events of registries that were taken, so that a repeated one is known. A registry repeats until it is answered.
create table registry_event (
  registry text    not null,
  id       text    not null,
  taken_at integer not null,
  primary key (registry, id)
) strict, without rowid;

create index registry_event_by_taken_at on registry_event (taken_at);

-- How each registry's notifications did, since the store was made.
create table registry_hook (
  registry      text    primary key,
  last_event_at integer,
  taken         integer not null default 0, -- passed on to GraphTracker
  repeated      integer not null default 0,
  ignored       integer not null default 0, -- blobs, pulls, mounts, attestations
  rejected      integer not null default 0, -- could not be used
  rejected_at   integer,
  rejection     text                        -- why the last one was
) strict, without rowid;
