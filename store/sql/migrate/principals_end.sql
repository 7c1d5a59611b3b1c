-- The triggers of principals_begin are on again.  What the snapshot is made of now.
alter table principal enable trigger principal_changed;
alter table principal_agency enable trigger principal_agency_changed;
select md5 (snapshot_principals ())
