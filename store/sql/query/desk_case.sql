-- One complaint as the reader may see it: nothing of one that is not his.  Two of one number (a clash) come as two rows.
--   $1 tracking number
select coalesce (json_agg (row_to_json (r)), '[]')::text
from (
    select c.complaint_id as id, number_text (c.number) as number, c.version, l.level, c.received,
           case when c.state = 6 then coalesce (returned_was (c.complaint_id), 6) else c.state end as state, c.class, c.channel, c.priority,
           c.flags & 6 <> 0 and case_until (c.complaint_id) is not null and not session_looked (c.complaint_id) as unlooked,
           c.category, g.name as category_name, c.rung, c.confidence, c.region, c.flags & 1 <> 0 as anonymous, c.flags & 2 <> 0 as secret,
           c.flags & 4 <> 0 as oversight, c.flags & 2048 <> 0 as held, public_now (c) as published,
           (select s.count from supported s where s.complaint_id = c.complaint_id) as supporters, h.code as holder, h.agency_id as holder_number, h.name as holder_name,
           (select string_agg (p.name, ', ' order by p.level desc) from region p
            where c.region = p.code or c.region like p.code || '.%') as place,
           case when l.level = 2 then desk_title (coalesce (t.title_edited, t.title), coalesce (t.body_edited, t.body)) end as title,
           case when l.level = 2 then coalesce (t.body_edited, t.body) end as body,
           case when l.level = 2 and t.body_edited is not null then t.body end as body_original,
           case when l.level = 2 then t.location end as location, case when l.level = 2 then t.target end as target,
           case when l.level = 2 then t.incident end as incident, case when l.level = 2 and t.external not like 'desk:%' then t.external end as external,
           case when l.level = 2 then typed_by (t.external) end as typed_by,
           case when l.level = 2 and t.latitude <> 0 then t.latitude end as latitude,
           case when l.level = 2 and t.latitude <> 0 then t.longitude end as longitude,
           case when l.files then encode (t.attachments, 'hex') end as attachments,
           case when l.level = 2 then
               (select json_agg (json_build_object ('rung', v -> 0, 'code', replace (v ->> 1, '-', '_'), 'what', v ->> 2))
                from jsonb_array_elements (t.decision::jsonb -> 'said') v) end as reasons,
           case when l.level = 2 then
               (select json_agg (json_build_object ('number', a.agency_id, 'code', a.code, 'name', a.name, 'chance', v -> 2,
                                                    'ground', replace (v ->> 3, '-', '_'), 'what', v ->> 4,
                                                    'own', person_may (session_reader (), a.agency_id, desk_readers ())))
                from jsonb_array_elements (t.decision::jsonb -> 'next') v join agency a on a.agency_id = (v ->> 0)::int) end as proposals,
           (select number_text (m.number) from merged x join complaint m on m.complaint_id = x.main where x.complaint_id = c.complaint_id) as main,
           case when c.state < 7 then desk_clock (c.due_verify) end as clock_verify,
           case when c.state < 7 then desk_clock (c.due_first) end as clock_first,
           case when c.state < 7 then desk_clock (c.due_resolve) end as clock_resolve,
           (select u.above from appointment p join agency_above u on u.above = p.agency_id and u.agency = c.holder
            where p.principal_id = session_reader () and p.role = 5 and p.ended_at is null and (p.named or c.flags & 4 = 0)
              and (p.until is null or p.until > statement_timestamp ())
            order by u.depth limit 1) as above,
           coalesce (case when c.flags & 4 <> 0 then person_reads_oversight (session_reader (), c.holder)
                          else person_may (session_reader (), c.holder, 1 << 5) end, false) as permitting,
           exists (select from event e where e.complaint_id = c.complaint_id and e.kind in (16, 17)) as answered,
           (select coalesce (json_agg (row_to_json (s)), '[]')
            from (select a.code as agency, a.agency_id as agency_number, a.name as agency_name, w.lead, w.bond, w.version, w.attempt, w.due,
                         case when w.state in (2, 5) and w.lease_until <= now () then 1 else w.state end as work,
                         case when w.state = 2 then w.lease_until end as until, desk_who (w.leased_by, w.agency) as who,
                         w.leased_by = session_reader () as mine, roles_in (session_reader (), w.agency, c.flags & 4 <> 0) as roles,
                         exists (select from appointment p
                                 where p.principal_id = session_reader () and p.agency_id = w.agency and p.role in (5, 6, 7)
                                   and p.ended_at is null and (p.until is null or p.until > statement_timestamp ())) as appointed,
                         a.verify_at = 2 and a.parent is not null as verified_above,
                         case when a.approver is null then roles_in (session_reader (), w.agency, c.flags & 4 <> 0) & 96 <> 0
                              else a.approver = session_reader () end as approves,
                         roles_in (session_reader (), w.agency, c.flags & 4 <> 0) & 100 = 0 and a.approver <> session_reader () as drafts,
                         roles_in (session_reader (), w.agency, c.flags & 4 <> 0) & 100 <> 0 or a.liaison_closes as closes
                  from assignment w
                  join agency a on a.agency_id = w.agency
                  where w.complaint_id = c.complaint_id
                  order by w.lead desc, w.state = 7, a.code) s) as assignments
    from complaint c
    cross join lateral (select case when case_until (c.complaint_id) is not null then 2 when case_seen (c.complaint_id) then 1 else 0 end as level,
                               coalesce (case_until (c.complaint_id) = 'infinity', false) as files) l
    left join content t on t.complaint_id = c.complaint_id
    left join agency h on h.agency_id = c.holder
    left join category g on g.category_id = c.category
    where c.number = number_bits ($1::text) and l.level > 0
    order by c.complaint_id
) r
