-- What an agency says to a main complaint's reporter is said to those of its aliases, and what it sends with it is sent to them.  As in 0032,
-- but for `attachments` of kind 53 (web.own_file and case_history read it: 0155).
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
    told := case e.kind when 16 then 3 when 17 then 4 when 18 then 5 when 22 then 6 when 43 then 24 when 47 then 21
                        when 41 then case when e.data ->> 'clock' = 'resolve' then 20 end
                        when 48 then case when e.data ->> 'clock' = 'silence' then 22 else 23 end
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
               jsonb_strip_nulls (jsonb_build_object ('kind', e.kind, 'other', number_text (new.number), 'clock', e.data -> 'clock', 'due', e.data -> 'due',
                                                  'attachments', case when e.kind in (16, 17, 18, 22) then e.data -> 'attachments' end))
        from record
    )
    insert into notice (complaint_id, recipient, agency, event, template)
    select complaint_id, 0, case told when 2 then new.holder else coalesce (e.agency, new.holder) end, events, told from record where flags & 16 <> 0;
    return null;
end $$;
