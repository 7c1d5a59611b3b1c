-- Judges and carries out one link, merge or unmerge (docs/duplicates.md), behind lock_merges.sql.  The same guard as
-- for every act, and of the other complaint, that the key works for its holder and for that of its main complaint;
-- whatever is wrong with it is one reason.  Where a row has changed since, the transaction is rolled back and judged anew.
-- Returns verdict, reason, new version and ready agency as act_ordinary.sql does, whether there is a notice in the
-- outbox, and the other complaint's id.
--   $1 principal  $2 id  $3 agency  $4 version  $5 key  $6 act  $7 text  $8 the other  $9 version base  $10 ignore versions
--   $11 session
with input as (
    select actor_of ($1::int, $11::bytea) as principal, $2::uuid as id, $3::int as agency, $4::bigint as wants, $5::uuid as key, $6::int as act,
           $7::text as text, $8::uuid as other
), said as (
    select e.kind = 30 + i.act and e.agency = i.agency
               and act_says (e, i.text, case i.act when 20 then jsonb_build_object ('other', (select number_text (o.number) from complaint o where o.complaint_id = i.other))
                                                   else '{}' end) as same, e.version
    from input i join event e on e.complaint_id = i.id and e.principal = i.principal and e.act_key = i.key
), held as (
    select i.*, a.ctid as work_at, a.state, a.version as has, a.leased_by, a.lease_until, a.lead,
           c.state as was, c.version as complaint_has, c.holder, c.events, c.flags, c.number, s.roles, m.roles as wanted
    from input i
    join assignment a on a.complaint_id = i.id and a.agency = i.agency
    join complaint c on c.complaint_id = i.id
    cross join lateral (select roles_in (i.principal, i.agency, c.flags & 4 <> 0) as roles) s
    left join step_move m on m.kind = 30 + i.act and m.state = c.state
    where not exists (select from said) and s.roles <> 0
), judged as materialized (
    select h.*, m.complaint_id as into_id, m.version as into_has, m.number as into_number, m.events as into_events,
           case when h.has <> h.wants and not $10::boolean then 1
                when h.state = 2 and (h.leased_by <> h.principal or h.lease_until <= clock_timestamp ()) then 1
                when not h.lead or h.holder <> h.agency then 10
                when h.act = 22 and h.was <> 10 then 2
                when h.act <> 22 and (h.state not in (2, 3, 4) or h.was >= 7 or (h.act = 21 and h.was = 6)) then 2
                when h.wanted & h.roles = 0 then 13
                when h.act <> 22 and (h.flags & 6 <> 0 or m.complaint_id is null or m.complaint_id = h.id or m.flags & 6 <> 0
                                      or (h.act = 21 and m.state >= 7)) then 11
                else 0 end as fault
    from held h
    left join complaint o on o.complaint_id = h.other and h.act <> 22
         and roles_in (h.principal, o.holder, false) <> 0
    left join merged x on x.complaint_id = o.complaint_id and h.act = 21
    left join complaint m on m.complaint_id = coalesce (x.main, o.complaint_id)
         and roles_in (h.principal, m.holder, false) <> 0
), joined as materialized (
    select case act when 21 then complaint_merge (id, complaint_has, into_id, into_has, $9::bigint, principal, key, agency, text)
                    else complaint_part (id, $9::bigint, principal, key, agency, text) end as version
    from judged where fault = 0 and act <> 20
), noted as (
    update complaint c set version = greatest (c.version, $9::bigint) + 1, events = c.events + 1
    from judged j
    where j.fault = 0 and j.act = 20
      and c.complaint_id in (j.id, j.into_id)
      and c.version = case when c.complaint_id = j.id then j.complaint_has else j.into_has end
    returning 1
), linked as (
    update assignment a set version = greatest (a.version, $9::bigint) + 1
    from judged j
    where j.fault = 0 and j.act = 20 and a.ctid = j.work_at and a.version = j.has
    returning a.version
), history as (
    insert into event (complaint_id, at, act_key, version, principal, agency, kind, number, text, data)
    select id, clock_timestamp (), key, greatest (has, $9::bigint) + 1, principal, agency, 50, events + 1, text,
           jsonb_build_object ('other', number_text (into_number))
    from judged where fault = 0 and act = 20
    union all
    select into_id, clock_timestamp (), key, null, principal, agency, 50, into_events + 1, text,
           jsonb_build_object ('other', number_text (number))
    from judged where fault = 0 and act = 20
)
select 1::int as ordinal,
       (case when j.fault = 0 or s.same then 1 else 2 end)::int as verdict,
       (case when j.fault = 0 and j.act = 20 and ((select count (*) from noted) <> 2 or (select count (*) from linked) <> 1) then raced ()
             when j.fault = 0 or s.same then 0
             when s.same is not null then 5
             when i.principal is null and $11::bytea is not null then 14
             else coalesce (j.fault, 3) end)::int as reason,
       coalesce ((select version from joined), (select version from linked), s.version, 0)::bigint as version,
       (case when j.fault = 0 and j.act = 22 then j.agency else 0 end)::int as ready,
       (j.fault = 0 and j.act <> 20)::int as told,
       j.into_id as other
from input i
left join said s on true
left join judged j on true
