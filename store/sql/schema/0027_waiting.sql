-- A reporter's words that came before their complaint are stored once it is there.  Whether they may tell of misconduct the
-- router said when they came; of those that wait already nobody has said it: they are decided about.
alter table waiting add alarms boolean not null default true;
create index waiting_at on waiting (at);
