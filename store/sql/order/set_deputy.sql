-- Who acts when a liaison is away: the deputy is a liaison of the same agency, until a day or until it is taken back.  Without
-- `deputy` the one there is ends.
--   $1 person  $2 arguments: person, agency; deputy, until  $3 key
with asked as materialized (
    select p.principal_id as who, p.login, d.principal_id as deputy, agency_named ($2::jsonb ->> 'agency') as agency,
           ($2::jsonb ->> 'until')::timestamptz as until, $2::jsonb ->> 'deputy' is not null as sets
    from (values (1)) one
    left join person p on p.principal_id = person_named ($2::jsonb ->> 'person')
    left join person d on d.principal_id = person_named ($2::jsonb ->> 'deputy')
), judged as materialized (
    select a.*, f.fault, f.detail
    from asked a
    left join lateral (
        select fault, detail
        from (values (1, order_fault ($1::int, a.agency, 96), 'agency'),
                     (2, case when not exists (select from appointment o where o.principal_id = a.who and o.agency_id = a.agency and o.role = 7
                                                                           and o.deputy_of is null and o.ended_at is null) then 3 end::smallint, 'person'),
                     (3, case when a.sets and (a.deputy is null or a.deputy = a.who) then 3::smallint
                              when a.deputy = $1::int then 13
                              -- a colleague of the same agency, or one of his own
                              when a.sets and not exists (select from appointment o where o.principal_id = a.deputy and o.agency_id = a.agency and o.ended_at is null)
                              then person_fault ($1::int, a.deputy) end, 'deputy'),
                     -- his own appointment here is no deputy's, and stays
                     (4, case when a.sets and exists (select from appointment o where o.principal_id = a.deputy and o.agency_id = a.agency and o.role = 7
                                                                                and o.deputy_of is distinct from a.who and o.ended_at is null) then 2 end::smallint, 'deputy'),
                     (5, case when a.until <= statement_timestamp () then 15 end::smallint, 'until')) v (nth, fault, detail)
        where fault is not null order by nth limit 1) f on true
), over as (
    update appointment o set ended_at = statement_timestamp ()
    from judged j
    where j.fault is null and o.deputy_of = j.who and o.agency_id = j.agency and o.ended_at is null
    returning o.principal_id
), appointed as (
    select appointment_make (j.deputy, j.agency, 7, false, $1::int, j.until, j.who, (select count (*) from over)) as made
    from judged j where j.fault is null and j.sets
)
select case when j.fault is null then 1 else 3 end, j.fault, j.detail,
       case when j.fault is null and coalesce (a.made, true)
            then order_done ($1::int, 'set_deputy', $2::jsonb, $3::uuid, j.agency, j.login,
                             (select jsonb_agg (p.login) from over join person p using (principal_id)),
                             jsonb_build_object ('deputy', $2::jsonb ->> 'deputy', 'until', j.until), '{}')::text end
from judged j left join appointed a on true
