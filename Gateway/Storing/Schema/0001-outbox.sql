-- Every message that the Gateway sends waits here until the broker has confirmed it. Instants are Unix milliseconds.
create table outbox (
  id         integer primary key autoincrement,
  type       text    not null, -- name of the contract
  body       text    not null,
  build_id   text,             -- whose request it is: the build is queued once it is sent
  send_at    integer not null,
  tries      integer not null default 0,
  error      text,
  withdrawal text              -- by this name the message can be taken back before it is due
) strict;

create index outbox_by_send_at on outbox (send_at, id);
create index outbox_by_withdrawal on outbox (withdrawal) where withdrawal is not null;
create index outbox_by_build_id on outbox (build_id) where build_id is not null;
