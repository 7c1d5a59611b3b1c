/* overtaken.c - a reporter's words that came before the complaint that they are on.
 *
 * They are kept in `waiting`, and intake is done with them; from here on a scan gives those whose complaint is there
 * back to place.c, as if a router had passed them on now.
 *
 *   what fails                               what follows
 *   the complaint does not come              they wait, and `aduan ask counts` counts them
 *   the store, before they are stored        the row is there; the next scan gives them back
 *   the store, behind it                     the statement that stored them has deleted the row
 *   words cannot be stored for long          no scan gives them back again meanwhile
 *   words are sent again by their adapter    stored once: they are known by their event
 *   PostgreSQL                               as any reply's: they stay with place.c; the row is deleted with their commit
 */
#include "array.h"
#include "place_batch.h"

#define SCAN_MS 5000
#define MOST    64
/* Those that wait longer only each 60th scan asks for: a complaint that late is rare. */
#define LATE_S   3600
#define LATE_NTH 60

enum { ID, NUMBER, ADAPTER, DIGEST, RECEIVED, SUBMISSION, CONTENT, ALARMS };

static void give_back (struct store *store, const PGresult *rows, int row)
{
    struct view digest = result_view (rows, row, DIGEST),
                submission = result_view (rows, row, SUBMISSION),
                content = result_view (rows, row, CONTENT);
    struct msg_place place = {.alarms = result_bool (rows, row, ALARMS) ? FLAG_YES : 0};
    struct msg_offer offer = {.id = result_id (rows, row, ID),
                              .adapter = (uint64_t) result_int (rows, row, ADAPTER),
                              .received = (uint64_t) result_ms (rows, row, RECEIVED),
                              .number = result_view (rows, row, NUMBER),
                              .digest = digest,
                              .mode = MODE_DECIDE};
    struct parcel made = {0};
    parcel_add (&made, WIRE_place, &place);
    parcel_add (&made, WIRE_offer, &offer);
    parcel_add_bytes (&made, submission.at, submission.len);
    parcel_add_bytes (&made, content.at, content.len);
    place_take_again (store, &made);
    parcel_done (&made);
}

static void on_scanned (void *with, const struct db_answer *answer)
{
    struct store *store = with;
    store->overtaken.scanning = false;
    for (int row = 0; answer->outcome == DB_DONE && row < PQntuples (answer->results[0]); row++)
        give_back (store, answer->results[0], row);
}

static void at_scan (void *owner)
{
    struct store *store = owner;
    struct db *db = store->ready ? lane_any (&store->others) : NULL;
    uint8_t most[8], late[8];
    reactor_timer_at (store->overtaken.timer, reactor_now (store->reactor) + SCAN_MS);
    if (!db || store->overtaken.scanning || store->overtaken.under_way)
        return;
    bool all = store->overtaken.scans++ % LATE_NTH == 0;
    struct db_value values[] = {value_int4 (most, MOST), value_int4 (late, all ? 0 : LATE_S)};
    store->overtaken.scanning = true;
    struct db_unit *unit = db_begin (db, on_scanned, store);
    db_binary (unit);
    db_add (unit, SQL_select_waiting, values, array_len (values));
    db_end (unit);
}

void overtaken_begin (struct store *store)
{
    store->overtaken.timer = reactor_timer (store->reactor, mono_ms () + SCAN_MS, at_scan, store);
}

void overtaken_end (struct store *store)
{
    reactor_timer_forget (&store->overtaken.timer);
}
