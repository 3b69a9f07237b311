-- Instants are Unix milliseconds. Digests are text, "sha256:…". Nothing is ever deleted that a tag once pointed to.

create table image (
  id         integer primary key,
  registry   text not null, -- canonical, filled in
  repository text not null,
  unique (registry, repository)
) strict;

-- One row for each stack of layers: the OCI ChainID of all layers up to this one. Who stands on a stack is below it.
create table chain (
  id     integer primary key,
  chain  blob    not null unique, -- the 32 bytes of the ChainID
  parent integer references chain (id),
  depth  integer not null -- layers in it
) strict;

create index chain_by_parent on chain (parent) where parent is not null;

-- Every digest that was ever seen or named: an image of one platform, an index, or something else.
create table manifest (
  id             integer primary key,
  digest         text    not null unique,
  image          integer not null references image (id), -- a repository that it can be read from
  state          text    not null, -- wanted: named, and not read yet; read; gone: not there any more; bad: cannot be used
  kind           text,             -- image, index or other, once it is read
  media_type     text,
  platform       text,             -- of an image: os/architecture or os/architecture/variant
  chain          integer references chain (id), -- of all its layers; null where it has none
  content        blob,    -- of an image: SHA-256 of diff_ids and config without times; equal where nothing has changed
  history        blob,    -- of an image: of each step, the empty ones among them, 8 bytes of its SHA-256; oldest first
  problem        text,    -- why it is bad or gone
  read_at        integer
) strict;

create index manifest_by_chain on manifest (chain) where chain is not null;
create index manifest_by_state on manifest (state) where state <> 'read';

-- The images of an index, those of nested ones among them; and each image as that of itself.
create table member (
  index_id integer not null references manifest (id),
  image_id integer not null references manifest (id),
  platform text    not null,
  primary key (index_id, image_id)
) strict, without rowid;

create index member_by_image on member (image_id);

-- What can be run under a digest: the image itself, or those of an index. Nothing where it was not read.
create view part as
select member.index_id as manifest, member.image_id as image, member.platform, image.content
  from member join manifest image on image.id = member.image_id;

create table tag (
  id       integer primary key,
  image    integer not null references image (id),
  name     text    not null,
  manifest integer references manifest (id), -- what it points to; null where it was deleted
  moves    integer not null default 0,       -- how often it has moved
  moved_at integer,
  asked_at integer,                          -- when the registry was last asked
  unique (image, name)
) strict;

create index tag_by_manifest on tag (manifest) where manifest is not null;

-- What happened: each move once, whoever reported it.
create table tag_move (
  id           integer primary key autoincrement,
  tag          integer not null references tag (id),
  number       integer not null, -- from 1, within the tag
  old_manifest integer references manifest (id),
  new_manifest integer references manifest (id),
  at           integer not null,
  source       text    not null, -- push, build, reconcile, watch
  build        text,             -- the build that pushed it, where it was one
  unique (tag, number)
) strict;

-- All that a tag ever pointed to: by its moves, and what builds and notifications found in between, as it moved on
-- before anybody asked.
create table tag_past (
  tag      integer not null references tag (id),
  manifest integer not null references manifest (id),
  primary key (tag, manifest)
) strict, without rowid;

create index tag_past_by_manifest on tag_past (manifest, tag);

-- What an image of one platform was built on. Of each child only the strongest evidence counts.
create table edge (
  child    integer not null references manifest (id), -- an image; an index where it is named for all in it
  base     integer not null references manifest (id), -- an image, or an index with one of the child's platform
  base_tag integer not null default 0, -- the tag that was named; 0 where the evidence names none
  evidence integer not null, -- 1 build record, 2 provenance, 3 annotation, 4 layers
  kind     text    not null, -- finalFrom, from, copyFrom, mount, frontend
  pinned   integer not null default 0, -- 1 where the Dockerfile names the digest itself
  counts   integer not null default 0, -- 1 where it is of the strongest evidence
  primary key (child, evidence, base, base_tag, kind)
) strict, without rowid;

create index edge_by_base on edge (base, counts);
create index edge_by_base_tag on edge (base_tag) where base_tag <> 0;

-- A version of a base on which something stands. The move of a tag changes these few, and not all that stand on them.
create table base_version (
  id        integer primary key,
  base_tag  integer not null references tag (id),
  manifest  integer not null references manifest (id),
  platforms text    not null, -- of what stands on it, with blanks between
  stale     integer not null default 0, -- 1 where the tag has moved on, and the content differs for a platform that counts
  unique (base_tag, manifest, platforms)
) strict;

create index base_version_by_manifest on base_version (manifest);

create table standing (
  tag      integer not null references tag (id),
  version  integer not null references base_version (id),
  kind     text    not null, -- as in edge
  evidence integer not null, -- as in edge
  pinned   integer not null,
  primary key (tag, version, kind)
) strict, without rowid;

create index standing_by_version on standing (version, tag);

-- Derived from all above, for what tags point to now: which tag stands on which, with one row for each tag, base_tag,
-- base_manifest and kind.
create view footing as
select standing.tag, version.base_tag, version.manifest as base_manifest, standing.kind, standing.evidence,
       standing.pinned, version.stale
  from standing join base_version version on version.id = standing.version;

-- Every build that has ended: what a rebuild repeats, and how long it will take.
create table build (
  id           text    primary key,
  image        integer not null references image (id),
  digest       text,
  outcome      text    not null,
  completed    text    not null, -- BuildCompleted as JSON
  completed_at integer not null
) strict, without rowid;

create index build_by_digest on build (digest, image) where digest is not null;
create index build_by_image on build (image, completed_at);

create table definition (
  image      integer primary key references image (id),
  version    integer not null,
  definition text             -- ImageDefined as JSON; null where it was forgotten
) strict;

-- What the registries have still to be asked. Asked once more while it is being asked, it is a new row.
create table question (
  id       integer primary key autoincrement,
  registry text    not null, -- that of the image
  image    integer not null references image (id),
  tag      text    not null default '', -- what the tag is now; or
  manifest integer not null default 0,  -- what this manifest is
  named    text    not null default '', -- digests that the tag is said to have pointed to, with blanks between
  source   text    not null, -- as in tag_move
  asked_at integer not null,
  due_at   integer not null,
  tries    integer not null default 0,
  error    text,
  unique (image, tag, manifest)
) strict;

create index question_by_due_at on question (registry, due_at);

-- Tags of which something has changed since it was last decided what is outdated and what is rebuilt. Where a base has
-- moved it is the base's tag that is here, and not all that stand on it.
create table undecided (
  number integer primary key autoincrement,
  tag    integer not null unique references tag (id)
) strict;
