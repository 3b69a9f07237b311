-- So that a decision in a large graph looks at what it concerns, and not at all that there is.
create index cascade_cancelled on cascade (id) where cancelled_by is not null;
create index verdict_next on verdict (depth, move, tag, ready_at) where ready_at is not null;
