-- A new second factor, by who knows the password and has the old one; every other session of his ends.
--   $1 person  $2 arguments: of the store proved (password and code), step, factor, session  $3 key
with asked as materialized (
    select p.principal_id as who, p.login, coalesce (p.locked_until > statement_timestamp (), false) as rests,
           ($2::jsonb ->> 'proved')::boolean and ($2::jsonb ->> 'step')::bigint > p.factor_step as proved
    from person p where p.principal_id = $1::int
), judged as materialized (
    select a.*, a.proved and not a.rests as good from asked a
), counted as (
    update person p
    set factor = case when j.good then decode ($2::jsonb ->> 'factor', 'hex') else p.factor end, factor_step = case when j.good then 0 else p.factor_step end,
        failures = case when j.good then 0 else p.failures + 1 end,
        locked_until = case when j.good then p.locked_until else rest_until (p.failures + 1, p.locked_until) end
    from judged j where p.principal_id = j.who and not j.rests
)
select case when j.good then 1 else 3 end, case when not j.good then 15 end, case when not j.good then 'password' end,
       case when j.good then order_done ($1::int, 'renew_factor', $2::jsonb, $3::uuid, null, j.login, null, null,
                                         jsonb_build_object ('login', j.login, 'ended', sessions_end (j.who, decode ($2::jsonb ->> 'session', 'hex'))))::text end
from judged j
