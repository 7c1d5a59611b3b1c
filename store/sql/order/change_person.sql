-- Name and language of a person: by himself, or by his admins.
--   $1 person  $2 arguments: person (absent: oneself), name, language  $3 key
with asked as materialized (
    select p.principal_id as who, p.login, p.name, p.language, $2::jsonb ->> 'name' as new_name,
           case $2::jsonb ->> 'language' when 'id' then 1 when 'en' then 2 end as new_language
    from (values (1)) one
    left join person p on p.principal_id = case when $2::jsonb ? 'person' then person_named ($2::jsonb ->> 'person') else $1::int end
), judged as materialized (
    select a.*, f.fault, f.detail
    from asked a
    left join lateral (
        select fault, detail
        from (values (1, case when a.who is null then 3::smallint when a.who <> $1::int then person_fault ($1::int, a.who) end, 'person'),
                     (2, case when $2::jsonb ? 'language' and a.new_language is null then 15 end::smallint, 'language')) v (nth, fault, detail)
        where fault is not null order by nth limit 1) f on true
), changed as (
    update person p set name = coalesce (btrim (j.new_name), p.name), language = coalesce (j.new_language, p.language)
    from judged j where j.fault is null and p.principal_id = j.who
    returning p.name, p.language
)
select case when j.fault is null then 1 else 3 end, j.fault, j.detail,
       case when j.fault is null
            then order_done ($1::int, 'change_person', $2::jsonb, $3::uuid, (select min (agency_id) from appointment where principal_id = j.who and ended_at is null), j.login,
                             jsonb_build_object ('name', j.name, 'language', j.language), jsonb_build_object ('name', c.name, 'language', c.language), '{}')::text end
from judged j left join changed c on true
