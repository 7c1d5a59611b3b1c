-- A bearer token for a program that comes in by HTTP as this adapter; the one before it, of the same kind, is good for some hours more.
--   $1 person  $2 arguments: name; sandbox, hours (0 to 720, absent: 24), requests (a minute), submissions (a day), expected; of the
--   store secret (SHA-256 of the token)  $3 key
with asked as materialized (
    select p.principal_id as who, p.name, p.role, coalesce (($2::jsonb ->> 'sandbox')::boolean, false) as sandbox,
           coalesce (($2::jsonb ->> 'hours')::int, 24) as hours,
           coalesce (p.agency_id, (select agency_id from agency where parent is null order by agency_id limit 1)) as owner
    from (values (1)) one left join principal p on p.name = $2::jsonb ->> 'name' and p.role in (1, 2) and p.revoked_at is null
), judged as materialized (
    select a.*, case when a.who is null then 3::smallint else coalesce (key_held_fault ($1::int, a.who), case when a.role <> 1 then 15 end::smallint) end as fault,
           coalesce (($2::jsonb ->> 'requests')::int, t.requests, 600) as requests, coalesce (($2::jsonb ->> 'submissions')::int, t.submissions, 10000) as submissions,
           coalesce (($2::jsonb ->> 'expected')::boolean, t.expected, true) as expected
    from asked a left join token t on t.principal_id = a.who and t.sandbox = a.sandbox and t.ends_at is null
), replaced as (
    update token t
    set ends_at = statement_timestamp () + make_interval (hours => j.hours)
    from judged j where j.fault is null and t.principal_id = j.who and t.sandbox = j.sandbox and t.ends_at is null
    returning t.ends_at
), over as (
    delete from token t using judged j where j.fault is null and t.principal_id = j.who and t.ends_at <= statement_timestamp ()
), made as (
    -- behind the end of the one before: there is one in force
    insert into token (token_hash, principal_id, sandbox, expected, requests, submissions)
    select decode ($2::jsonb ->> 'secret', 'hex'), j.who, j.sandbox, j.expected, j.requests, j.submissions
    from judged j cross join (select count (*) from replaced) r where j.fault is null
    returning 1
)
select case when j.fault is null then 1 else 3 end, j.fault, case when j.fault is not null then 'name' end,
       case when j.fault is null
            then order_done ($1::int, 'make_token', $2::jsonb, $3::uuid, j.owner, j.name, null,
                             jsonb_build_object ('sandbox', j.sandbox, 'requests', j.requests, 'submissions', j.submissions, 'expected', j.expected,
                                                 'old_until', (select ends_at from replaced)),
                             jsonb_build_object ('client', j.name, 'sandbox', j.sandbox, 'old_until', (select ends_at from replaced where j.hours > 0)))::text end
from judged j left join made m on true
