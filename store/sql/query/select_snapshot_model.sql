-- The model in force and its version.
select version, body from model_version order by version desc limit 1
