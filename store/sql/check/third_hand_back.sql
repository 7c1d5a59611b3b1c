-- From the third hand-back on a router decides nothing: the arbiter has it.  Oversight goes from one inspectorate to
-- the next.
select e.complaint_id, e.number from (
    select complaint_id, number, data, row_number () over (partition by complaint_id order by number) as nth
    from event where kind = 19 and number is not null) e
join complaint c on c.complaint_id = e.complaint_id and c.flags & 4 = 0
where (e.nth >= 3) <> coalesce ((e.data ->> 'arbiter')::boolean, false)
   or (e.nth >= 3 and e.data -> 'to' is null)
