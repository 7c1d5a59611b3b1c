/* order.h - inside store: an order, from its message until it is answered.
 *
 *   order.c      its way: one after the other, each a transaction of its own
 *   argument.c   what its arguments must be like, whatever they are about
 *   login.c      what proves a person, and what is told once: tokens, the second factor's secret
 *   hook.c       the secret of a webhook, and what is sent to it
 *   weak.c       passwords that are guessed first
 *   password.c   the thread that hashes
 *
 *   state     it waits for                       leaves it when
 *   BEGINS    the session, and whether it was    read: FINDS or DOES; answered before: answered; no session, another
 *             given before                       order with its key: refused
 *   FINDS     what proves its person             read: HASHES
 *   HASHES    the thread                         done: DOES
 *   DOES      its statement                      committed: answered; its session is over: refused
 *
 * Orders that make a session begin with FINDS.  One statement at a time is under way, so what is with PostgreSQL
 * is the one of store->orders.sent; a connection lost or an outage puts it back where it was, and its key
 * makes the repeat harmless.
 */
#ifndef ADUAN_ORDER_H
#define ADUAN_ORDER_H

#include "store.h"

#include <jansson.h>

#define ORDER_TOKEN     32
#define PASSWORD_LEAST  12
#define PASSWORD_MOST   256
#define PASSWORD_HASHED 128 /* crypto_pwhash_STRBYTES */

enum order_id {
#define SQL_STATEMENT(name, parameters, text) ORDER_##name,
#include "orders.inc"
#undef SQL_STATEMENT
    ORDERS
};

/* What an order needs beside its statement. */
enum {
    ORDER_OPENS = 1,   /* it makes or ends what a session stands on: comes without one */
    ORDER_PROVES = 2,  /* the person's password stands in it */
    ORDER_CODE = 4,    /* and a code of his second factor */
    ORDER_HASHES = 8,  /* a new password stands in it */
    ORDER_TELLS = 16,  /* a token is told in its answer, once */
    ORDER_FACTOR = 32, /* the secret of a second factor is told in its answer, once */
    ORDER_SIGNS = 64,  /* the secret of a webhook is told in its answer, once */
};

struct order_kind {
    enum order_id id;
    unsigned needs;
};

enum order_state { ORDER_BEGINS, ORDER_FINDS, ORDER_HASHING, ORDER_DOES };

/* Who is told how it ended: a sender that asks again while its order is under way is told by the same answer.  Were
 * each repeat worked on, whoever waits less long than an order takes would only make the queue longer. */
struct asker {
    uint64_t link, behalf_ref, ref;
    struct asker *next;
};

struct order {
    struct store *store;
    struct parcel parcel; /* behalf, order */
    const struct msg_behalf *behalf;
    const struct msg_order *order;
    struct asker *askers;
    struct order_kind kind;
    enum order_state state;
    json_t *
        arguments; /* as the statement gets them: what the store found out added, passwords left out */
    int32_t person;                 /* 0: not known */
    char *password, *fresh, *token; /* said in it; wiped with it; NULL: none */
    char hashed[PASSWORD_HASHED];   /* of the person; "" : none */
    char fresh_hashed[PASSWORD_HASHED];
    uint8_t factor[64]; /* secret of his second factor, opened */
    size_t factor_len;  /* 0: none */
    bool proved;
    unsigned tries;                    /* of its statement, for a fault that may pass */
    char told[2 * ORDER_TOKEN + 1];    /* the token of its answer */
    struct order *prev, *next;         /* where it waits */
    struct order *all_prev, *all_next; /* among all that are under way, in order of arrival */
};

/* argument.c */
/* What is written in several ways goes on in one.  NULL, or the argument at fault; one that is absent or null is none:
 * whether it is needed its statement says. */
const char *argument_fault (enum order_id order, json_t *arguments);

/* login.c */
/* Takes passwords out of the arguments, and puts in what is told once.  NULL, or the argument at fault. */
const char *login_prepare (struct order *order);
/* The session of an order that proves nothing is known: what it tells goes into the arguments. */
void login_begun (struct order *order);
/* What find_person.sql found.  NULL, or why its new password is not taken, as `detail` says it. */
const char *login_found (struct order *order, const PGresult *result);
/* The thread is done: what it proved goes into the arguments. */
void login_hashed (struct order *order);
/* Adds to the result of an order that took effect what is told once. */
void login_tell (struct order *order, json_t *result);

/* password.c - one thread; what it is given is an order's own and comes back by `done`. */
struct hasher;
typedef void hasher_done_fn (struct store *store, struct order *order);
struct hasher *hasher_new (struct store *store, hasher_done_fn *done);
/* Checks order->password against order->hashed (a stand-in where there is none, so that it takes as long), and hashes
 * order->fresh.  False: too many wait. */
bool hasher_take (struct hasher *hasher, struct order *order);
/* Ends the thread; orders that were with it are the caller's again. */
void hasher_destroy (struct hasher **hasher);

#endif
