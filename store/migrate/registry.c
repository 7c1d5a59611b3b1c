/* registry.c - `aduan-migrate registry`: regions, agencies, functions, categories, the words of oversight, competences
 * and mandates, each a file of the folder. */
#include "migrate.h"
#include "base/log.h"
#include "decide/registry.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

static const struct table {
    const char *name; /* of the file; new_NAME is its table */
    bool optional;    /* no such file is an empty one */
    size_t fields;    /* where the last may be absent; 0: none may */
} tables[] = {
    {"functions", false, 0},  {"regions", false, 0},   {"agencies", false, 0},
    {"categories", false, 0}, {"oversight", false, 2}, {"competence", true, 0},
    {"mandates", true, 4},
};

/* Without its last field it goes in as if that said "-". */
static void copy_line (PGconn *db, const struct table *table, struct view line)
{
    if (table->fields && line_fields (line) == table->fields - 1) {
        copy_bytes (db, line);
        copy_bytes (db, view_of ("\t-\n"));
    } else
        copy_bytes (db, (struct view){line.at, line.len + (line.at[line.len] == '\n')});
}

/* The field `at`-th, from 0; empty behind the last. */
static struct view field_of (struct view line, unsigned at)
{
    for (;; at--) {
        const char *tab = memchr (line.at, '\t', line.len);
        size_t len = tab ? (size_t) (tab - line.at) : line.len;
        if (at == 0)
            return (struct view){line.at, len};
        if (!tab)
            return (struct view){0};
        line = (struct view){line.at + len + 1, line.len - len - 1};
    }
}

/* What stands in addresses, and what people see. */
static void check_agency (struct faults *faults, int number, struct view line)
{
    enum { CODE, NAME = 6 };
    struct view code = field_of (line, CODE), name = field_of (line, NAME);
    if (!agency_code_valid (code))
        fault_say_line (faults, number, "code", code, AGENCY_CODE_RULE);
    if (!name_plain (name, 200))
        fault_say_line (faults, number, "name", name,
                        "a name is 1 to 200 signs, and each of them is seen");
}

/* All but its first line, which is the header.  Counts faults. */
static void copy_table (PGconn *db, const char *path, const struct table *table, int *count)
{
    struct faults faults = {.path = path, .before = ", line ", .after = ""};
    struct lines lines;
    struct view line;
    bool headed = false;
    char *into = xformat ("new_%s", table->name);
    lines_open (db, path, &lines);
    copy_begin (db, path, into);
    while (lines_next (&lines, &line)) {
        if (line_idle (line))
            continue;
        if (headed && strcmp (table->name, "agencies") == 0)
            check_agency (&faults, lines.number, line);
        if (headed)
            copy_line (db, table, line);
        headed = true;
    }
    copy_end (db, path);
    *count += faults.count;
    free (into);
}

static void stage_registry (PGconn *db, const char *folder)
{
    struct faults faults = {.path = folder, .before = "/", .after = ".tsv"};
    run_quietly (db, "registry", SQL_registry_tables);
    for (size_t i = 0; i < array_len (tables); i++) {
        char *path = xformat ("%s/%s.tsv", folder, tables[i].name);
        if (!tables[i].optional || access (path, F_OK) == 0)
            copy_table (db, path, &tables[i], &faults.count);
        free (path);
    }
    fault_say_rows (&faults, db, "registry", SQL_registry_faults);
    if (faults.count)
        give_up (db, EX_DATAERR);
}

/* Work does not move by itself: who loads must know of it. */
static void warn_of_left_open (PGconn *db)
{
    PGresult *found = run (db, "registry", SQL_registry_left_open);
    for (int row = 0; row < PQntuples (found); row++)
        log_warning ("%s is not in the registry any more, and still has %s open: somebody hands "
                     "them back (aduan work --agency %s)",
                     PQgetvalue (found, row, 0), PQgetvalue (found, row, 1),
                     PQgetvalue (found, row, 0));
    PQclear (found);
}

struct registry *registry_published (PGconn *db)
{
    PGresult *result = run (db, "registry", SQL_registry_text);
    struct registry *registry = NULL;
    if (registry_parse (0, PQgetvalue (result, 0, 0), (size_t) PQgetlength (result, 0, 0),
                        &registry) != 0)
        give_up (db, EX_DATAERR);
    PQclear (result);
    return registry;
}

/* What routers could not read must not come into force. */
static void check_published (PGconn *db)
{
    struct registry *registry = registry_published (db);
    registry_destroy (&registry);
}

static void say_loaded (PGconn *db, bool changed)
{
    PGresult *counts = run (db, "registry", SQL_registry_counts);
    log_info ("registry: %s regions, %s agencies, %s", PQgetvalue (counts, 0, 0),
              PQgetvalue (counts, 0, 1), changed ? "a new version" : "unchanged");
    PQclear (counts);
}

int load_registry (PGconn *db, int unused, char **arguments)
{
    (void) unused;
    char *before = run_word (db, "registry", SQL_registry_digest);
    stage_registry (db, arguments[0]);
    run_quietly (db, "registry", SQL_registry_load);
    warn_of_left_open (db);
    check_published (db);
    char *after = run_word (db, "registry", SQL_registry_digest);
    bool changed = strcmp (before, after) != 0;
    if (changed)
        run_quietly (db, "registry", SQL_registry_raise);
    say_loaded (db, changed);
    free (before);
    free (after);
    return 0;
}
