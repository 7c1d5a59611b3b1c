-- Since when work is ready, and since when a notice waits: what ages are counted from (docs/operators.md).
--
-- Not from the receipt of its complaint: what comes back after a week of waiting for its reporter has not been neglected for a week.  What
-- is ready because its lease or its delay is over, is so since `lease_until`.
alter table assignment add since timestamptz not null default now (); -- of what is ready or parked: since when; else of no meaning
alter table notice add made timestamptz not null default now ();

-- Whatever makes it ready again, or parks it, says so here, and need not know it.  Leases, acks and answers, which are many, only pass
-- the condition; behind the update, for a trigger before it would lock each row once more.
create function work_since () returns trigger language plpgsql as $$
begin
    update assignment set since = clock_timestamp () where complaint_id = new.complaint_id and agency = new.agency;
    return null;
end $$;
create trigger work_since after update of state on assignment for each row
    when (new.state in (1, 6) and old.state <> new.state) execute function work_since ();

-- What is there already has waited since its receipt at most.
update assignment w set since = c.received from complaint c where c.complaint_id = w.complaint_id and w.open and w.state in (1, 6);
