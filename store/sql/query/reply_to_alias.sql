-- A rating (4), withdrawal (5) or flags (9) of an alias by its own reporter.  He rates when its main complaint is resolved; he
-- may withdraw at any time, which ends the alias alone: its own aliases stay with the main complaint.  To close the main one,
-- or to let it go to the Ombudsman, is its own reporter's.
-- Returns as store_reply.sql does; 0 where it is no alias any more.
--   $1 to $15 as for store_reply.sql
with parent as (
    select c.complaint_id, c.events, c.flags, x.main, coalesce (t.code_hash = $5::bytea, false) as proven
    from complaint c
    join content t on t.complaint_id = c.complaint_id
    join merged x on x.complaint_id = c.complaint_id
    where c.number = $2::bigint
    order by coalesce (t.code_hash = $5::bytea, false) desc, c.complaint_id limit 1
    for update of c
), proof as (
    select p.*, case $3::int when 5 then true when 4 then m.state = 7 when 9 then $13::int + $14::int > 0 else false end as fits,
           exists (select from event e where e.complaint_id = p.complaint_id and e.principal = $4::int and e.act_key = $1::uuid) as said
    from parent p join complaint m on m.complaint_id = p.main
), good as (
    select * from proof where proven and fits and not said
), history as (
    insert into event (complaint_id, at, act_key, principal, kind, number, text, data)
    select complaint_id, clock_timestamp (), $1::uuid, $4::int, 30 + $3::int, events + 1, $6::text,
           event_with (case when $3::int = 4 then jsonb_build_object ('rating', $7::int) end, $15::bytea, false)
    from good
), record as (
    update complaint c
    set version = greatest (c.version, $12::bigint) + 1, events = c.events + 1, state = case $3::int when 5 then 8 else c.state end,
        flags = case when $3::int = 9 then ((c.flags & ~((case when $14::int > 0 then 8192 else 0 end) | (case when $13::int = 1 then 1 else 0 end) | (case when $14::int = 1 then 2 else 0 end)))
                                            | (case when $13::int = 2 then 1 else 0 end) | (case when $14::int = 2 then 2 else 0 end))::smallint
                     else c.flags end
    from good g where c.complaint_id = g.complaint_id
), gone as (
    delete from merged x using good g where x.complaint_id = g.complaint_id and $3::int = 5
), stay as (
    update merged x set named = g.main from good g where x.named = g.complaint_id and $3::int = 5
), main as (
    update complaint m set flags = m.flags & ~32
    from good g
    where m.complaint_id = g.main and $3::int = 5
      and not exists (select from merged x where x.main = g.main and x.complaint_id <> g.complaint_id)
), kept as (
    insert into refused (complaint_id, parent, adapter, kind, reason, digest, submission, content, received, at, said, attachments)
    select $1::uuid, $2::bigint, $4::int, $3::int, case when proven then 'state' else 'code' end,
           $9::bytea, $10::bytea, $11::bytea, $8::timestamptz, clock_timestamp (), case when proven then $6::text end,
           case when proven then $15::bytea end
    from proof where not (proven and fits) and not said
    on conflict do nothing
    returning 1
), waited as (
    delete from waiting w using parent where w.complaint_id = $1::uuid
)
select (case when not exists (select from parent) then 0
             when exists (select from proof where said or (proven and fits)) then 1 else 3 end)::int as outcome,
       (exists (select from good) or exists (select from kept)) as fresh, 0::int as ready, false as asks, 0::int as told
