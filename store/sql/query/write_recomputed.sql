-- Due times that were counted anew.  A complaint that is not as it was read any more is left where it is, and so are all where
-- calendar or limits are others than those that were counted by.
-- Returns the complaints whose due times or breaches have changed.
--   $1 complaints  $2 their versions as read  $3 how many steps of each  $4 due_verify  $5 due_first  $6 due_resolve
--   $7 whether timers must look at it at once
--   $8 complaints, $9 kinds, $10 keys, $11 1, 2, 3 ... within the complaint, $12 data of the steps
--   $13 version base  $14 calendar and limits that were counted by
with counted as materialized (
    select i.*, c.events, c.state, coalesce (c.due_verify, c.due_first, c.due_resolve) as had
    from (select unnest ($1::uuid[]) as id, unnest ($2::bigint[]) as has, unnest ($3::int[]) as count, unnest ($4::timestamptz[]) as due_verify,
                 unnest ($5::timestamptz[]) as due_first, unnest ($6::timestamptz[]) as due_resolve, unnest ($7::boolean[]) as looks) i
    left join complaint c on c.complaint_id = i.id
    where $14::bigint = (select calendar_now () * 1000000::bigint + max (limit_version) from limit_set)
      and coalesce (c.version, 0) = i.has
), record as (
    update complaint c
    set version = greatest (c.version, $13::bigint) + 1, events = c.events + n.count, due_verify = n.due_verify, due_first = n.due_first,
        due_resolve = n.due_resolve
    from counted n where n.count > 0 and c.complaint_id = n.id and c.version = n.has
    returning n.*
), work as (
    update assignment a set due = coalesce (r.due_verify, r.due_first, r.due_resolve)
    from record r
    where a.complaint_id = r.id and a.state < 7 and a.due = r.had and r.had <> coalesce (r.due_verify, r.due_first, r.due_resolve)
), history as (
    insert into event (complaint_id, at, act_key, principal, kind, number, data)
    select r.id, clock_timestamp (), s.key, 0, s.kind, r.events + s.nth, s.data::jsonb
    from (select unnest ($8::uuid[]) as id, unnest ($9::int[]) as kind, unnest ($10::uuid[]) as key, unnest ($11::int[]) as nth,
                 unnest ($12::text[]) as data) s
    join record r on r.id = s.id
), done as (
    select id, looks from counted n where n.count = 0
    union all
    select id, looks from record
), gone as (
    delete from recompute where (complaint_id in (select id from done)) = true
), again as (
    insert into wake select clock_timestamp (), id from done where looks
    on conflict do nothing
)
select id from record
