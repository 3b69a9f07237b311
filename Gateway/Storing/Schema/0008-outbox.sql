-- A build's request is found by the name that takes it back; a second index only made each write longer.
drop index outbox_by_build_id;
