-- From the third hand-back on nobody but the arbiter gets it, unless it turns out to be oversight; the first two have an arbiter
-- only where nobody else is left: the root.  Oversight goes from one inspectorate to the next.
select e.complaint_id, e.number, o.data from (
    select complaint_id, number, data, row_number () over (partition by complaint_id order by number) as nth
    from event where kind = 19 and number is not null) e
join event o on o.complaint_id = e.complaint_id and o.kind = 2 and (o.data ->> 'of')::int = e.number
where (e.nth >= 3 and not o.data ? 'arbiter' and o.data ->> 'rung' <> '0')
   or (e.nth < 3 and o.data ? 'arbiter' and o.agency <> (select agency_id from agency where parent is null order by agency_id limit 1))
