create table image (
  registry     text    not null,
  repository   text    not null,
  namespace    text    not null,
  definition   text    not null, -- JSON as it was put, defaults filled in
  version      integer not null,
  trigger_hash blob    unique,   -- SHA-256 of the secret in its trigger URL
  defined_at   integer not null,
  primary key (registry, repository)
) strict, without rowid;

create index image_by_namespace on image (namespace, repository);

-- Versions go on growing after an image was forgotten and defined anew.
create table forgotten_image (
  registry   text    not null,
  repository text    not null,
  version    integer not null,
  primary key (registry, repository)
) strict, without rowid;

-- By the word of GraphTracker.
create table outdated (
  registry   text    not null,
  repository text    not null,
  tag        text    not null,
  since      integer not null,
  flag       text    not null, -- ImageOutdated as JSON
  primary key (registry, repository, tag)
) strict, without rowid;

-- Since when a tag is known to be current: the two messages come by two queues, and may overtake each other.
create table current (
  registry   text    not null,
  repository text    not null,
  tag        text    not null,
  since      integer not null,
  primary key (registry, repository, tag)
) strict, without rowid;

create table cascade (
  id         text    primary key,
  root       text    not null,
  state      text    not null,
  counts     text    not null, -- JSON: how many images are in each state
  changed_at integer not null
) strict, without rowid;

create index cascade_by_changed_at on cascade (changed_at);
