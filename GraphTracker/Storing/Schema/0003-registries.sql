-- What came of the last look through each registry, and how far the one is that is under way or was interrupted.
create table reconcile (
  registry      text    primary key,
  ended_at      integer, -- of the last that came to its end; null before the first
  seconds       real,    -- that it took, interruptions included
  tags          integer,
  found         integer, -- of those: moved without a word
  problem       text,    -- what it could not look at, or why the one under way was interrupted
  begun_at      integer, -- of the one that is under way or was interrupted; null where none is
  tags_now      integer not null default 0,
  found_now     integer not null default 0,
  refused_now   text,    -- the first thing that it could not look at
  watch_problem text     -- why tags that others stand on could not be asked about
) strict;

-- Repositories that it has still to look at: after a restart it goes on with these.
create table reconcile_left (
  registry   text not null,
  repository text not null,
  primary key (registry, repository)
) strict, without rowid;

create table watched_tag (
  tag      integer primary key references tag (id),
  asked_at integer not null
) strict;
