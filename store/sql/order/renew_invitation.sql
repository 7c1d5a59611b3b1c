-- A new invitation for somebody who has lost password or second factor, or whose first one ran out.  What he has goes on being good
-- until he accepts it.
--   $1 person  $2 arguments: person; of the store secret, invited  $3 key
with asked as materialized (
    select p.principal_id as who, p.login, person_fault ($1::int, p.principal_id) as fault, takeover_fault ($1::int, p.principal_id) as named
    from (values (1)) one left join person p on p.principal_id = person_named ($2::jsonb ->> 'person')
), judged as materialized (
    select a.*, case when a.who is null then 3 else coalesce (a.fault, a.named) end as reason from asked a
), old as (
    delete from invitation i using judged j where j.reason is null and i.principal_id = j.who and i.used_at is null
), invited as (
    insert into invitation (token_hash, principal_id, invited_by, ends_at)
    select decode ($2::jsonb ->> 'secret', 'hex'), j.who, $1::int, statement_timestamp () + make_interval (secs => ($2::jsonb ->> 'invited')::int)
    from judged j where j.reason is null
    returning ends_at
)
select case when j.reason is null then 1 else 3 end, j.reason, case when j.reason is not null then 'person' end,
       case when j.reason is null
            then order_done ($1::int, 'renew_invitation', $2::jsonb, $3::uuid, (select min (agency_id) from appointment where principal_id = j.who and ended_at is null), j.login, null, null,
                             jsonb_build_object ('person', j.who, 'login', j.login, 'ends_at', i.ends_at))::text end
from judged j left join invited i on true
