-- A key for a channel's adapter or an agency's worker.  Its secret half never comes here.  An adapter that comes in by HTTP alone names
-- no key: it gets one whose secret half nobody has, and a token (make_token).
--   $1 person  $2 arguments: name, role (adapter, worker), key (40 signs of Z85), agency (whose it is); agencies (codes, of a worker), rights  $3 key
with asked as materialized (
    select $2::jsonb ->> 'name' as name, case $2::jsonb ->> 'role' when 'adapter' then 1 when 'worker' then 2 end as role, case when $2::jsonb ->> 'role' = 'adapter' and $2::jsonb ->> 'key' is null then key_of_nobody () else $2::jsonb ->> 'key' end as key,
           agency_named ($2::jsonb ->> 'agency') as owner, coalesce ($2::jsonb ->> 'rights', '-') as rights,
           array (select agency_named (c) from jsonb_array_elements_text (case jsonb_typeof ($2::jsonb -> 'agencies') when 'array' then $2::jsonb -> 'agencies' else '[]' end) c) as agencies
), judged as materialized (
    select a.*, v.fault, v.detail
    from asked a
    left join lateral (
        select fault, detail
        from (values (1, order_fault ($1::int, a.owner, 544 | case a.role when 2 then 64 else 0 end), 'agency'),
                     (2, case when a.role is null then 15 end::smallint, 'role'),
                     (3, case when a.role = 2 and cardinality (a.agencies) not between 1 and 1000 or a.role = 1 and cardinality (a.agencies) > 0 then 15::smallint
                              when array_position (a.agencies, null) is not null then 3 else key_fault ($1::int, a.role, a.owner, a.agencies) end, 'agencies'),
                     (4, case when a.name is null then 15 end::smallint, 'name'),
                     (5, case when a.key is null or a.key !~ '^[-0-9a-zA-Z.:+=^!/*?&<>()\[\]{}@%$#]{40}$' then 15 end::smallint, 'key'),
                     (6, case when a.rights not in ('-', 'bulk', 'emergency', 'bulk,emergency', 'emergency,bulk') or a.role = 2 and a.rights <> '-' then 15
                              when a.rights ~ 'emergency' and not exists (select from agency g where g.parent is null and person_may ($1::int, g.agency_id, 544)) then 13 end::smallint, 'rights'),
                     (7, case when exists (select from principal p where p.name = a.name) then 15 end::smallint, 'name'),
                     (8, case when exists (select from principal p where a.key in (p.key, p.old_key)) then 15 end::smallint, 'key')) v (nth, fault, detail)
        where fault is not null order by nth limit 1) v on true
), made as (
    insert into principal (name, role, key, rights, agency_id) select j.name, j.role, j.key, j.rights, j.owner from judged j where j.fault is null
    returning principal_id
), scope as (
    insert into principal_agency (principal_id, agency_id) select distinct m.principal_id, u.agency from judged j cross join made m cross join unnest (j.agencies) u (agency)
)
select case when j.fault is null then 1 else 3 end, j.fault, j.detail,
       case when j.fault is null
            then order_done ($1::int, 'make_key', $2::jsonb, $3::uuid, j.owner, j.name, null,
                             jsonb_build_object ('role', $2::jsonb ->> 'role', 'key', j.key, 'agencies', $2::jsonb -> 'agencies', 'rights', j.rights),
                             jsonb_build_object ('principal', m.principal_id, 'name', j.name))::text end
from judged j left join made m on true
