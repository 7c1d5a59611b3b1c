-- Totals by state and outcome, one object: for tests, the ledger and a quick look.
select json_build_array (json_build_object (
    'complaints', (select count (*) from complaint),
    'complaints_by_state', (select json_object_agg (word, n) from (
        select (array ['received', 'verified', 'postponed', 'assigned', 'in_progress', 'returned', 'resolved',
                       'archived', 'blocked', 'merged'])[state] as word, count (*) as n
        from complaint group by state) s),
    'complaints_by_rung', (select json_object_agg (rung, n) from (
        select rung, count (*) as n from complaint group by rung) s),
    'assignments_by_state', (select json_object_agg (word, n) from (
        select (array ['ready', 'leased', 'taken', 'waiting', 'delayed', 'parked', 'done'])[state] as word, count (*) as n
        from assignment group by state) s),
    'leads', (select count (*) from assignment where lead and state < 7),
    'events_by_kind', (select json_object_agg (kind, n) from (
        select kind, count (*) as n from event group by kind) s),
    'returned', (select count (*) from returned),
    'alike', (select count (*) from likeness),
    'notices', (select count (*) from notice_pending),
    'notices_sending', (select coalesce (sum (cardinality (ids)), 0) from dispatch),
    'notices_failed', (select count (*) from notice_ended where outcome = 2),
    'notices_refused', (select count (*) from notice_ended where outcome = 3),
    'notices_unknown', (select count (*) from notice_ended where outcome = 4),
    'refused', (select count (*) from refused),
    'webhooks_parked', (select count (*) from hook where parked_at is not null),
    'waiting', (select count (*) from waiting),
    'quarantine', (select count (*) from quarantine)))::text
