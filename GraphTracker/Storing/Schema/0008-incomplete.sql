-- Of an index: how often it is still being read again, as something in it was not there; 0 where nothing is waited for.
alter table manifest add column incomplete integer not null default 0;
