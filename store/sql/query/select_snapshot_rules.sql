-- The rules in force and their version.
select version, text as body from rules_version order by version desc limit 1
