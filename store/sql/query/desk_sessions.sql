-- Where the reader is logged in.
select coalesce (json_agg (row_to_json (r)), '[]')::text
from (
    select s.since, s.seen_at, s.ends_at,
           s.token_hash = sha256 (decode (current_setting ('aduan.session', true), 'hex')) as this
    from session s
    where s.principal_id = session_reader () and s.ends_at > statement_timestamp ()
    order by s.since desc
) r
