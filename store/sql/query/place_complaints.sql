-- Stores a batch of decided complaints: record, words, first event, place in the holder's queue,
-- notice.  Rows come sorted by id and without doubles; a repeat is left as it is.
-- Returns only the repeats: their ordinal, and whether the same was said (intake/digest.c: what is compared of digests).
-- `(id in (...)) = true` keeps the planner from a nested loop over two lists: it hashes the new ids once.
--   $1 ids  $2 numbers  $3 received  $4 due_verify  $5 due_first  $6 due_resolve  $7 agencies
--   $8 adapters  $9 categories  $10 rules  $11 registry  $12 channels  $13 classes  $14 priorities
--   $15 rungs  $16 confidences  $17 languages  $18 flags  $19 regions  $20 decisions  $21 digests
--   $22 code hashes  $23 titles  $24 bodies  $25 locations  $26 targets  $27 externals
--   $28 incidents  $29 latitudes  $30 longitudes  $31 raw titles  $32 raw bodies  $33 seals
--   $34 seal keys  $35 contacts  $36 contact keys  $37 attachments  $38 places as named  $39 when timers look first
--   $40 hashes of senders  $41 first version
--   $42 complaints, $43 agencies, $44 due times and $45 priorities of supporters  $46 complaints and $47 agencies of copies
with input as (
    select i.*, case when a.agency_id is null then r.agency_id
                     when a.retired_at is null then a.agency_id
                     when s.agency_id is not null then s.agency_id
                     else coalesce (a.desk, r.agency_id) end as holder
    from unnest ($1::uuid[], $2::bigint[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[],
                 $6::timestamptz[], $7::int[], $8::int[], $9::int[], $10::int[], $11::int[],
                 $12::smallint[], $13::smallint[], $14::smallint[], $15::smallint[], $16::smallint[],
                 $17::smallint[], $18::smallint[], $19::text[], $20::text[], $21::bytea[],
                 $22::bytea[], $23::text[], $24::text[], $25::text[], $26::text[], $27::text[],
                 $28::text[], $29::int[], $30::int[], $31::bytea[], $32::bytea[], $33::bytea[],
                 $34::int[], $35::bytea[], $36::int[], $37::bytea[], $38::text[], $39::timestamptz[], $40::bytea[]) with ordinality
         as i (id, number, received, due_verify, due_first, due_resolve, agency, adapter, category,
               rules, registry, channel, class, priority, rung, confidence, language, flags, region,
               decision, digest, code_hash, title, body, location, target, external, incident,
               latitude, longitude, raw_title, raw_body, seal, seal_key, contact, contact_key,
               attachments, place, wake, sender, ordinal)
    left join agency a on a.agency_id = i.agency
    left join agency s on s.agency_id = a.successor and s.retired_at is null
    cross join (select agency_id from agency where parent is null order by agency_id limit 1) r
), placed as (
    insert into complaint (complaint_id, number, version, received, due_verify, due_first, due_resolve,
                           holder, adapter, category, rules, registry, state, channel, class, priority,
                           rung, confidence, language, flags, region)
    select id, number, $41::bigint, received, due_verify, due_first, due_resolve, holder, adapter,
           category, rules, registry, case when due_first is null then 1 else 4 end, channel, class,
           priority, rung, confidence, language, flags, region
    from input
    on conflict (complaint_id) do nothing
    returning complaint_id, holder, priority, flags, coalesce (due_verify, due_first, due_resolve) as due
), words as (
    insert into content (complaint_id, digest, code_hash, decision, title, body, location, target, external,
                         incident, latitude, longitude, raw_title, raw_body, seal, seal_key, contact,
                         contact_key, attachments, place, sender)
    select i.id, i.digest, i.code_hash, i.decision, i.title, i.body, i.location, i.target, i.external,
           i.incident, i.latitude, i.longitude, i.raw_title, i.raw_body, i.seal, i.seal_key, i.contact,
           i.contact_key, i.attachments, i.place, i.sender
    from input i where (i.id in (select complaint_id from placed)) = true
), history as (
    insert into event (complaint_id, at, act_key, version, principal, agency, kind, number)
    select complaint_id, clock_timestamp (), complaint_id, null, 0, holder, 1, 1 from placed
), timed as (
    insert into wake select i.wake, i.id from input i where (i.id in (select complaint_id from placed)) = true
), work as (
    insert into assignment (complaint_id, due, version, agency, state, priority)
    select complaint_id, due, $41::bigint, holder, 1, priority from placed
), helps as (
    insert into assignment (complaint_id, due, version, agency, state, priority, lead)
    select s.id, s.due, $41::bigint, s.agency, 1, s.priority, false
    from unnest ($42::uuid[], $43::int[], $44::timestamptz[], $45::smallint[]) as s (id, agency, due, priority)
    join placed p on p.complaint_id = s.id and p.holder <> s.agency
    join agency a on a.agency_id = s.agency and a.retired_at is null
), copied as (
    insert into informed (complaint_id, agency)
    select s.id, s.agency
    from unnest ($46::uuid[], $47::int[]) as s (id, agency)
    join placed p on p.complaint_id = s.id
    join agency a on a.agency_id = s.agency and a.retired_at is null
), told as (
    insert into notice (complaint_id, recipient, agency, event, template)
    select complaint_id, 0, holder, 1, 1 from placed where flags & 16 <> 0
)
select i.ordinal::int as ordinal, case when substr (c.digest, 29) = substr (i.digest, 29) then substr (c.digest, 17) = substr (i.digest, 17)
            else substr (c.digest, 1, 16) = substr (i.digest, 1, 16) end as same
from input i
left join content c on c.complaint_id = i.id
where (i.id in (select complaint_id from placed)) = false
