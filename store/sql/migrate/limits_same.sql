-- Does the newest set say what the one before it says?
select (limits_text (max (limit_version)) = limits_text (max (limit_version) - 1))::int from limit_set
