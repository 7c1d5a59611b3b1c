-- Somebody has the same problem as a published complaint: counted once for each submission.  One that is none is refused, whether it
-- is there or not.
-- Returns as store_reply.sql does.
--   $1 id  $2 number of the complaint  $3 kind  $4 adapter  $5 contact, sealed  $6 the contact's key  $7 received  $8 digest
--   $9 submission  $10 content
with known as materialized (
    select s.complaint_id from complaint c join supporter s on s.complaint_id = c.complaint_id and s.submission = $1::uuid where c.number = $2::bigint
), named as materialized (
    select c.complaint_id from complaint c
    where c.number = $2::bigint and public_now (c) and not exists (select from known)
    order by c.complaint_id limit 1
), added as (
    insert into supporter (complaint_id, submission, adapter, contact, contact_key)
    select complaint_id, $1::uuid, $4::int, $5::bytea, $6::int from named
    on conflict do nothing
    returning complaint_id
), counted as (
    insert into supported as s select complaint_id, 1 from added
    on conflict (complaint_id) do update set count = s.count + 1
), kept as (
    insert into refused (complaint_id, parent, adapter, kind, reason, digest, submission, content, received, at)
    select $1::uuid, $2::bigint, $4::int, $3::int, 'state', $8::bytea, $9::bytea, $10::bytea, $7::timestamptz, clock_timestamp ()
    where not exists (select from known) and not exists (select from named)
    on conflict do nothing
    returning 1
)
select (case when exists (select from known) or exists (select from named) then 1 else 3 end)::int as outcome,
       (exists (select from added) or exists (select from kept)) as fresh, 0::int as ready, false as asks, 0::int as told
