-- An identity that was opened without two persons, or behind its time.
select o.ask_id, o.complaint_id from identity_opening o
left join identity_ask a using (ask_id)
left join identity_approval b using (ask_id)
where a.ask_id is null or b.ask_id is null or a.principal = b.principal or o.complaint_id <> a.complaint_id or o.at > a.until or b.at > o.at
