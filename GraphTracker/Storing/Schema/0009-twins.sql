-- Images with the same layers and the same history, however many have the same layers.
create index manifest_by_stack on manifest (chain, platform, history) where chain is not null;
drop index manifest_by_chain;
