-- What was done and is in no digest of its transaction: docs/audit.md.
select e.complaint_id, e.act_key, e.tx from event e
where e.tx > 0 and not exists (select from audit_digest d where d.tx = e.tx and d.kind = 11)
