create table token (
  id         text    primary key,
  name       text    not null,
  hash       blob    not null unique, -- SHA-256; the token itself is 256 random bits
  namespace  text,                    -- null where the scope is admin
  scopes     text    not null,        -- admin, or some of define, trigger, read, separated by blanks
  created_at integer not null,
  created_by text    not null
) strict, without rowid;

create table credential (
  namespace  text    not null,
  name       text    not null,
  kind       text    not null, -- gitBasic, gitToken, gitSsh, registryBasic, registryToken
  host       text    not null, -- the only host it is ever sent to
  sealed     text    not null, -- JWE in compact form
  kid        text    not null, -- of the workers' key it is sealed to
  changed_at integer not null,
  primary key (name)
) strict, without rowid;

create table idempotency (
  principal  text    not null,
  key        text    not null,
  body_hash  blob    not null,
  build_id   text    not null,
  created_at integer not null,
  primary key (principal, key)
) strict, without rowid;

create index idempotency_by_created_at on idempotency (created_at);
