-- Whose keys are looked at, and which the reader may make there; no row: there is no such agency, or its keys are not his.
--   $1 the agency's code; '': all that he has to do with
select coalesce (json_agg (row_to_json (r)), '[]')::text
from (
    select a.code, a.name, true as workers, person_may (session_reader (), a.agency_id, (1 << 5) | (1 << 9)) as adapters,
           exists (select from agency g where g.parent is null and person_may (session_reader (), g.agency_id, (1 << 5) | (1 << 9))) as emergency
    from agency a
    where a.code = $1::text and a.retired_at is null and person_may (session_reader (), a.agency_id, (1 << 5) | (1 << 6) | (1 << 9))
    union all
    select null, null, false, false, false
    where $1::text = '' and exists (select from appointment p where p.principal_id = session_reader () and p.role in (5, 6, 9) and p.ended_at is null
                                                                and (p.until is null or p.until > statement_timestamp ()))
) r
