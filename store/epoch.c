/* epoch.c - what the store wants to know of a database before it promises anything on it.
 *
 * Refused: fsync, full_page_writes or synchronous_commit off; another id key.  A database that is
 * not the one we knew (a failover, a restore) raises the epoch, the high part of every version, so
 * that no version given from now on equals one that a lost row had.  The epoch stands in PostgreSQL
 * and in a file outside it; the higher one counts (RELIABILITY P20).
 */
#include "array.h"
#include "domain/number.h"
#include "store.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define EPOCH_SHIFT 40

struct known {
    uint64_t epoch, system, timeline, position;
};

static void read_known (const char *path, struct known *ret)
{
    char *text = NULL;
    size_t len = 0;
    *ret = (struct known){0};
    if (file_read (path, 256, &text, &len) == 0)
        if (sscanf (text, "%" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64, &ret->epoch, &ret->system,
                    &ret->timeline, &ret->position) != 4)
            *ret = (struct known){0};
    free (text);
}

static void write_known (struct store *store, uint64_t epoch)
{
    char *text = xformat ("%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", epoch, store->system,
                          store->timeline, store->position);
    if (file_write (store->epoch_file, text, strlen (text), 0640) != 0)
        log_error ("%s: cannot be written (%s): a restored database would not be noticed",
                   store->epoch_file, strerror (errno));
    free (text);
}

static void on_noted (void *with, const struct db_answer *answer)
{
    struct store *store = with;
    if (answer->outcome != DB_DONE) {
        epoch_begin (store);
        return;
    }
    store->ready = true;
    publish_begin (store);
    place_flush (store);
    act_flush (store);
    lease_flush (store);
}

static void note (struct store *store, uint64_t epoch)
{
    struct db *db = lane_any (&store->others);
    if (!db)
        return;
    uint8_t room[3][8], check_value[16];
    number_key_check (store->id_key, check_value);
    struct db_value values[] = {value_int8 (room[0], (int64_t) epoch),
                                value_int8 (room[1], (int64_t) store->system),
                                value_int4 (room[2], (int64_t) store->timeline),
                                {(const char *) check_value, sizeof check_value, true}};
    write_known (store, epoch);
    struct db_unit *unit = db_begin (db, on_noted, store);
    db_add (unit, SQL_update_installation, values, array_len (values));
    db_end (unit);
}

enum { SAFE, KEY_CHECK, EPOCH, SYSTEM, TIMELINE, SYSTEM_NOW, TIMELINE_NOW, POSITION_NOW, SAID };

static bool same_key (struct store *store, struct view stored)
{
    uint8_t ours[16];
    number_key_check (store->id_key, ours);
    return stored.len == 0 ||
           (stored.len == sizeof ours && memcmp (stored.at, ours, sizeof ours) == 0);
}

static void on_installation (void *with, const struct db_answer *answer)
{
    struct store *store = with;
    struct known known;
    if (answer->outcome == DB_FAILED)
        log_error ("the database has no schema of ours (SQLSTATE %s): run aduan-migrate schema",
                   answer->sqlstate);
    if (answer->outcome == DB_FAILED)
        daemon_exit (EX_CONFIG);
    if (answer->outcome != DB_DONE)
        return; /* asked again when a connection is up */
    const PGresult *result = answer->results[0];
    if (!result_bool (result, 0, SAFE)) {
        struct view said = result_view (result, 0, SAID);
        log_error ("PostgreSQL is not safe to promise on: %.*s; all three must be on",
                   (int) said.len, said.at);
        daemon_exit (EX_CONFIG);
        return;
    }
    if (!same_key (store, result_view (result, 0, KEY_CHECK))) {
        log_error ("keys/id.key is not this database's: every repeat would become a second "
                   "complaint; put the right key back");
        daemon_exit (EX_CONFIG);
        return;
    }
    store->system = (uint64_t) result_int (result, 0, SYSTEM_NOW) & INT64_MAX;
    store->timeline = (uint64_t) result_int (result, 0, TIMELINE_NOW);
    store->position = (uint64_t) result_int (result, 0, POSITION_NOW);
    read_known (store->epoch_file, &known);
    uint64_t epoch = (uint64_t) result_int (result, 0, EPOCH);
    epoch = known.epoch > epoch ? known.epoch : epoch;
    bool met = known.epoch != 0, other = known.system != store->system ||
                                         known.timeline != store->timeline ||
                                         known.position > store->position;
    if (met && other) {
        epoch++;
        log_warning ("this PostgreSQL is not, or not as far as, the one we knew: epoch %" PRIu64
                     "; intakes offer again what may be lost",
                     epoch);
    }
    store->version_base = (int64_t) (epoch << EPOCH_SHIFT);
    note (store, epoch);
}

void epoch_begin (struct store *store)
{
    struct db *db = lane_any (&store->others);
    store->ready = false;
    if (!db)
        return;
    struct db_unit *unit = db_begin (db, on_installation, store);
    db_binary (unit);
    db_add (unit, SQL_select_installation, NULL, 0);
    db_end (unit);
}
