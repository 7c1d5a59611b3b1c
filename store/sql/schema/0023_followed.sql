-- Where a complaint goes in the statement that makes it secret or oversight is no news for its aliases' reporters: they are
-- let go in the same statement (complaint_shut).  As in 0020, but for that.
drop trigger complaint_followed on complaint;
create trigger complaint_followed after update of events on complaint for each row
    when (new.flags & 32 <> 0 and new.flags & 6 = 0 and new.events > old.events) execute function complaint_followed ();

-- What stands in an alias's history has a key of its own: a decision on the main complaint has the number of its hand-back
-- for a key, and so has the one on the alias when it is handed back itself, later.  As in 0020, but for that.
create or replace function complaint_followed () returns trigger language plpgsql as $$
declare
    base bigint := (select epoch << 40 from installation);
    e event;
    told smallint;
begin
    select * into e from event where complaint_id = new.complaint_id and number = new.events and kind not in (51, 52);
    if not found then
        return null;
    end if;
    told := case e.kind when 16 then 3 when 17 then 4 when 18 then 5 when 22 then 6
                        else case when new.holder <> old.holder then 2 end end;
    if told is null then
        return null;
    end if;
    with record as (
        update complaint c set version = greatest (c.version, base) + 1, events = c.events + 1
        from merged a where a.main = new.complaint_id and c.complaint_id = a.complaint_id
        returning c.complaint_id, c.events, c.flags
    ), history as (
        insert into event (complaint_id, at, act_key, principal, agency, kind, number, text, data)
        select complaint_id, clock_timestamp (), gen_random_uuid (), e.principal, e.agency, 53, events, case when told <> 2 then e.text end,
               jsonb_build_object ('kind', e.kind, 'other', number_text (new.number))
        from record
    )
    insert into notice (complaint_id, recipient, agency, event, template)
    select complaint_id, 0, case told when 2 then new.holder else e.agency end, events, told from record where flags & 16 <> 0;
    return null;
end $$;
update event set act_key = gen_random_uuid () where kind = 53 and principal = 0;
