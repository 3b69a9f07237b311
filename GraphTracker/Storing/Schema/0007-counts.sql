-- How far a cascade has come is counted after every decision: from this index alone, and not from its hundred thousand rows.
create index verdict_in_cascade on verdict (cascade, outdated, outlook, unit, build) where cascade is not null;
drop index verdict_by_cascade;
