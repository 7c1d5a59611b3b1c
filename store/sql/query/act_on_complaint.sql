-- Judges and carries out one act that concerns the complaint as a whole and gives it to nobody: ack with a class, verify,
-- take_on, correct, archive, chase, draft, approve, send_back, block, take_over, note, publish, unpublish (common/domain/lifecycle.def).
--
-- The holder's acts name its assignment's version.  One above the holder, who has no assignment, names the complaint's and
-- acts as coordinator of an agency above it; of an oversight complaint nobody above does.  A complaint that is none of his is
-- absent, whether it is there or not.
-- What staff set right is kept beside what came; the old values stand in the event.  New words, class, category or place are
-- read again for oversight content (`returned`, aside); a class that says so leaves the complaint returned till a router has
-- found its inspectorate.  A note is nobody's reason to look again: it is said whatever the version, and leaves the assignment's
-- as it is.  Supporters take over and note, too.  A new class moves the resolution's due time from the old start (DOMAIN 3.2), and takes back no breach.
-- Returns as act_on_assignments.sql does; `done` is there so that its functions are called.
--   $1 principal  $2 session  $3 id  $4 agency  $5 the assignment's version  $6 the complaint's, 0: not named  $7 key
--   $8 kind of step  $9 text  $10 class  $11 category  $12 region  $13 title  $14 body  $15 flags to set (1, 2; 2048 the words are held from the public)
--   $16 ending  $17 number of the draft  $18 kind that a draft is to become  $19 attachments  $20 version base  $21 ignore versions
--   $22 ms of a lease that is taken over
with input as (
    select actor_of ($1::int, $2::bytea) as actor, $3::uuid as id, $4::int as agency, $5::bigint as wants, $6::bigint as complaint_wants,
           $6::bigint <> 0 as above, $7::uuid as key, $8::int as kind, $9::text as text, $16::int as ending, $17::int as draft,
           -- who may say another act is not who may set these right: with it they are not heard
           case when $8::int in (11, 23, 25) then $10::smallint end as class, case when $8::int in (23, 25) then $11::int else 0 end as category,
           case when $8::int in (23, 25) then $12::text end as region, $13::text as title, $14::text as body,
           case when $8::int in (23, 25, 76) then $15::smallint else 0::smallint end as flags, $8::int = 29 and $15::smallint & 2048 <> 0 as personal,
           $18::int as becomes_kind, $19::bytea as attachments,
           -- of all that is set right, whose new text no event keeps: the same key with another one is no repeat
           case when $8::int in (11, 23, 25)
                then left (md5 (jsonb_build_array ($10::smallint, $11::int, $12::text, $13::text, $14::text, $15::smallint)::text), 16) end as sets
), said as (
    select e.version,
           (e.kind = i.kind or (i.kind = 70 and e.kind in (16, 17) and e.data ? 'draft')) and e.agency = i.agency
               and act_says (e, case i.kind when 70 then e.text else i.text end,
                             jsonb_build_object ('draft', case when i.kind in (70, 71) then i.draft end,
                                                 'reason', case when i.kind in (26, 72) then i.ending end,
                                                 'as', case when i.kind = 29 then i.becomes_kind end,
                                                 -- an approval's are its draft's
                                                 'attachments', case when i.kind = 70 then e.data -> 'attachments' else to_jsonb (encode (i.attachments, 'hex')) end))
               and coalesce (e.data ->> 'sets' = i.sets, true) as same
    from input i join event e on e.complaint_id = i.id and e.principal = i.actor and e.act_key = i.key
), held as materialized (
    select i.*, c.state as was, c.version as complaint_has, c.events, c.holder, c.flags as has_flags, c.class as has_class,
           c.category as has_category, c.region as has_region, c.due_first, c.due_resolve, c.received,
           w.agency as subject, w.state, w.version as has, w.leased_by, w.lease_until, w.lead,
           m.becomes, m.roles as wanted, m.clocks, g.verify_at, g.parent is null as root, o.approver,
           roles_in (i.actor, i.agency, c.flags & 4 <> 0) as roles, b.depth,
           d.kind as draft_kind, d.principal as author, d.text as draft_text, (d.data ->> 'as')::int as draft_as, d.data -> 'attachments' as draft_files,
           coalesce (d.data ? 'personal', false) as draft_personal,
           exists (select from event u where u.complaint_id = i.id and u.kind in (16, 17, 71) and (u.data ->> 'draft')::int = i.draft) as draft_over
    from input i
    join complaint c on c.complaint_id = i.id
    join agency g on g.agency_id = i.agency
    left join agency_above b on b.agency = c.holder and b.above = i.agency
    join assignment w on w.complaint_id = i.id and w.agency = case when i.above then c.holder else i.agency end
    join agency o on o.agency_id = w.agency
    left join step_move m on m.kind = i.kind and m.state = c.state
    left join event d on d.complaint_id = i.id and d.number = i.draft
    where i.actor is not null and not exists (select from said)
), judged as (
    select h.*,
           case when h.roles = 0 or (h.above and (coalesce (h.depth, 0) = 0 or h.roles & 32 = 0 or h.has_flags & 4 <> 0)) then 3
                when h.kind <> 74 and case when h.above then complaint_overtaken (h.id, h.complaint_wants, h.complaint_has) else h.has <> h.wants end and not $21::boolean then 1
                when not h.above and h.state = 2 and h.kind not in (70, 71, 73, 74) and (h.leased_by <> h.actor or h.lease_until <= clock_timestamp ()) then 1
                when not h.lead and h.kind not in (73, 74) then 10
                when h.becomes is null or (h.state = 7 and h.was < 7) or (h.kind = 11 and h.state <> 2)
                     or (h.kind = 75 and h.has_flags & 2048 = 0) or (h.kind = 76 and h.has_flags & 2048 <> 0)
                     or (h.kind = 73 and (h.state <> 2 or h.leased_by = h.actor or h.lease_until <= clock_timestamp ())) then 2
                when h.wanted & h.roles & (case when h.above then 32 else -1 end) = 0 then 13
                when h.kind = 27 and not h.above or h.above and h.kind in (11, 24, 29, 70, 71, 73) then 13
                when h.kind = 23 and h.verify_at = 2 and not h.root then 13
                when h.kind = 23 and coalesce (h.class, h.has_class) is null then 15
                when h.kind in (70, 71) and (h.draft_kind is distinct from 29 or h.draft_over) then 15
                when h.kind in (70, 71) and (h.author = h.actor or not case when h.approver is null then h.roles & 96 <> 0
                                                                            else h.approver = h.actor end) then 13
                else 0 end as fault
    from held h
), meant as (
    select j.*, coalesce (j.class, j.has_class) as new_class, j.class is distinct from j.has_class and j.class is not null as reclassed,
           coalesce (j.class = 3, false) and j.has_flags & 4 = 0 as accuses,
           j.kind in (23, 25) and j.has_flags & 4 = 0 and num_nonnulls (j.class, nullif (j.category, 0), j.region, j.title, j.body) > 0 as rereads,
           case j.kind when 70 then j.draft_as else j.kind end as as_kind,
           case when j.clocks & 2 <> 0 and j.due_first is null
                then due_at (clock_timestamp (), clock_limit ('first', coalesce (j.class, j.has_class), j.agency, j.received), due_zone (j.due_resolve)) end as starts
    from judged j where j.fault = 0
), good as materialized (
    select m.*, case when m.accuses then 6 else state_after (m.was, m.becomes, m.was) end as new_state,
           case when m.reclassed then due_resolve_as (m.id, m.class) else m.due_resolve end as new_due
    from meant m
), record as (
    update complaint c
    set version = greatest (c.version, $20::bigint) + 1, events = c.events + 1, state = g.new_state, class = g.new_class,
        category = case when g.category <> 0 then g.category else c.category end, region = coalesce (g.region, c.region),
        flags = case when g.kind = 75 then c.flags & ~2048
                     else flags_tightened (c.flags, g.flags | case when g.accuses then 6 else 0 end) | case when g.kind = 70 and g.draft_personal then 2048 else 0 end end::smallint,
        due_first = coalesce (c.due_first, g.starts), due_verify = case when g.starts is null then c.due_verify end, due_resolve = g.new_due,
        priority = case when g.kind in (23, 24) and c.due_first is null then priority_placed (c.flags, c.priority) else c.priority end
    from good g
    where c.complaint_id = g.id and c.version = g.complaint_has
    returning c.version
), words as (
    update content t
    set title_edited = coalesce (g.title, t.title_edited), body_edited = coalesce (g.body, t.body_edited),
        region_edited = coalesce (g.region, t.region_edited),
        place = case when g.region is not null and t.place is null then coalesce (g.has_region, '') else t.place end
    from good g
    where t.complaint_id = g.id and g.kind in (23, 25) and num_nonnulls (g.title, g.body, g.region) > 0
    returning 1
), work as (
    update assignment a
    set state = case when g.clocks & 512 <> 0 or g.new_state >= 7 then 7 when g.kind = 11 then 3
                     when g.kind = 24 then case a.state when 4 then 4 else 3 end
                     when g.as_kind = 17 then 4 else a.state end,
        queued = a.queued and not (g.clocks & 512 <> 0 or g.new_state >= 7 or g.kind in (11, 24) or g.as_kind = 17),
        version = greatest (a.version, $20::bigint) + 1,
        lease_until = case when g.kind in (11, 24) or g.as_kind = 17 then null
                           when g.kind = 73 then clock_timestamp () + make_interval (secs => $22::bigint / 1000.0) else a.lease_until end,
        leased_by = case when g.kind = 73 then g.actor else a.leased_by end,
        priority = case when g.kind in (23, 24) and g.due_first is null then priority_placed (g.has_flags, a.priority) else a.priority end,
        nacks = case when g.kind = 24 then 0 else a.nacks end
    from good g
    where a.complaint_id = g.id and g.kind <> 74
      and case when g.new_state >= 7 then a.state <> 7 or a.agency = g.subject
               else a.agency = g.subject and (not g.above or g.as_kind = 17) end
      and (a.agency <> g.subject or a.version = g.has)
      and (g.id in (select id from good where exists (select from record))) = true
    returning a.agency, a.version
), shut as (
    select returned_end (g.id) from good g where g.new_state >= 7
), waits as (
    insert into returned as r (complaint_id, event, since, newest, was, aside)
    select id, events + 1, clock_timestamp (), events + 1, new_state, true from good where rereads and not accuses
    union all
    select id, events + 1, clock_timestamp (), events + 1, state_after (was, becomes, was), false from good where accuses
    on conflict (complaint_id) do update
        set newest = excluded.newest, aside = r.aside and excluded.aside, was = case when r.aside then excluded.was else r.was end
), history as (
    insert into event (complaint_id, at, act_key, version, principal, agency, kind, number, text, data)
    select g.id, clock_timestamp (), g.key, case when g.above then r.version else coalesce ((select version from work w where w.agency = g.subject), g.has) end,
           g.actor, g.agency, g.as_kind, g.events + 1, coalesce (case g.kind when 70 then g.draft_text end, g.text),
           nullif (jsonb_strip_nulls (jsonb_build_object (
               'placed', case when g.starts is not null then true end,
               'reason', case when g.kind in (26, 72) then g.ending end,
               'above', case when g.above then true end,
               'as', case when g.kind = 29 then g.becomes_kind end,
               'draft', case when g.kind in (70, 71) then g.draft end,
               'author', case when g.kind = 70 then g.author end,
               'former', case when g.kind = 73 then g.leased_by end,
               'sets', g.sets,
               'personal', case when g.personal then true end,
               'made', case when g.kind = 74 then r.version end,
               'attachments', case when g.kind = 70 then g.draft_files else to_jsonb (encode (g.attachments, 'hex')) end,
               'class', case when g.reclassed then g.class end,
               'now', case when g.kind in (23, 25) then nullif (jsonb_strip_nulls (jsonb_build_object (
                          'category', nullif (g.category, 0), 'region', g.region, 'title', g.title, 'flags', nullif (g.flags & ~g.has_flags, 0))), '{}') end,
               'was', case when g.kind in (23, 25) then nullif (jsonb_strip_nulls (jsonb_build_object (
                          'class', case when g.reclassed then g.has_class end,
                          'category', case when g.category <> 0 then g.has_category end,
                          'region', case when g.region is not null then g.has_region end,
                          'title', case when g.title is not null then coalesce (t.title_edited, t.title) end,
                          'body', case when g.body is not null then coalesce (t.body_edited, t.body) end)), '{}') end)), '{}')
    from good g
    cross join record r
    left join content t on t.complaint_id = g.id and g.kind = 25
), told as (
    insert into notice (complaint_id, recipient, agency, event, template)
    select id, 0, agency, events + 1, case as_kind when 16 then 3 when 17 then 4 when 18 then 5 when 26 then 11 when 72 then 17 end
    from good g
    where has_flags & 16 <> 0 and as_kind in (16, 17, 18, 26, 72) and (kind = 70 or as_kind not in (16, 17, 18))
    returning 1
), looked as (
    select wake (g.id, clock_timestamp ()) from good g where g.starts is not null or g.reclassed
)
select 1::int as ordinal,
       (case when g.id is not null or s.same then 1 else 2 end)::int as verdict,
       (case when g.id is not null then case when exists (select from record) and (g.above or g.kind = 74 or exists (select from work)) then 0 else raced () end
             when s.same then 0
             when s.same is not null then 5
             when i.actor is null and $2::bytea is not null then 14
             else coalesce (j.fault, 3) end)::int as reason,
       coalesce (case when g.above then (select version from record) when g.kind = 74 then g.has when g.id is not null then (select version from work w where w.agency = g.subject) end,
                 s.version, 0)::bigint as version,
       0::int as ready,
       (select count (*) from told)::int as told,
       coalesce (g.rereads or g.accuses, false)::int as asks,
       (select count (*) from looked) + (select count (*) from shut) as done
from input i
left join said s on true
left join judged j on true
left join good g on true
