-- What routing decides by beside the registry's tree: operators' rules, the learned model, the words of each
-- mandate, and who holds a function where the rule of thumb says otherwise.

-- Every version that was ever in force stays: complaint.rules names the one that decided.  The newest is live.
create table rules_version (
    version bigint primary key,
    text    text not null,                      -- as written: YAML
    digest  bytea not null,                     -- SHA-256
    at      timestamptz not null default now (),
    note    text
);
create table model_version (
    version bigint primary key,
    body    bytea not null,
    digest  bytea not null,
    at      timestamptz not null default now (),
    name    text not null,                      -- the learner's
    report  text                                -- on held-out data, as the learner wrote it
);
alter table model_version alter body set storage external; -- weights: compressing them is in vain
insert into snapshot values (3, 0), (4, 0);     -- 0: none yet, nothing is published

-- Weighted words of what a function, or one agency whatever the place, is for.
create table mandate (
    function_id smallint references function,
    agency_id   int references agency,
    phrase      text not null check (phrase <> '' and phrase !~ '[\t\n]'),
    weight      smallint not null check (weight between -1000 and 1000 and weight <> 0),
    check (num_nonnulls (function_id, agency_id) = 1),
    unique nulls not distinct (function_id, agency_id, phrase)
);

-- An agency that holds a function for a region and below although the tree does not say so: a merged office, a
-- province that kept one.
create table competence (
    agency_id   int not null references agency,
    function_id smallint not null references function,
    region      text references region,         -- null: the nation
    unique nulls not distinct (agency_id, function_id, region)
);

-- Where a category's function is held, and how sure it is of it when nothing more is known.
alter table category
    add level smallint not null default 0 check (level between 0 and 2),    -- 0 the most exact place, 1 the province, 2 the regency
    add sure  smallint not null default 930 check (sure between 0 and 1000); -- permille

alter function snapshot_registry () rename to snapshot_tree;
create or replace function snapshot_tree () returns text language sql stable as $$
    select coalesce ((select string_agg (concat_ws (E'\t', 'function', function_id, code, name) || E'\n', ''
                      order by function_id) from function), '')
        || coalesce ((select string_agg (concat_ws (E'\t', 'agency', a.agency_id, a.code, coalesce (a.parent::text, '-'),
                      a.kind, coalesce (a.function_id::text, '-'), coalesce (a.region, '-'), a.flags, a.name) || E'\n', ''
                      order by d.depth, a.agency_id)
                      from agency a join (select agency, max (depth) as depth from agency_above group by agency) d
                        on d.agency = a.agency_id
                      where a.retired_at is null), '')
        || coalesce ((select string_agg (concat_ws (E'\t', 'region', code, level, name) || E'\n', '' order by level, code)
                      from region), '')
        || coalesce ((select string_agg (concat_ws (E'\t', 'category', category_id, coalesce (parent::text, '-'),
                      coalesce (function_id::text, '-'), coalesce (agency_id::text, '-'),
                      case class when 1 then 'complaint' when 2 then 'complaint_plain' when 3 then 'complaint_oversight'
                                 when 4 then 'aspiration' when 5 then 'info_request' else '-' end, name, level, sure) || E'\n', ''
                      order by category_id) from category), '')
        || coalesce ((select string_agg (E'oversight\t' || phrase || E'\n', '' order by phrase) from oversight_phrase), '')
$$;
create function snapshot_registry () returns text language sql stable as $$
    select snapshot_tree ()
        || coalesce ((select string_agg (concat_ws (E'\t', 'competence', c.agency_id, c.function_id, coalesce (c.region, '-')) || E'\n', ''
                      order by c.function_id, c.region nulls first, c.agency_id)
                      from competence c join agency a on a.agency_id = c.agency_id where a.retired_at is null), '')
        || coalesce ((select string_agg (concat_ws (E'\t', 'mandate', case when m.agency_id is null then 'f' else 'a' end,
                      coalesce (m.agency_id, m.function_id), m.weight, m.phrase) || E'\n', ''
                      order by m.function_id, m.agency_id, m.phrase)
                      from mandate m left join agency a on a.agency_id = m.agency_id where a.retired_at is null), '')
$$;

grant select on rules_version, model_version, mandate, competence to aduan_store;
grant select on rules_version, model_version to aduan_query;
