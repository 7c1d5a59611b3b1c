-- What a phrase of oversight says (router/decide/oversight.h): misconduct by name, what an official does, who is one,
-- what speaks against it.  Other kinds than words are lines of their own, which routers of before skip.
alter table oversight_phrase
    add kind text not null default 'word' check (kind in ('word', 'deed', 'act', 'actor', 'actor-above', 'actor-province',
        'actor-nation', 'stranger', 'citizen', 'sense', 'not', 'about', 'beside', 'call', 'help')),
    add check (phrase <> '' and phrase !~ '[\t\n]');

create function snapshot_oversight () returns text language sql stable as $$
    select coalesce (string_agg (case kind when 'word' then E'oversight\t' || phrase
                                 else concat_ws (E'\t', 'oversight_part', phrase, kind) end || E'\n', ''
                     order by phrase), '') from oversight_phrase
$$;

-- As in 0008, but for its last part.
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
        || snapshot_oversight ()
$$;
