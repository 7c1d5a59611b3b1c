-- Replies whose parent is there now; they are tried again.
delete from waiting w using complaint c where c.number = w.parent
returning w.complaint_id, w.parent, w.kind, w.adapter, w.digest, w.submission, w.content, w.received
