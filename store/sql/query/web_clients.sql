-- Who may come in by HTTP, and as what: one row with the version; the list where it is another than the asker's.
--   $1 the version that the asker has; '': none
select json_build_array (web.clients ($1::text))::text
