-- Stores a batch of decided complaints none of which is here yet, nor decided for an agency that has
-- gone: record, words, first event, place in the holder's queue, when to
-- look at it, and notice.  For whom a PULL
-- waits is leased to it at once, if its principal may work for that agency (RELIABILITY P15).  Any
-- other batch it refuses whole (unique_violation, or unusual()); place_complaints.sql sorts that out.
-- It reads its arrays straight into the rows, so it costs two thirds of that.
--   $1 to $47 as for place_complaints.sql
--   $48 a notifier's dispatch, or null  $49 complaints and $50 agencies of the notices that go into it
--   $51 complaints and $52 agencies of those that go into the outbox
--   $53 principals and $54 ms of the leases, or null
--   $55 principals and $56 agencies: each pair of them once
with placed as (
    insert into complaint (complaint_id, number, version, received, due_verify, due_first, due_resolve,
                           holder, adapter, category, rules, registry, state, channel, class, priority,
                           rung, confidence, language, flags, region)
    select id, number, $41::bigint, received, due_verify, due_first, due_resolve, holder, adapter,
           category, rules, registry, case when due_first is null then 1 else 4 end, channel, class,
           priority, rung, confidence, language, flags, region
    from (select unnest ($1::uuid[]) as id, unnest ($2::bigint[]) as number, unnest ($3::timestamptz[]) as received,
                 unnest ($4::timestamptz[]) as due_verify, unnest ($5::timestamptz[]) as due_first,
                 unnest ($6::timestamptz[]) as due_resolve, unnest ($7::int[]) as holder, unnest ($8::int[]) as adapter,
                 unnest ($9::int[]) as category, unnest ($10::int[]) as rules, unnest ($11::int[]) as registry,
                 unnest ($12::smallint[]) as channel, unnest ($13::smallint[]) as class, unnest ($14::smallint[]) as priority,
                 unnest ($15::smallint[]) as rung, unnest ($16::smallint[]) as confidence,
                 unnest ($17::smallint[]) as language, unnest ($18::smallint[]) as flags, unnest ($19::text[]) as region) i
), words as (
    insert into content (complaint_id, digest, code_hash, decision, title, body, location, target, external,
                         incident, latitude, longitude, raw_title, raw_body, seal, seal_key, contact,
                         contact_key, attachments, place, sender)
    select unnest ($1::uuid[]), unnest ($21::bytea[]), unnest ($22::bytea[]), unnest ($20::text[]), unnest ($23::text[]),
           unnest ($24::text[]), unnest ($25::text[]), unnest ($26::text[]), unnest ($27::text[]), unnest ($28::text[]),
           unnest ($29::int[]), unnest ($30::int[]), unnest ($31::bytea[]), unnest ($32::bytea[]), unnest ($33::bytea[]),
           unnest ($34::int[]), unnest ($35::bytea[]), unnest ($36::int[]), unnest ($37::bytea[]), unnest ($38::text[]),
           unnest ($40::bytea[])
), history as (
    insert into event (complaint_id, at, act_key, version, principal, agency, kind, number)
    select id, clock_timestamp (), id, null, 0, holder, 1, 1
    from (select unnest ($1::uuid[]) as id, unnest ($7::int[]) as holder) i
), timed as (
    insert into wake select unnest ($39::timestamptz[]), unnest ($1::uuid[])
), work as (
    insert into assignment (complaint_id, due, version, lease_until, agency, leased_by, state, priority)
    select id, coalesce (due_verify, due_first, due_resolve), $41::bigint + (leased_by is not null)::int,
           clock_timestamp () + make_interval (secs => lease / 1000.0), holder, leased_by,
           case when leased_by is null then 1 else 2 end, priority
    from (select unnest ($1::uuid[]) as id, unnest ($4::timestamptz[]) as due_verify, unnest ($5::timestamptz[]) as due_first,
                 unnest ($6::timestamptz[]) as due_resolve, unnest ($7::int[]) as holder, unnest ($14::smallint[]) as priority,
                 unnest ($53::int[]) as leased_by, unnest ($54::int[]) as lease) i
), helps as (
    insert into assignment (complaint_id, due, version, agency, state, priority, lead)
    select id, due, $41::bigint, agency, 1, priority, false
    from (select unnest ($42::uuid[]) as id, unnest ($43::int[]) as agency, unnest ($44::timestamptz[]) as due,
                 unnest ($45::smallint[]) as priority) s
    where exists (select from agency a where a.agency_id = s.agency and a.retired_at is null)
), copied as (
    insert into informed (complaint_id, agency)
    select id, agency from (select unnest ($46::uuid[]) as id, unnest ($47::int[]) as agency) s
    where exists (select from agency a where a.agency_id = s.agency and a.retired_at is null)
), born as (
    insert into dispatch
    select $48::uuid, clock_timestamp (), $49::uuid[], array_fill (1::smallint, n), array_fill (0, n), $50::int[],
           array_fill (1::smallint, n), array_fill (0::smallint, n)
    from (select array [cardinality ($49::uuid[])] as n) one where $48::uuid is not null
), told as (
    insert into notice (complaint_id, recipient, agency, event, template)
    select unnest ($51::uuid[]), 0, unnest ($52::int[]), 1, 1
)
select unusual () from (select distinct unnest ($7::int[]) as holder) i
where not exists (select from agency a where a.agency_id = i.holder and a.retired_at is null)
union all
select unusual () from (select unnest ($55::int[]) as principal, unnest ($56::int[]) as agency) w
left join principal_agency pa on pa.principal_id = w.principal and pa.agency_id = w.agency
left join principal p on p.principal_id = w.principal and p.revoked_at is null and p.role = 2
where pa.agency_id is null or p.principal_id is null
