-- Keeps a record that PostgreSQL cannot hold as a complaint, raw, with the national desk as its owner.
--   $1 id  $2 digest  $3 sqlstate  $4 reason  $5 adapter  $6 received  $7 offer  $8 submission  $9 content
with waited as (
    delete from waiting where complaint_id = $1::uuid
)
insert into quarantine (complaint_id, digest, sqlstate, reason, owner, adapter, received, at, offer, submission, content)
select $1::uuid, $2::bytea, $3::text, $4::text,
       (select agency_id from agency where parent is null order by agency_id limit 1), $5::int,
       $6::timestamptz, clock_timestamp (), $7::bytea, $8::bytea, $9::bytea
on conflict do nothing
