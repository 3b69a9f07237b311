-- Who is told about the images of a namespace; those of * about all images.
create table member (
  namespace text not null,
  mail      text not null collate nocase,
  name      text not null,
  role      text not null, -- viewer, contributor, owner
  primary key (namespace, mail)
) strict, without rowid;

create index member_by_mail on member (mail);

-- A mail that the server has not accepted yet. Its text is made when it goes out, from what is so by then.
create table mail (
  id          text    primary key, -- also its Message-ID: it stays the same however often it is tried
  address     text    not null collate nocase,
  name        text    not null,
  due_at      integer not null, -- not before: what comes together is told together, and after a refusal for now
  written_at  integer not null,
  tried_at    integer,          -- once it may have been accepted nothing is added to it
  tries       integer not null default 0,
  error       text
) strict, without rowid;

create index mail_by_due_at on mail (due_at);
create unique index mail_that_is_open on mail (address) where tried_at is null;

create table mail_item (
  mail       text not null references mail (id) on delete cascade,
  registry   text not null,
  repository text not null,
  tag        text not null,
  primary key (mail, registry, repository, tag)
) strict, without rowid;

-- What became of the last mail to each address.
create table addressee (
  mail       text    primary key collate nocase,
  sent_at    integer,
  refused_at integer, -- for good
  refusal    text
) strict, without rowid;
