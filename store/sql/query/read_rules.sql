-- Versions of the rules, the newest, which is in force, first; at most 500.
select coalesce (json_agg (row_to_json (r)), '[]')::text
from (
    select version, at, octet_length (text) as bytes, encode (digest, 'hex') as digest, note
    from rules_version
    order by version desc
    limit 500
) r
