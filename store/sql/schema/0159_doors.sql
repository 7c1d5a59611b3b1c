-- Numbers and addresses to which no news go, whoever named them: their owners said so from there (docs/channels.md, "No news from
-- anybody").  Of each the table has a keyed hash, which aduan-notifier makes when it opens a contact to send, and nothing that leads to a
-- case; no address is in it, and without the key nobody can try one.  A row stays until its owner wants news again.
create table stopped (
    who bytea primary key check (octet_length (who) = 16),
    at  date not null default current_date
);

grant select, insert, delete on stopped to aduan_store;
