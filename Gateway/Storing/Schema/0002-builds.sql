-- Instants are Unix milliseconds by the Gateway's clock.
create table build (
  number       integer primary key autoincrement, -- order of arrival
  id           text    not null unique,
  registry     text    not null,
  repository   text    not null,
  namespace    text    not null,
  ref          text    not null,
  request      text    not null, -- BuildRequested as JSON, its registry filled in
  state        text    not null, -- accepted, queued, waiting, running, or an outcome
  requested_at integer not null, -- the publisher's word, but never later than its arrival: the order within a tag
  accepted_at  integer not null,
  sent_at      integer,          -- when the broker last confirmed the request
  reason       text,             -- why it waits, or why it did not succeed
  attempt      integer not null default 0, -- the fence: grows with each grant
  lost         integer not null default 0, -- attempts that the service lost
  claim_id     text,
  worker       text,
  machine      text,
  cancelled_by text,
  started_at   integer,
  finished_at  integer,
  class        text,
  commit_id    text,
  digest       text,
  phases       text, -- JSON
  completed    text  -- BuildCompleted as JSON, once it is concluded
) strict;

create index build_by_image on build (registry, repository, number);
create index build_by_state on build (state, number);

-- The tags of builds that have not finished: who must wait for whom.
create table open_tag (
  registry   text    not null,
  repository text    not null,
  tag        text    not null,
  number     integer not null references build (number) on delete cascade,
  primary key (registry, repository, tag, number)
) strict, without rowid;

create index open_tag_by_number on open_tag (number);

-- What each tag is to point to, by the newest outcome that was stored.
create table tag (
  registry   text    not null,
  repository text    not null,
  tag        text    not null,
  digest     text    not null,
  number     integer not null references build (number) on delete cascade,
  primary key (registry, repository, tag)
) strict, without rowid;

-- The answer to each claim that was granted, so that asking again gets the same one.
create table granted_claim (
  claim_id text    primary key,
  number   integer not null references build (number) on delete cascade,
  attempt  integer not null
) strict, without rowid;
