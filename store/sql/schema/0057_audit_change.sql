-- What people administer is audited as what agencies do: kind of a digest 12 change.
alter table change add tx bigint not null default 0;
alter table change alter tx set default txid_current ();
create trigger change_audited after insert on change referencing new table as added
    for each statement execute function audit_rows ('12', 'change_id, at, principal_id, name, agency_id, subject, old, new, tx');
create trigger change_kept before update or delete or truncate on change execute function append_only ();
grant select on change to aduan_audit;
create policy aduan_audit_all on change for select to aduan_audit using (true);
