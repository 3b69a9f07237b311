-- What came of the last look through a registry.
create table reconcile (
  registry text    primary key,
  begun_at integer not null,
  ended_at integer,          -- null while it runs, and where it was interrupted
  tags     integer not null default 0,
  found    integer not null default 0, -- tags that had moved without a word
  problem  text
) strict;

create table watched_tag (
  tag      integer primary key references tag (id),
  asked_at integer not null
) strict;
