-- Where one is written to, and of what: by the person himself alone.  The address comes sealed to the notifier, and goes into no
-- change and no answer.
--   $1 person  $2 arguments: contact (sealed, hexadecimal; absent: as it was; null: forgotten) and contact_key, notices (none, daily,
--   at_once), from and to (hours of a working day in his agency's zone)  $3 key
with asked as materialized (
    select q.login, p.contact as had, p.notices as had_notices, p.hour_from as had_from, p.hour_to as had_to,
           case when $2::jsonb ->> 'contact' ~ '^([0-9a-f]{2})+$' and length ($2::jsonb ->> 'contact') between 98 and 8192 then decode ($2::jsonb ->> 'contact', 'hex') end as contact,
           coalesce (jsonb_typeof ($2::jsonb -> 'contact') = 'null', false) as forgets,
           ($2::jsonb ->> 'contact_key')::int as contact_key,
           case when $2::jsonb ? 'notices' then array_position (array['none', 'daily', 'at_once'], $2::jsonb ->> 'notices') else coalesce (p.notices, 2) end as notices,
           coalesce (($2::jsonb ->> 'from')::int, p.hour_from, 7) as hour_from, coalesce (($2::jsonb ->> 'to')::int, p.hour_to, 17) as hour_to,
           (select min (agency_id) from appointment where principal_id = $1::int and ended_at is null) as agency
    from person q
    left join person_contact p on p.principal_id = q.principal_id
    where q.principal_id = $1::int
), judged as materialized (
    select a.*, f.fault, f.detail
    from asked a
    left join lateral (
        select fault, detail
        from (values (1, case when a.forgets then null
                              when $2::jsonb ? 'contact' then case when a.contact is null or a.contact_key is null then 15 end
                              when a.had is null then 15 end::smallint, 'address'),
                     (2, case when a.notices is null then 15 end::smallint, 'notices'),
                     (3, case when a.hour_from >= a.hour_to then 15 end::smallint, 'to')) v (nth, fault, detail)
        where fault is not null order by nth limit 1) f on true
), forgotten as (
    delete from person_contact p using judged j where j.fault is null and j.forgets and p.principal_id = $1::int
), kept as (
    insert into person_contact as p (principal_id, contact, contact_key, notices, hour_from, hour_to)
    select $1::int, coalesce (j.contact, j.had), coalesce (j.contact_key, 0), j.notices, j.hour_from, j.hour_to
    from judged j where j.fault is null and not j.forgets
    on conflict (principal_id) do update
    set contact = excluded.contact, contact_key = case when $2::jsonb ? 'contact' then excluded.contact_key else p.contact_key end,
        notices = excluded.notices, hour_from = excluded.hour_from, hour_to = excluded.hour_to, look_at = statement_timestamp ()
)
select case when j.fault is null then 1 else 3 end, j.fault, j.detail,
       case when j.fault is null
            then order_done ($1::int, 'set_contact', $2::jsonb, $3::uuid, j.agency, j.login,
                             case when j.had is not null
                                  then jsonb_build_object ('notices', (array['none', 'daily', 'at_once'])[j.had_notices], 'from', j.had_from, 'to', j.had_to) end,
                             case when not j.forgets
                                  then jsonb_build_object ('notices', (array['none', 'daily', 'at_once'])[j.notices], 'from', j.hour_from, 'to', j.hour_to,
                                                           'address', case when $2::jsonb ? 'contact' then 'new' else 'as before' end) end, '{}')::text end
from judged j
