-- A template of an agency's answers: a new one, or another name and text for one of its own.  By whoever works there.
--   $1 person  $2 arguments: agency, name, text; template (its number, absent: a new one), language (id, en)  $3 key
with asked as materialized (
    select agency_named ($2::jsonb ->> 'agency') as agency, btrim ($2::jsonb ->> 'name') as name, $2::jsonb ->> 'text' as text,
           ($2::jsonb ->> 'template')::int as template, case $2::jsonb ->> 'language' when 'en' then 2 else 1 end as language
), judged as materialized (
    select a.*, t.name as old_name, t.text as old_text, v.fault, v.detail
    from asked a
    left join answer_template t on t.template_id = a.template and t.agency_id = a.agency
    left join lateral (
        select fault, detail
        from (values (1, order_fault ($1::int, a.agency, 224), 'agency'),
                     (2, case when a.template is not null and t.template_id is null then 3 end::smallint, 'template'),
                     (3, case when a.name is null then 15 end::smallint, 'name'),
                     (4, case when a.text is null or length (a.text) not between 1 and 10000 then 15 end::smallint, 'text'),
                     (5, case when exists (select from answer_template o
                                           where o.agency_id = a.agency and o.name = a.name and o.template_id is distinct from a.template)
                              then 2 end::smallint, 'name')) v (nth, fault, detail)
        where fault is not null order by nth limit 1) v on true
), made as (
    insert into answer_template (agency_id, name, text, language, changed_by)
    select j.agency, j.name, j.text, j.language, $1::int from judged j where j.fault is null and j.template is null
    returning template_id
), changed as (
    update answer_template t
    set name = j.name, text = j.text, language = j.language, changed_at = statement_timestamp (), changed_by = $1::int
    from judged j where j.fault is null and t.template_id = j.template
    returning t.template_id
)
select case when j.fault is null then 1 else 3 end, j.fault, j.detail,
       case when j.fault is null
            then order_done ($1::int, 'save_template', $2::jsonb, $3::uuid, j.agency, n.template::text,
                             jsonb_build_object ('name', j.old_name, 'text', j.old_text), jsonb_build_object ('name', j.name, 'text', j.text),
                             jsonb_build_object ('template', n.template))::text end
from judged j
left join lateral (select template_id as template from made union all select template_id from changed) n on true
