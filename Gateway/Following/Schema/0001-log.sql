-- One row for each build that has printed anything. Instants are Unix milliseconds.
create table log (
  build      text    primary key,
  bytes      integer not null, -- as kept, over all attempts
  last_at    integer not null,
  removed_at integer           -- too old, or there was no more room
) strict, without rowid;

create index log_by_last_at on log (last_at) where removed_at is null;

create table batch (
  build    text    not null,
  attempt  integer not null,
  sequence integer not null,
  runs     text    not null, -- JSON: steps, their instants, how many lines
  body     blob    not null, -- the lines, each with its line end, in UTF-8, deflated
  primary key (build, attempt, sequence)
) strict;
