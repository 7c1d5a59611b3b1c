/* schema.c - `aduan-migrate schema`: migrations that were not done yet, and the lifecycle's table, which the domain has. */
#include "migrate.h"
#include "base/log.h"
#include "domain/lifecycle.h"

static const struct {
    int number;
    const char *name, *text;
} migrations[] = {
#define MIGRATION(number, name, text) {number, name, text},
#include "migrations.inc"
};

static void note (PGconn *db, int number, const char *name)
{
    char room[24];
    struct view values[] = {digits_of (number, room), view_of (name)};
    PQclear (run_with (db, name, SQL_schema_note, values));
    log_info ("schema %d, %s", number, name);
}

int load_schema (PGconn *db, int unused, char **unused_too)
{
    (void) unused;
    (void) unused_too;
    long done = run_number (db, "schema", SQL_schema_done);
    for (size_t i = 0; i < array_len (migrations); i++) {
        if (migrations[i].number <= done)
            continue;
        run_text (db, migrations[i].name, migrations[i].text);
        note (db, migrations[i].number, migrations[i].name);
    }
    struct buffer lifecycle = {0};
    lifecycle_sql (&lifecycle);
    buffer_add (&lifecycle, "", 1);
    run_text (db, "lifecycle", lifecycle.at);
    buffer_free (&lifecycle);
    return 0;
}
