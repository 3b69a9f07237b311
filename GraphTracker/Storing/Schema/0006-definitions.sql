-- Grows with each change of any definition: what has changed since a list of them was asked for is not missing in it.
alter table definition add column change integer not null default 0;

create index definition_by_change on definition (change);
