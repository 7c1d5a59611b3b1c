/* stopped.c - which addresses want no news, for a notifier that is about to send some.
 *
 * Nothing of it is kept here: what cannot be asked now is not answered, and the notifier asks again.
 */
#include "array.h"
#include "store.h"

#include <stdlib.h>

#define WHO_LEN 16

struct heed {
    struct store *store;
    uint64_t link, ref;
};

static struct array hashes; /* kept; one thread composes */

static void on_found (void *with, const struct db_answer *answer)
{
    struct heed *heed = with;
    struct store *store = heed->store;
    struct link *link = listener_find (store->notifiers, heed->link);
    if (answer->outcome == DB_DONE)
        store_taken (store, WORK_NOTICES);
    else if (answer->outcome == DB_FAILED)
        store_refused (store, WORK_NOTICES, answer->sqlstate);
    if (link && answer->outcome == DB_DONE) {
        struct msg_unwanted said = {.ref = heed->ref,
                                    .who = result_view (answer->results[0], 0, 0)};
        link_say (link, WIRE_unwanted, &said);
    }
    if (link)
        link_credit (link, WIRE_CLASS_REST, 1);
    free (heed);
}

void stopped_look (struct store *store, struct link *from, const struct msg_heed *said)
{
    struct db *db = store->ready ? lane_any (&store->others) : NULL;
    struct heed *heed = xcalloc (1, sizeof *heed);
    *heed = (struct heed){.store = store, .link = link_number (from), .ref = said->ref};
    if (!db) {
        on_found (heed, &(struct db_answer){.outcome = DB_UNKNOWN});
        return;
    }
    array_begin (&hashes, OID_BYTEA);
    for (size_t at = 0; at + WHO_LEN <= said->who.len; at += WHO_LEN)
        array_bytes (&hashes, said->who.at + at, WHO_LEN);
    struct db_value values[] = {array_end (&hashes)};
    struct db_unit *unit = db_begin (db, on_found, heed);
    db_binary (unit);
    db_add (unit, SQL_select_stopped, values, array_len (values));
    db_end (unit);
}

void stopped_end (void)
{
    array_free (&hashes);
}
