-- Which of these files nothing names any more: no case, no word or act on one, no words of a reporter's that his
-- case could not take, nothing that waits or is quarantined.
--   $1 digests in hex, 64 digits each, one behind the other
select coalesce (json_agg (row_to_json (r)), '[]')::text
from (
    select encode (d, 'hex') as digest
    from files_unnamed (array (select file_digests (decode ($1::text, 'hex')))) d
) r
