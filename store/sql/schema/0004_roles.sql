-- Who may do what: the store writes, the query daemon reads, neither owns anything.
grant usage on schema public to aduan_store, aduan_query;
revoke create on schema public from public;
grant select, insert, update, delete on all tables in schema public to aduan_store;
grant usage on all sequences in schema public to aduan_store;
revoke update, delete on audit_digest, event from aduan_store;
grant select on region, function, agency, agency_above, category, complaint, event, assignment, notice, dispatch,
    notice_ended, day_off, snapshot to aduan_query;
grant select (complaint_id, decision, title, body, location, target, external, incident, latitude, longitude) on content to aduan_query;
grant select (complaint_id, parent, adapter, kind, reason, received, at) on refused to aduan_query;
grant select (complaint_id, parent, adapter, kind, received, at) on waiting to aduan_query;
grant select (complaint_id, sqlstate, reason, owner, adapter, received, at) on quarantine to aduan_query;
