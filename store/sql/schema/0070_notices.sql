-- Words back: notices that have been looked at and wait, by the channel they go by; and what became of those whose event
-- alone does not tell it.

-- A notice whose gateway is away, whose recipient sleeps, or that failed: out of the outbox, so that whatever waits holds
-- up nothing that is new.  It is in one place at any time: notice, notice_aside, or one dispatch.
create table notice_aside (
    complaint_id uuid not null,
    not_before   timestamptz not null,
    recipient    int not null,
    agency       int,
    code         int not null,                  -- why it waits: enum why, or the gateway's code
    event        smallint not null,
    template     smallint not null,
    attempt      smallint not null,
    channel      smallint not null,             -- enum channel: all that is known here of a contact
    primary key (complaint_id, event, recipient)
) with (autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
create index notice_aside_due on notice_aside (channel, not_before);

-- The delivery log.  A mail that was taken at the first try has no row: its event tells it.
create table delivery (
    complaint_id uuid not null,
    at           timestamptz not null,
    recipient    int not null,
    code         int not null,                  -- as in told
    event        smallint not null,
    template     smallint not null,             -- 0: a report of a notice that had no row
    attempt      smallint not null,
    channel      smallint not null,             -- enum channel; 0: not known
    outcome      smallint not null,             -- enum told
    primary key (complaint_id, event, recipient)
);

-- By which channel a parked notice was to go; null: a notifier of before did not say.
alter table notice_ended add column channel smallint;

-- All that is not with a notifier and will be sent by itself.
create view notice_pending as
    select complaint_id, event, recipient, agency, template, attempt, not_before, null::smallint as channel, 0 as code from notice
    union all
    select complaint_id, event, recipient, agency, template, attempt, not_before, channel, code from notice_aside;

grant select, insert, update, delete on notice_aside, delivery to aduan_store;
grant select on notice_pending to aduan_store;
grant select on notice_aside, delivery, notice_pending to aduan_query;
select guard_rows ('notice_aside'), guard_rows ('delivery');
