-- Every open complaint is counted anew by the store, by what is in force with this transaction (docs/deadlines.md): how many there are.
select recompute_all ();
select count (*) from recompute
