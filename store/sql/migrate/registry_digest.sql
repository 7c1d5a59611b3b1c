-- Everything the snapshot is made of, as one digest: an unchanged registry raises no version.
select md5 (snapshot_registry ())
