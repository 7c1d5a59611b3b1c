-- A phrase may say which government has the duty where it is meant: schools are the regency's, "sma" is the province's.
alter table mandate
    add level smallint not null default 0 check (level between 0 and 2);    -- as category.level; 0 says nothing

create or replace function snapshot_registry () returns text language sql stable as $$
    select snapshot_tree ()
        || coalesce ((select string_agg (concat_ws (E'\t', 'competence', c.agency_id, c.function_id, coalesce (c.region, '-')) || E'\n', ''
                      order by c.function_id, c.region nulls first, c.agency_id)
                      from competence c join agency a on a.agency_id = c.agency_id where a.retired_at is null), '')
        || coalesce ((select string_agg (concat_ws (E'\t', 'mandate', case when m.agency_id is null then 'f' else 'a' end,
                      coalesce (m.agency_id, m.function_id), m.weight, m.phrase, nullif (m.level, 0)) || E'\n', ''
                      order by m.function_id, m.agency_id, m.phrase)
                      from mandate m left join agency a on a.agency_id = m.agency_id where a.retired_at is null), '')
$$;
