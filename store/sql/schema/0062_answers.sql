-- Answers that an agency writes often.  Each agency has its own; those of the agencies above it are offered, too.
create table answer_template (
    template_id int generated always as identity primary key,
    agency_id   int not null references agency,
    name        text not null check (name <> '' and length (name) <= 100),
    text        text not null check (text <> '' and length (text) <= 10000),
    language    smallint not null default 1,    -- enum language
    changed_at  timestamptz not null default now (),
    changed_by  int not null references person,
    unique (agency_id, name)
);
grant select, insert, update, delete on answer_template to aduan_store;
grant usage on all sequences in schema public to aduan_store;
grant select on answer_template to aduan_desk;
