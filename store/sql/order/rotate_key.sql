-- A new key in an old one's place; the old one is good for some hours more, so that its program can be given the new one.
--   $1 person  $2 arguments: name, key; hours (0 to 720, absent: 24)  $3 key
with asked as materialized (
    select p.principal_id as who, p.name, p.key as old, $2::jsonb ->> 'key' as key, coalesce (($2::jsonb ->> 'hours')::int, 24) as hours,
           coalesce (p.agency_id, (select agency_id from agency where parent is null order by agency_id limit 1)) as owner
    from (values (1)) one left join principal p on p.name = $2::jsonb ->> 'name' and p.role in (1, 2) and p.revoked_at is null
), judged as materialized (
    select a.*, v.fault, v.detail
    from asked a
    left join lateral (
        select fault, detail
        from (values (1, case when a.who is null then 3::smallint else key_held_fault ($1::int, a.who) end, 'name'),
                     (2, case when a.key is null or a.key !~ '^[-0-9a-zA-Z.:+=^!/*?&<>()\[\]{}@%$#]{40}$' then 15 end::smallint, 'key'),
                     (3, case when a.hours not between 0 and 720 then 15 end::smallint, 'hours'),
                     (4, case when exists (select from principal p where a.key in (p.key, p.old_key)) then 15 end::smallint, 'key')) v (nth, fault, detail)
        where fault is not null order by nth limit 1) v on true
), rotated as (
    update principal p
    set key = j.key, agency_id = j.owner, old_key = case when j.hours > 0 then j.old end,
        old_until = case when j.hours > 0 then statement_timestamp () + make_interval (hours => j.hours) end
    from judged j where j.fault is null and p.principal_id = j.who
    returning p.old_until
)
select case when j.fault is null then 1 else 3 end, j.fault, j.detail,
       case when j.fault is null
            then order_done ($1::int, 'rotate_key', $2::jsonb, $3::uuid, j.owner, j.name, jsonb_build_object ('key', j.old), jsonb_build_object ('key', j.key, 'old_until', r.old_until),
                             jsonb_build_object ('old_until', r.old_until))::text end
from judged j left join rotated r on true
