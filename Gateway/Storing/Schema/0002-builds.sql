-- Instants are Unix milliseconds by the Gateway's clock.
create table build (
  number       integer primary key autoincrement, -- order of arrival
  id           text    not null unique,
  registry     text    not null,
  repository   text    not null,
  namespace    text    not null,
  ref          text    not null,
  request      text    not null, -- BuildRequested as JSON, its registry filled in
  likeness     text    not null, -- equal where the newer of two requests makes the older one needless
  repeats      integer not null, -- 1 where it builds an old commit once more: it makes no other needless
  state        text    not null, -- accepted, queued, waiting, running, or an outcome
  requested_at integer not null, -- the order within a tag: the publisher's word, within limits
  accepted_at  integer not null,
  sent_at      integer,          -- when the broker last confirmed the request
  reason       text,             -- why it waits, or why it did not succeed
  attempt      integer not null default 0, -- the fence: grows with each grant
  lost         integer not null default 0, -- attempts that the service lost
  claim_id     text,             -- of the worker that has it, or that concluded it
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
create index build_by_likeness on build (likeness, requested_at, number);

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

-- Each grant of a claim. By claim_id, asking again gets the same answer.
create table attempt (
  number      integer not null references build (number) on delete cascade,
  attempt     integer not null,
  claim_id    text    not null unique,
  worker      text    not null,
  machine     text,
  granted_at  integer not null,
  ended_at    integer,
  log_batches integer, -- null while it runs, and where its worker died
  reason      text,    -- why it was given back or counted as lost
  primary key (number, attempt)
) strict, without rowid;
