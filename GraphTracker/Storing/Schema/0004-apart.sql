-- What could not be decided stays, with why, until it is due again; 0 for what has changed since.
alter table undecided add column due_at integer not null default 0;
alter table undecided add column problem text;

create index undecided_later on undecided (due_at) where due_at > 0;
