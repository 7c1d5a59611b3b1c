-- The desk, which alone reads words by a session, orders a look before it asks: from here on none are read without (docs/audit.md).
select looks_required ();
