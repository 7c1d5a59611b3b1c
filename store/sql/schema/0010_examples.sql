-- What outcomes teach: which agency a complaint belongs to, and which it does not.  A view of the events and no table:
-- every row of it stands in an event already, written in the act's own transaction, so a table would cost each life a
-- row write and some 200 bytes of WAL more, could differ from the events, and would need a second writer whenever a
-- label is understood better.  It is read once a training, in the order of the events' key.
--
--   kind         from                                   what it says of the agency
--   answered     its first answer as lead               right: it took the complaint and did its work
--   closed       its closing                            the same, and stronger; then there is no `answered`
--   handed_back  its hand-back as lead                  wrong, says the agency itself
--   handed_over  a router's decision that followed      right, says the agency that gave it away; a decision that did not
--                the asker's suggestion                 follow one is the router's own guess, and teaches nothing
--   assigned     a hand-down to it                      right, says its superior
--   ordered      an assign to it with binding force     right, says the arbiter
--   passed_on    its own assign                         not its own work, says the agency itself
create view example as
select e.complaint_id, min (e.at) as at, e.agency, a.function_id, case when bool_or (e.kind = 22) then 'closed' else 'answered' end as kind,
       true as positive, (array_agg (e.act_key order by e.kind desc, e.at))[1] as act_key
from event e
join assignment w on w.complaint_id = e.complaint_id and w.agency = e.agency and w.lead
join agency a on a.agency_id = e.agency
where e.kind in (17, 22)
group by e.complaint_id, e.agency, a.function_id
union all
select e.complaint_id, e.at, e.agency, a.function_id, 'handed_back', false, e.act_key
from event e join agency a on a.agency_id = e.agency
where e.kind = 19 and e.number is not null
union all
select e.complaint_id, e.at, e.agency, a.function_id, 'handed_over', true, e.act_key
from event e join agency a on a.agency_id = e.agency
where e.kind = 2 and e.data -> 'suggested' = e.data -> 'to'
union all
select e.complaint_id, e.at, a.agency_id, a.function_id, case when e.data ? 'binds' then 'ordered' else 'assigned' end, true, e.act_key
from event e join agency a on a.agency_id = (e.data ->> 'to')::int
where e.kind = 20
union all
select e.complaint_id, e.at, e.agency, a.function_id, 'passed_on', false, e.act_key
from event e join agency a on a.agency_id = e.agency
where e.kind = 20 and e.data -> 'to' <> to_jsonb (e.agency);

grant select on example to aduan_store, aduan_query;
