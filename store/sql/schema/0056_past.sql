-- One digest of all events that were there before the audit began, in the order of their key: from here on none of them can be
-- changed, added or removed unseen.
insert into audit_digest (at, kind, count, digest)
select clock_timestamp (), 10, count (*),
       sha256 (string_agg (sha256 (record_send (row (complaint_id, at, act_key, version, principal, agency, kind, number, text, data, tx))),
                           '' order by complaint_id, principal, act_key))
from event where tx = 0 having count (*) > 0;
