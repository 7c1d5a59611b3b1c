-- A new password, by who knows the old one; every other session of his ends.
--   $1 person  $2 arguments: of the store proved, hash, session  $3 key
with asked as materialized (
    select p.principal_id as who, p.login, coalesce (p.locked_until > statement_timestamp (), false) as rests, ($2::jsonb ->> 'proved')::boolean as proved
    from person p where p.principal_id = $1::int
), judged as materialized (
    select a.*, a.proved and not a.rests as good from asked a
), counted as (
    update person p
    set password = case when j.good then $2::jsonb ->> 'hash' else p.password end, failures = case when j.good then 0 else p.failures + 1 end,
        locked_until = case when j.good then p.locked_until else rest_until (p.failures + 1, p.locked_until) end
    from judged j where p.principal_id = j.who and not j.rests
)
select case when j.good then 1 else 3 end, case when not j.good then 15 end, case when not j.good then 'password' end,
       case when j.good then order_done ($1::int, 'change_password', $2::jsonb, $3::uuid, null, j.login, null, null,
                                         jsonb_build_object ('ended', sessions_end (j.who, decode ($2::jsonb ->> 'session', 'hex'))))::text end
from judged j
