-- What a push set off. "version" grows with each change, "told" is the version that was published last.
create table cascade (
  id           text    primary key,
  root         integer not null references tag (id),
  old_digest   text,
  new_digest   text    not null,
  state        text    not null, -- running, blocked, done, cancelled
  counts       text    not null default '{}', -- JSON: how many images are in each state
  cancelled_by text,             -- who has ended it; null where nobody has
  began_at     integer not null,
  ended_at     integer,
  version      integer not null default 1,
  told         integer not null default 0
) strict;

create index cascade_by_began_at on cascade (began_at);
create index cascade_untold on cascade (id) where told < version;

-- Each build that was asked for, in order. One row is open at most for each tag.
create table rebuild (
  id           integer primary key autoincrement,
  build        text    not null unique,
  cascade      text    not null references cascade (id),
  image        integer not null references image (id),
  old_manifest integer not null references manifest (id), -- what is rebuilt
  bases        text    not null, -- what its bases were then
  depth        integer not null,
  move         integer not null, -- the tag_move that is the cause
  try          integer not null, -- from 1, for this move
  state        text    not null, -- open, done, unchanged, failed, resumed
  reason       text    not null, -- why it was asked for; where it failed, why
  request      text    not null, -- BuildRequested as JSON
  asked_at     integer not null,
  ended_at     integer,
  look_at      integer not null, -- when the Gateway is asked what has become of it
  told         integer not null default 0
) strict;

create index rebuild_open on rebuild (look_at) where state = 'open';
create index rebuild_untold on rebuild (id) where told = 0;
create index rebuild_by_cascade on rebuild (cascade);

-- The last rebuild of each tag.
create table rebuilt_tag (
  tag     integer primary key references tag (id),
  rebuild integer not null references rebuild (id)
) strict;

create index rebuilt_tag_by_rebuild on rebuilt_tag (rebuild);

-- What was decided of each tag that is outdated, or was.
create table verdict (
  tag        integer primary key references tag (id),
  outdated   integer not null,
  since      integer not null, -- outdated or, again, current
  digest     text    not null,
  base       text    not null, -- with registry and tag
  base_tag   integer not null,
  old_digest text    not null,
  new_digest text    not null,
  evidence   text    not null,
  through    text,
  outlook    text    not null,
  next       text    not null,
  depth      integer not null,
  cascade    text,
  move       integer not null, -- the tag_move that is the cause
  bases      text    not null, -- what its bases are
  unit       integer not null, -- the smallest tag of those that are renewed together
  ready_at   integer,          -- when a rebuild is to be asked for
  build      text,
  version    integer not null default 1,
  told       integer not null default 0
) strict;

create index verdict_untold on verdict (tag) where told < version;
create index verdict_ready on verdict (ready_at) where ready_at is not null;
create index verdict_by_cascade on verdict (cascade) where cascade is not null;
create index verdict_outdated on verdict (tag) where outdated = 1;
