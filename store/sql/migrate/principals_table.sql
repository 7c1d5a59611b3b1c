-- The lines of the file, looked at before anything of them is in force.
create temp table new_principals (line int, name text, role text, key text, rights text, agencies text, state text) on commit drop
