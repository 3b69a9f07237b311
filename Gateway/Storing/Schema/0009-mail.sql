-- Since when the server refuses it for a reason that may go away; null while it did not.
alter table mail add column refused_at integer;
