-- What looks at complaints have found: steps as events, with their notices, a case's end, when to look next.  A complaint that
-- is not as it was read any more, or that an act holds, is left out: its row in `wake` stays.
-- Returns the complaints that steps were written of.
--   $1 complaints  $2 their versions as read  $3 how many steps of each  $4 states that they end in, 0 where not
--   $5 when to look next, null where nobody will
--   $6 complaints, $7 kinds, $8 keys, $9 agencies, $10 1, 2, 3 ... within the complaint, $11 data, $12 templates (0: none) of the steps
--   $13 times and $14 complaints of the rows that are done  $15 version base
with looked as materialized (
    select i.*, c.events, c.flags, c.holder
    from (select unnest ($1::uuid[]) as id, unnest ($2::bigint[]) as has, unnest ($3::int[]) as count, unnest ($4::int[]) as becomes) i
    join complaint c on c.complaint_id = i.id and c.version = i.has
    where i.count > 0
    for update of c skip locked
), record as (
    update complaint c
    set version = greatest (c.version, $15::bigint) + 1, events = c.events + l.count,
        state = case when l.becomes = 0 then c.state else l.becomes end
    from looked l where c.complaint_id = l.id
    returning c.complaint_id
), work as (
    update assignment a set state = 7, queued = false, version = greatest (a.version, $15::bigint) + 1
    from looked l where l.becomes <> 0 and a.complaint_id = l.id and a.state < 7
), shut as (
    select returned_end (id) from looked where becomes <> 0
), step as materialized (
    select l.id, l.events + s.nth as number, l.holder, l.flags, s.kind, s.key, s.agency, s.data, s.template
    from (select unnest ($6::uuid[]) as id, unnest ($7::int[]) as kind, unnest ($8::uuid[]) as key, unnest ($9::int[]) as agency,
                 unnest ($10::int[]) as nth, unnest ($11::text[]) as data, unnest ($12::int[]) as template) s
    join looked l on l.id = s.id
), history as (
    insert into event (complaint_id, at, act_key, principal, agency, kind, number, data)
    select id, clock_timestamp (), key, 0, agency, kind, number, data::jsonb from step
), told as (
    insert into notice (complaint_id, recipient, agency, event, template)
    select id, 0, holder, number, template from step where template <> 0 and flags & 16 <> 0
), passed as (
    select i.id, i.next
    from (select unnest ($1::uuid[]) as id, unnest ($3::int[]) as count, unnest ($5::timestamptz[]) as next) i
    where i.count = 0 or (i.id in (select id from looked)) = true
), gone as (
    delete from wake w
    using (select unnest ($13::timestamptz[]) as at, unnest ($14::uuid[]) as id) r
    where w.at = r.at and w.complaint_id = r.id and (r.id in (select id from passed)) = true
), again as (
    insert into wake select next, id from passed where next is not null
    on conflict do nothing
)
select l.id, l.becomes, (select count (*) from step s where s.id = l.id and s.template <> 0 and s.flags & 16 <> 0)::int as told,
       (select count (*) from shut) as done
from looked l
