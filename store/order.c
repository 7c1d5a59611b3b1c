/* order.c - orders, one after the other: order.h has their states.
 *
 * Few come, and each may change what the next one is judged by, so nothing is batched.  What waits is bounded: who
 * comes when ORDERS_MOST do is told to come again. */
#include "order.h"
#include "array.h"
#include "domain/number.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define ORDERS_MOST 256
#define ORDER_TRIES 5 /* of one that PostgreSQL refuses for a reason of its own */

static const struct db_statement statements[] = {
#define SQL_STATEMENT(name, parameters, text) {#name, parameters, text},
#include "orders.inc"
#undef SQL_STATEMENT
};
_Static_assert(array_len (statements) == ORDERS, "one a kind");

/* Every order is a file of store/sql/order; those that need more than that: */
static const struct order_kind kinds[] = {
    {ORDER_login, ORDER_OPENS | ORDER_PROVES | ORDER_CODE | ORDER_TELLS},
    {ORDER_accept_invitation, ORDER_OPENS | ORDER_HASHES | ORDER_FACTOR},
    {ORDER_change_password, ORDER_PROVES | ORDER_HASHES},
    {ORDER_renew_factor, ORDER_PROVES | ORDER_CODE | ORDER_FACTOR},
    {ORDER_invite, ORDER_TELLS},
    {ORDER_renew_invitation, ORDER_TELLS},
    {ORDER_make_token, ORDER_TELLS},
    {ORDER_set_webhook, ORDER_SIGNS},
};

/* Steps of an order's way are in the same folder's `step`, and are no orders. */
static const enum order_id steps[] = {ORDER_begin_order, ORDER_hold_order, ORDER_find_person,
                                      ORDER_keep_people};

static bool is_step (enum order_id id)
{
    for (size_t i = 0; i < array_len (steps); i++)
        if (steps[i] == id)
            return true;
    return false;
}

static bool find_kind (struct view name, struct order_kind *ret)
{
    for (unsigned i = 0; i < ORDERS; i++) {
        if (is_step (i) || !view_is (name, statements[i].name))
            continue;
        *ret = (struct order_kind){.id = i};
        for (size_t k = 0; k < array_len (kinds); k++)
            if (kinds[k].id == (enum order_id) i)
                *ret = kinds[k];
        return true;
    }
    return false;
}

/* ---- answering ------------------------------------------------------------------------------- */

static void wipe (char *text)
{
    if (text)
        sodium_memzero (text, strlen (text));
    free (text);
}

static void order_free (struct order *order)
{
    struct asker *asker, *next;
    LL_FOREACH_SAFE (order->askers, asker, next)
        free (asker);
    DL_DELETE2 (order->store->orders.all, order, all_prev, all_next);
    parcel_done (&order->parcel);
    json_decref (order->arguments);
    wipe (order->password);
    wipe (order->fresh);
    wipe (order->token);
    sodium_memzero (order, sizeof *order);
    free (order);
}

static void tell (const struct order *order, const struct asker *asker, struct msg_ordered *ordered)
{
    struct link *link = listener_find (order->store->routers, asker->link);
    if (!link)
        return;
    struct msg_behalf behalf = {.ref = asker->behalf_ref, .principal = order->behalf->principal};
    struct parcel answer = {0};
    ordered->ref = asker->ref;
    parcel_add (&answer, WIRE_behalf, &behalf);
    parcel_add (&answer, WIRE_ordered, ordered);
    link_send (link, &answer);
    parcel_done (&answer);
    link_credit (link, WIRE_CLASS_ACTS, 1);
}

/* Says how it ended; takes the order. */
static void say_ordered (struct order *order, enum verdict verdict, enum reason reason,
                         const char *detail, const char *result)
{
    struct msg_ordered ordered = {.verdict = verdict,
                                  .reason = reason,
                                  .detail = detail && *detail ? view_of (detail) : (struct view){0},
                                  .result = result ? view_of (result) : (struct view){0}};
    const struct asker *asker;
    metric_add (store_orders_total, verdict == VERDICT_DONE);
    LL_FOREACH (order->askers, asker) {
        order->store->orders.count--;
        tell (order, asker, &ordered);
    }
    order_free (order);
}

static void refuse (struct order *order, enum reason reason, const char *detail)
{
    say_ordered (order, VERDICT_REFUSED, reason, detail, NULL);
}

/* It took effect, now or before. */
static void say_done (struct order *order, const char *text)
{
    json_t *result = json_loads (text && *text ? text : "{}", 0, NULL);
    if (!json_is_object (result)) {
        json_decref (result);
        result = json_object ();
    }
    login_tell (order, result);
    char *said = json_dumps (result, JSON_COMPACT);
    say_ordered (order, VERDICT_DONE, 0, NULL, said);
    wipe (said);
    json_decref (result);
}

/* ---- its way --------------------------------------------------------------------------------- */

/* To be given to PostgreSQL, before all that came later. */
static void goes_on (struct order *order, enum order_state state)
{
    order->state = state;
    DL_PREPEND (order->store->orders.waiting, order);
}

static void begin_hashing (struct order *order)
{
    order->state = ORDER_HASHING;
    if (!hasher_take (order->store->orders.hasher, order))
        refuse (order, REASON_BUSY, NULL);
}

static void on_hashed (struct store *store, struct order *order)
{
    login_hashed (order);
    (void) fault_point (order_hashed);
    goes_on (order, ORDER_DOES);
    order_flush (store);
}

static void begun (struct order *order, const PGresult *result)
{
    enum { PERSON, NAME, DIGEST, RESULT };
    if (PQntuples (result) == 0) {
        refuse (order, REASON_SESSION, NULL);
        return;
    }
    order->person = atoi (PQgetvalue (result, 0, PERSON));
    login_begun (order);
    if (!PQgetisnull (result, 0, NAME)) {
        const char *digest = json_string_value (json_object_get (order->arguments, "digest"));
        if (strcmp (PQgetvalue (result, 0, DIGEST), digest) == 0)
            say_done (order, PQgetvalue (result, 0, RESULT));
        else
            refuse (order, REASON_KEY, NULL);
        return;
    }
    goes_on (order, order->kind.needs & (ORDER_PROVES | ORDER_HASHES) ? ORDER_FINDS : ORDER_DOES);
}

static void done (struct order *order, const PGresult *result)
{
    enum { VERDICT, REASON, DETAIL, RESULT };
    (void) fault_point (order_committed);
    if (PQntuples (result) != 1) {
        log_error ("order %s: its statement gave %d rows, one is right",
                   statements[order->kind.id].name, PQntuples (result));
        refuse (order, REASON_STATE, NULL);
        return;
    }
    enum verdict verdict = (enum verdict) atoi (PQgetvalue (result, 0, VERDICT));
    if (verdict == VERDICT_DONE)
        say_done (order, PQgetvalue (result, 0, RESULT));
    else
        refuse (order, (enum reason) atoi (PQgetvalue (result, 0, REASON)),
                PQgetvalue (result, 0, DETAIL));
}

/* What PostgreSQL refused for a reason of its own is the order's fault, but for an outage. */
static void failed (struct order *order, const struct db_answer *answer)
{
    struct store *store = order->store;
    const char *name = statements[order->kind.id].name;
    if (strcmp (answer->sqlstate, "AD003") == 0) {
        refuse (order, REASON_SESSION, NULL);
    } else if (failure_of (answer->sqlstate) == FAILURE_OURS) {
        log_warning (
            "order %s: PostgreSQL cannot hold it (SQLSTATE %s, constraint \"%s\"): refused", name,
            answer->sqlstate, answer->constraint);
        refuse (order, REASON_VALUE, "arguments");
    } else if (failure_of (answer->sqlstate) == FAILURE_OUTAGE && ++order->tries >= ORDER_TRIES) {
        log_error ("order %s: PostgreSQL refused it %d times (SQLSTATE %s)", name, ORDER_TRIES,
                   answer->sqlstate);
        refuse (order, REASON_BUSY, NULL);
    } else {
        if (failure_of (answer->sqlstate) == FAILURE_OUTAGE)
            store_pause (store, &store->orders.not_before, STORE_RETRY_MS);
        goes_on (order, order->state);
    }
}

static void found (struct order *order, const PGresult *result)
{
    const char *weak = login_found (order, result);
    if (!order->person && !(order->kind.needs & ORDER_PROVES))
        refuse (order, REASON_ABSENT, "token"); /* it cannot be guessed: this may be told at once */
    else if (weak)
        refuse (order, REASON_VALUE, weak);
    else
        begin_hashing (order);
}

static void on_answer (void *with, const struct db_answer *answer)
{
    struct order *order = with;
    struct store *store = order->store;
    DL_DELETE (store->orders.sent, order);
    if (answer->outcome == DB_UNKNOWN) {
        goes_on (order, order->state);
    } else if (answer->outcome == DB_FAILED) {
        failed (order, answer);
    } else if (order->state == ORDER_BEGINS) {
        begun (order, answer->results[0]);
    } else if (order->state == ORDER_FINDS) {
        found (order, answer->results[0]);
    } else {
        done (order, answer->results[1]);
    }
    order_flush (store);
}

/* ---- statements ------------------------------------------------------------------------------ */

static struct db_value token_of (const struct order *order)
{
    return value_view (order->order->session);
}

static void add_begin (struct db_unit *unit, const struct order *order)
{
    uint8_t front[8], idle[8];
    struct db_value values[] = {
        token_of (order), value_int4 (front, (int64_t) order->behalf->principal),
        value_id (&order->order->key), value_int4 (idle, order->store->session_idle_s)};
    db_add (unit, ORDER_begin_order, values, array_len (values));
}

static void add_find (struct db_unit *unit, const struct order *order)
{
    uint8_t person[8];
    const char *login = json_string_value (json_object_get (order->arguments, "login")),
               *hash = json_string_value (json_object_get (order->arguments, "token"));
    uint8_t token[32];
    bool invited = hash && hex_parse (hash, token, sizeof token) == 0;
    bool opens = order->kind.needs & ORDER_OPENS;
    struct db_value values[] = {
        opens ? (struct db_value){0} : value_int4 (person, order->person),
        opens && !invited && login ? value_view (view_of (login)) : (struct db_value){0},
        opens && invited ? value_view ((struct view){(const char *) token, sizeof token})
                         : (struct db_value){0}};
    db_add (unit, ORDER_find_person, values, array_len (values));
}

/* The statement takes as many of person, arguments, key and version base as it names. */
static void add_do (struct db_unit *unit, const struct order *order)
{
    uint8_t held[8], person[8], base[8];
    struct db_value hold[] = {token_of (order), value_int4 (held, order->person)};
    char *arguments = json_dumps (order->arguments, JSON_COMPACT);
    struct db_value values[] = {value_int4 (person, order->person),
                                {.at = arguments},
                                value_id (&order->order->key),
                                value_int8 (base, order->store->version_base)};
    db_add (unit, ORDER_hold_order, hold, array_len (hold));
    db_add (unit, order->kind.id, values, (unsigned) statements[order->kind.id].parameters);
    wipe (arguments);
}

static void send_order (struct db *db, struct order *order)
{
    struct store *store = order->store;
    DL_DELETE (store->orders.waiting, order);
    DL_APPEND (store->orders.sent, order);
    struct db_unit *unit = db_begin (db, on_answer, order);
    if (order->state == ORDER_BEGINS)
        add_begin (unit, order);
    else if (order->state == ORDER_FINDS)
        add_find (unit, order);
    else
        add_do (unit, order);
    db_end (unit);
}

void order_flush (struct store *store)
{
    struct db *db;
    if (!store->ready || reactor_now (store->reactor) < store->orders.not_before)
        return;
    while (store->orders.waiting && (db = lane_idle (&store->orders.lane)))
        send_order (db, store->orders.waiting);
}

/* ---- coming ---------------------------------------------------------------------------------- */

static const char *read_arguments (struct order *order)
{
    struct view text = order->order->arguments;
    order->arguments = json_loadb (text.at, text.len, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object (order->arguments))
        return "arguments";
    const char *wrong = argument_fault (order->kind.id, order->arguments);
    return wrong ? wrong : login_prepare (order);
}

static bool same (struct view one, struct view other)
{
    return one.len == other.len && (one.len == 0 || memcmp (one.at, other.at, one.len) == 0);
}

static bool is_repeat_of (const struct order *order, const struct order *first)
{
    return memcmp (&order->order->key, &first->order->key, sizeof order->order->key) == 0 &&
           order->behalf->principal == first->behalf->principal &&
           same (order->order->session, first->order->session) &&
           same (order->order->order, first->order->order) &&
           same (order->order->arguments, first->order->arguments);
}

/* Where the same order is under way, its answer is this one's too: true, and the order is taken. */
static bool joins (struct order *order)
{
    struct order *first;
    DL_FOREACH2 (order->store->orders.all, first, all_next) {
        if (first == order || !is_repeat_of (order, first))
            continue;
        LL_PREPEND (first->askers, order->askers);
        order->askers = NULL;
        order_free (order);
        return true;
    }
    return false;
}

static void begin (struct order *order)
{
    struct store *store = order->store;
    const char *wrong = NULL;
    if (store->orders.count > ORDERS_MOST)
        refuse (order, REASON_BUSY, NULL);
    else if (!find_kind (order->order->order, &order->kind))
        refuse (order, REASON_VALUE, "order");
    else if (!(order->kind.needs & ORDER_OPENS) && !order->order->session.at)
        refuse (order, REASON_SESSION, NULL);
    else if ((wrong = read_arguments (order)) != NULL)
        refuse (order, REASON_VALUE, wrong);
    else if (!joins (order)) {
        order->state = order->kind.needs & ORDER_OPENS ? ORDER_FINDS : ORDER_BEGINS;
        DL_APPEND (store->orders.waiting, order);
    }
}

void order_take (struct store *store, struct link *from, struct parcel *parcel)
{
    struct order *order = xcalloc (1, sizeof *order);
    struct wire_fault fault;
    order->store = store;
    DL_APPEND2 (store->orders.all, order, all_prev, all_next);
    parcel_move (&order->parcel, parcel);
    const struct wire_message *behalf = parcel_read (&order->parcel, 0, WIRE_behalf, &fault);
    const struct wire_message *said = parcel_read (&order->parcel, 1, WIRE_order, &fault);
    if (!behalf || !said || behalf->behalf.principal > INT32_MAX) {
        fault.type = WIRE_behalf;
        link_refuse (from, &fault);
        link_credit (from, WIRE_CLASS_ACTS, 1);
        order_free (order);
        return;
    }
    order->behalf = &behalf->behalf;
    order->order = &said->order;
    order->askers = xcalloc (1, sizeof *order->askers);
    *order->askers = (struct asker){
        .link = link_number (from), .behalf_ref = order->behalf->ref, .ref = order->order->ref};
    store->orders.count++;
    begin (order);
    (void) fault_point (order_received);
}

/* ---- the lane --------------------------------------------------------------------------------- */

static void on_lane_up (void *owner, struct db *db)
{
    (void) db;
    order_flush (owner);
}

int order_begin (struct store *store, const struct settings *settings)
{
    char *path = xformat ("%s/keys/access.key", settings_text (settings, "data"));
    int result = number_read_key (path, store->access_key);
    if (result != 0)
        log_error (
            "%s: %s: the key of people's access, 64 hexadecimal digits; deploy/up makes it, or "
            "`aduan keygen --id`",
            path, fail_text (result));
    free (path);
    if (result != 0)
        return result;
    store->session_idle_s = settings_number (settings, "session.idle") / 1000;
    store->session_lasts_s = settings_number (settings, "session.lasts") / 1000;
    store->invitation_lasts_s = settings_number (settings, "invitation") / 1000;
    store->orders.hasher = hasher_new (store, on_hashed);
    struct db_options options = {.name = "orders",
                                 .conninfo = settings_text (settings, "database"),
                                 .statements = statements,
                                 .statement_count = ORDERS,
                                 .up = on_lane_up,
                                 .owner = store};
    store->orders.lane.count = 1;
    store->orders.lane.db[0] = db_new (store->reactor, &options);
    return 0;
}

void order_end (struct store *store)
{
    hasher_destroy (&store->orders.hasher);
    while (store->orders.all)
        order_free (store->orders.all);
    store->orders.waiting = store->orders.sent = NULL;
    sodium_memzero (store->access_key, sizeof store->access_key);
}
