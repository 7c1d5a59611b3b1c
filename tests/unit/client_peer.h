/* client_peer.h - a peer of libaduan in the same loop, and the world of one test.
 *
 * The peer speaks through the daemon layer's own listener; what it says is a script of one word per
 * message.  Nothing sleeps: every wait is a turn of the loop until something is so, or a deadline.
 */
#ifndef ADUAN_TEST_CLIENT_PEER_H
#define ADUAN_TEST_CLIENT_PEER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "client/client.h"

#define DEADLINE_MS 10000

struct peer {
    struct aduan_loop *loop;
    struct listener *listener;
    const char *script; /* a letter for each message of a kind, the last one for all further ones */
    unsigned heard;
    unsigned credit_kept; /* messages whose credit is not given back */
    bool keys;
    uint8_t seal_public[32], seal_secret[32], contact_public[32], contact_secret[32];
    /* what it heard last, and what must be the same on every repeat */
    uint64_t ref, created, pull_ref;
    char key[129];
    struct buffer content;
    struct id act_key, act_id;
    uint32_t act;
    unsigned releases;
    struct link *from;
};

extern const struct link_hooks peer_hooks;
/* A new name for each listener: libzmq gives the name of a closed one back at a time of its own. */
extern char endpoint[64];
void peer_listen (struct peer *peer, unsigned credit);
void say_assigned (struct link *link, uint64_t ref, uint64_t waited);

struct world {
    struct peer peer;
    struct aduan_loop *loop;
    struct aduan *aduan;
};

#define until(world, condition)                                                                    \
    do {                                                                                           \
        int64_t until_ = mono_ms () + DEADLINE_MS;                                                 \
        while (!(condition) && mono_ms () < until_)                                                \
            aduan_loop_turn ((world)->loop, 20);                                                   \
        assert_true (condition);                                                                   \
    } while (0)

void world_begin (struct world *world, const char *script, unsigned credit);
/* And greeted: short deadlines are for what comes after. */
void world_open (struct world *world, const char *script, unsigned credit);
void world_close (struct world *world);

extern const struct aduan_submission sample;

struct heard {
    unsigned calls, assigned;
    struct aduan_submitted submitted;
    struct aduan_pulled pulled;
};

void on_outcome (void *with, const struct aduan_submitted *result);
void on_assigned_outcome (void *with, const struct aduan_assignment *assignment);
void on_pulled_outcome (void *with, const struct aduan_pulled *result);

#endif
