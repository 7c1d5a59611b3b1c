/* hook.c - what notifiers send to webhooks: the feed's next batch of each, claimed and given back by statements alone.
 *
 * Nothing of it is kept here.  A claim is good for a minute (hook_collect, 0092_webhooks.sql):
 *
 *   happens to a claim                      what follows
 *   committed, its notifier is gone         given back by us: it was not tried
 *   the outcome of its statement is unknown, or the store or the notifier dies with it
 *                                           due again when the minute is over; the same batch, under the same id
 *   `delivered` comes later than that       nothing: whoever has the claim then says what became of it
 *   `delivered` cannot be written           not heard: the notifier says it again
 */
#include "array.h"
#include "store.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

struct hook_asked {
    struct store *store;
    uint64_t link, ref;
    struct id claim;
};

void hook_secret (const struct store *store, const struct id *salt, uint8_t ret[HOOK_SECRET])
{
    static const uint8_t what[] = "webhook";
    crypto_generichash_state state;
    crypto_generichash_init (&state, store->access_key, sizeof store->access_key, HOOK_SECRET);
    crypto_generichash_update (&state, what, sizeof what);
    crypto_generichash_update (&state, salt->at, sizeof salt->at);
    crypto_generichash_final (&state, ret, HOOK_SECRET);
    sodium_memzero (&state, sizeof state);
}

/* ---- what is written ------------------------------------------------------------------------- */

static void on_noted (void *with, const struct db_answer *answer)
{
    struct hook_asked *asked = with;
    struct link *link = listener_find (asked->store->notifiers, asked->link);
    if (link) {
        struct msg_heard heard = {.ref = asked->ref};
        if (answer->outcome == DB_DONE)
            link_say (link, WIRE_heard, &heard);
        link_credit (link, WIRE_CLASS_REST, 1);
    }
    free (asked);
}

/* `link` 0: nobody waits for it. */
static void note (struct store *store, uint64_t link, uint64_t ref, int64_t hook,
                  const struct id *claim, uint64_t status)
{
    struct db *db = store->ready ? lane_any (&store->others) : NULL;
    struct hook_asked *asked = xcalloc (1, sizeof *asked);
    uint8_t number[8], code[8];
    *asked = (struct hook_asked){.store = store, .link = link, .ref = ref};
    if (!db) {
        on_noted (asked, &(struct db_answer){.outcome = DB_UNKNOWN});
        return;
    }
    struct db_value values[] = {value_int4 (number, hook), value_id (claim),
                                value_int4 (code, status <= INT32_MAX ? (int64_t) status : 1)};
    struct db_unit *unit = db_begin (db, on_noted, asked);
    db_add (unit, SQL_note_hook, values, array_len (values));
    db_end (unit);
}

void hook_delivered (struct store *store, struct link *from, const struct msg_delivered *said)
{
    note (store, link_number (from), said->ref,
          said->webhook <= INT32_MAX ? (int64_t) said->webhook : 0, &said->claim, said->status);
}

/* ---- what is claimed ------------------------------------------------------------------------- */

enum { HOOK, URL, SALT, OLD_SALT, MESSAGE_ID, BODY };

static void say_none (struct link *link, uint64_t ref)
{
    struct msg_delivery none = {.ref = ref};
    link_say (link, WIRE_delivery, &none);
}

static void say_delivery (const struct hook_asked *asked, struct link *link, const PGresult *rows)
{
    uint8_t secret[HOOK_SECRET], old[HOOK_SECRET];
    struct id salt = result_id (rows, 0, SALT);
    bool both = !PQgetisnull (rows, 0, OLD_SALT);
    hook_secret (asked->store, &salt, secret);
    if (both) {
        salt = result_id (rows, 0, OLD_SALT);
        hook_secret (asked->store, &salt, old);
    }
    struct msg_delivery delivery = {
        .ref = asked->ref,
        .webhook = (uint64_t) result_int (rows, 0, HOOK),
        .claim = asked->claim,
        .url = result_view (rows, 0, URL),
        .secret = {(const char *) secret, sizeof secret},
        .old_secret = both ? (struct view){(const char *) old, sizeof old} : (struct view){0},
        .id = result_view (rows, 0, MESSAGE_ID),
        .body = result_view (rows, 0, BODY),
    };
    link_say (link, WIRE_delivery, &delivery);
    sodium_memzero (secret, sizeof secret);
    sodium_memzero (old, sizeof old);
}

static void on_collected (void *with, const struct db_answer *answer)
{
    struct hook_asked *asked = with;
    struct store *store = asked->store;
    struct link *link = listener_find (store->notifiers, asked->link);
    const PGresult *rows = answer->outcome == DB_DONE ? answer->results[0] : NULL;
    bool found = rows && PQntuples (rows) == 1;
    if (found)
        store->hooks.after = (int32_t) result_int (rows, 0, HOOK);
    else if (rows)
        store->hooks.after = 0;
    else if (answer->outcome == DB_FAILED)
        log_limited (LOG_WARNING, "webhooks: nothing can be claimed (SQLSTATE %s); tried again",
                     answer->sqlstate);
    if (found && link)
        say_delivery (asked, link, rows);
    else if (found)
        note (store, 0, 0, result_int (rows, 0, HOOK), &asked->claim, 0);
    else if (link)
        say_none (link, asked->ref);
    if (link)
        link_credit (link, WIRE_CLASS_REST, 1);
    free (asked);
}

void hook_collect (struct store *store, struct link *from, const struct msg_collect *said)
{
    struct db *db = store->ready ? lane_any (&store->others) : NULL;
    uint8_t after[8];
    if (!db) {
        say_none (from, said->ref);
        link_credit (from, WIRE_CLASS_REST, 1);
        return;
    }
    struct hook_asked *asked = xcalloc (1, sizeof *asked);
    *asked = (struct hook_asked){
        .store = store, .link = link_number (from), .ref = said->ref, .claim = id_random ()};
    struct db_value values[] = {value_int4 (after, store->hooks.after), value_id (&asked->claim)};
    struct db_unit *unit = db_begin (db, on_collected, asked);
    db_binary (unit);
    db_add (unit, SQL_collect_hook, values, array_len (values));
    db_end (unit);
}
