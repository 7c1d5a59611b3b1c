-- Judges and carries out a batch of acts that move nothing to another agency, at most one a complaint.  One
-- guard: the act's principal, its agencies, the assignment's state, lease and version, in this statement
-- (RELIABILITY P15).  Rows are judged as they stand when it begins, and changed only while their
-- version is still that one; where another transaction was faster the whole batch is rolled back and
-- judged anew (40001).  An act that was carried out before is known by its event, which is looked for
-- only where the guard refuses: every act raises the version that its repeat names.  One that says something else
-- with the key is refused.  A key that comes
-- again with a newer version meets its event's key (23505): act_on_assignments.sql sorts that out.
-- What is said first on a complaint that was never placed takes it on: that is for act_on_assignments.sql.
-- Of a case that is resolved only supporters may still say something, and of one that waits for the
-- reporter or for a decision: it changes neither its state nor its clocks.
-- Returns each act's ordinal, verdict (1 done, 2 stale), reason (enum reason), new version, agency
-- that has new work; and for a notice that went into the dispatch what it says.
--   $1 principals  $2 ids  $3 agencies  $4 versions  $5 keys  $6 acts  $7 texts  $8 delays (ms)
--   $9 version base  $10 ignore versions (a mutant)  $11 resolutions (enum resolution)
--   $12 a notifier's dispatch, or null  $13 whether this act's notice goes into it  $14 1, 2, 3 ...
--   $15 whether the reporter's contact is known already, and not asked for
with judged as materialized (
    select case when a.agency is null or c.complaint_id is null or p.principal_id is null or pa.agency_id is null then 3
                when a.version <> i.wants and not $10::boolean then 1
                when a.state = 2 and (a.leased_by <> i.principal or a.lease_until <= clock_timestamp ()) then 1
                when c.state >= 7 and (a.lead or c.state > 7 or i.act = 8) then 2
                when i.act = 3 and a.state = 6 then 0
                when a.state not in (2, 3, 4) then 2
                when i.act in (1, 2, 3, 4) and a.state <> 2 then 2
                when i.act in (6, 7, 8) and a.lead and c.state in (3, 6) then 2
                when i.act = 12 and not a.lead then 10
                when i.act = 12 and c.state <> 5 then 2
                when i.act in (6, 7) and a.lead and c.due_first is null then unusual ()
                else 0 end as fault,
           i.act in (6, 7, 8, 12) as touches, i.act in (6, 7, 8, 12) and c.flags & 16 <> 0 as tells, i.dispatched,
           i.act, i.ordinal, i.agency, i.principal, i.id, i.key, c.events, greatest (a.version, $9::bigint) + 1 as version,
           a.version as has, c.version as complaint_has, a.ctid as work_at, c.ctid as record_at, a.state, a.lead,
           c.state as was, c.flags, c.language, c.priority, i.known, i.delay, i.resolution, i.text,
           (case i.act when 12 then 6 else i.act - 3 end)::smallint as template
    from (select unnest ($1::int[]) as principal, unnest ($2::uuid[]) as id, unnest ($3::int[]) as agency,
                 unnest ($4::bigint[]) as wants, unnest ($5::uuid[]) as key, unnest ($6::smallint[]) as act,
                 unnest ($7::text[]) as text, unnest ($8::bigint[]) as delay, unnest ($11::smallint[]) as resolution,
                 unnest ($13::boolean[]) as dispatched, unnest ($14::int[]) as ordinal, unnest ($15::boolean[]) as known) i
    left join principal p on p.principal_id = i.principal and p.revoked_at is null and p.role = 2
    left join principal_agency pa on pa.principal_id = i.principal and pa.agency_id = i.agency
    left join assignment a on a.complaint_id = i.id and a.agency = i.agency
    left join complaint c on c.complaint_id = i.id
), record as (
    update complaint c
    set version = greatest (c.version, $9::bigint) + 1, events = c.events + 1,
        state = case when not j.lead then c.state when j.act = 12 then 7 when j.act = 8 and c.state <> 5 then 3 else 5 end
    from judged j
    where j.fault = 0 and j.touches and c.ctid = j.record_at and c.version = j.complaint_has
    returning 1
), work as (
    update assignment a
    set state = case j.act when 1 then 3 when 2 then case when a.nacks >= 9 then 6 else 5 end
                           when 3 then 1 when 4 then 2 when 5 then 6 when 6 then a.state when 12 then 7 else 4 end,
        queued = j.act in (3, 4) or (j.act = 2 and a.nacks < 9) or (j.act = 6 and a.queued),
        version = j.version,
        lease_until = case when j.act in (2, 4) then clock_timestamp () + make_interval (secs => j.delay / 1000.0)
                           when j.act = 6 then a.lease_until end,
        nacks = case when j.act = 3 and j.state = 6 then 0 else a.nacks + (j.act = 2)::int end,
        attempt = a.attempt + (j.act = 3 and j.state = 2)::int
    from judged j
    where j.fault = 0 and a.ctid = j.work_at and a.version = j.has
    returning 1
), history as (
    insert into event (complaint_id, at, act_key, version, principal, agency, kind, number, text, data)
    select id, clock_timestamp (), key, version, principal, agency, 10 + act, case when touches then events + 1 end, text,
           case when act = 12 then jsonb_build_object ('reason', resolution)
                when act = 8 and lead and was <> 5 then jsonb_build_object ('from', was)
                when touches and not lead then jsonb_build_object ('support', true) end
    from judged where fault = 0
), born as (
    insert into dispatch
    select $12::uuid, clock_timestamp (), array_agg (id), array_agg (event), array_agg (0), array_agg (agency),
           array_agg (template), array_agg (0::smallint)
    from (select id, agency, (events + 1)::smallint as event, template
          from judged where fault = 0 and tells and dispatched order by ordinal) n
    having count (*) > 0
), told as (
    insert into notice (complaint_id, recipient, agency, event, template)
    select id, 0, agency, events + 1, template from judged where fault = 0 and tells and not dispatched
)
select j.ordinal,
       (case when j.fault = 0 or s.same then 1 else 2 end)::int as verdict,
       (case when j.fault = 0 then
                  case when (select count (*) from work) + (select count (*) from record) =
                            (select sum (1 + touches::int) from judged where fault = 0)
                       then 0 else raced () end
             when s.complaint_id is null then j.fault
             when s.same then 0
             else 5 end)::int as reason,
       coalesce (case when j.fault = 0 then j.version else s.version end, 0)::bigint as version,
       (case when j.fault = 0 and j.act = 3 then j.agency else 0 end)::int as ready,
       (j.fault = 0 and j.tells and not j.dispatched)::int as told, (j.fault = 0 and j.tells and j.dispatched)::int as carried,
       t.contact, t.contact_key, j.events + 1 as event, j.flags, j.language, j.priority
from judged j
left join lateral (
    select s.complaint_id, s.version,
           s.kind = 10 + j.act and s.agency = j.agency
               and act_says (s, j.text, case j.act when 12 then jsonb_build_object ('reason', j.resolution) else '{}' end) as same
    from event s
    where s.complaint_id = case when j.fault <> 0 then j.id end and s.principal = j.principal and s.act_key = j.key) s on true
left join content t on t.complaint_id = case when j.fault = 0 and j.tells and j.dispatched and not j.known then j.id end
order by j.ordinal
