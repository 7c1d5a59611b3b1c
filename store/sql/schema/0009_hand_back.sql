-- A hand-back is a request.  The first two wait here until a router has decided who has it instead; the third
-- goes to the arbiter at once.  A small table of its own, because complaint.state is in no index, so that a
-- change of it stays in the page.
create table returned (
    complaint_id uuid primary key,
    event        smallint not null,             -- number of the hand-back
    since        timestamptz not null
) with (autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0);

-- What stands behind an assignment: 0 nothing; 1 the arbiter's, who decides; 2 given with binding force, so that it
-- is not handed back.
alter table assignment add bond smallint not null default 0;

-- Who is informed, and does nothing.
create table informed (
    complaint_id uuid not null,
    agency       int not null,
    at           timestamptz not null default now (),
    primary key (complaint_id, agency)
);
create index informed_agency on informed (agency);

-- The place as the reporter named it, where the decision has another: '' where he named none.
alter table content add place text;
alter table content alter place set statistics 0;

-- Hand-backs are few; who looks for them must not read all that was ever done.
create index event_hand_back on event (at) where kind = 19;

-- Kind of an event: 1 placed, 2 handed over by a router's decision, 10 + enum act, 30 + enum kind.
comment on column event.kind is '1 placed, 2 handed over, 10 + enum act, 30 + enum kind';

grant select, insert, update, delete on returned, informed to aduan_store;
grant select on returned, informed to aduan_query;
grant select (place) on content to aduan_query;
