/* chain.h - the work that links digests of what was done, and signs the head. */
#ifndef ADUAN_STORE_CHAIN_H
#define ADUAN_STORE_CHAIN_H

#include "daemon/daemon.h"

struct store;

/* The work of chain.c. */
enum chain_state { CHAIN_RESTS, CHAIN_LINKS, CHAIN_SIGNS };

struct chain {
    struct timer *timer;
    enum chain_state state;
    uint8_t *secret;           /* sodium_malloc; Ed25519, seed and public half */
    bool signs;                /* there is such a key */
    bool stops, last, stopped; /* the store stops; this link began after that; it is made */
    bool late;                 /* the last look found the tail too old */
    int64_t unsigned_count;    /* digests that are linked, and under no signed head */
    int64_t known;             /* mono_ms: the last look that came back */
    struct outage outage;
};

/* chain.c */
/* `path`: of the signing key; absent: nothing is signed.  False: it cannot be used, as was logged. */
bool chain_begin (struct store *store, const char *path);
/* The store stops: is the last of it linked and signed, or cannot be now? */
bool chain_drained (struct store *store);
void chain_end (struct store *store);

#endif
