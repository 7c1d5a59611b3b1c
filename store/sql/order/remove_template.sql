-- A template of an agency's answers is not offered any more.
--   $1 person  $2 arguments: agency, template (its number)  $3 key
with asked as materialized (
    select agency_named ($2::jsonb ->> 'agency') as agency, ($2::jsonb ->> 'template')::int as template
), judged as materialized (
    select a.*, t.name, t.text, v.fault, v.detail
    from asked a
    left join answer_template t on t.template_id = a.template and t.agency_id = a.agency
    left join lateral (
        select fault, detail
        from (values (1, order_fault ($1::int, a.agency, 224), 'agency'),
                     (2, case when t.template_id is null then 3 end::smallint, 'template')) v (nth, fault, detail)
        where fault is not null order by nth limit 1) v on true
), removed as (
    delete from answer_template t using judged j where j.fault is null and t.template_id = j.template
    returning t.template_id
)
select case when j.fault is null then 1 else 3 end, j.fault, j.detail,
       case when r.template_id is not null
            then order_done ($1::int, 'remove_template', $2::jsonb, $3::uuid, j.agency, j.template::text,
                             jsonb_build_object ('name', j.name, 'text', j.text), null, '{}')::text end
from judged j left join removed r on true
