-- 0: told just now; 1: nobody waits for it, or it was asked before in vain.
alter table question add column turn integer not null default 0;
update question set turn = 1 where tries > 0 or source in ('reconcile', 'watch');
create index question_by_turn on question (registry, turn, due_at);
drop index question_by_due_at;
