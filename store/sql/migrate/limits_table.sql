-- The lines of the file, looked at before anything of them is in force.
create temp table new_limits (line int, rule text, clock text, class text, agency text, days text) on commit drop
