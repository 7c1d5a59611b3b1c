-- Versions of the model, the newest, which is in force, first; at most 500.
select coalesce (json_agg (row_to_json (r)), '[]')::text
from (
    select version, at, octet_length (body) as bytes, encode (digest, 'hex') as digest, name, report
    from model_version
    order by version desc
    limit 500
) r
