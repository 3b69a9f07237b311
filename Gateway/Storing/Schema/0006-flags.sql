alter table outdated add column namespace text not null default '_';
alter table outdated add column heard_at integer not null default 0; -- by the Gateway's clock: the last word about it

update outdated set namespace = iif(instr(repository, '/') > 0, substr(repository, 1, instr(repository, '/') - 1), '_');

create index outdated_by_namespace on outdated (namespace, repository);
