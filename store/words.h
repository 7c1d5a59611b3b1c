/* words.h - what a complaint says, kept for the worker who pulls it next, and for the notice of his act. */
#ifndef ADUAN_STORE_WORDS_H
#define ADUAN_STORE_WORDS_H

#include "base/base.h"
#include <uthash.h>

struct store;

/* What a complaint says, and never changes, while it may be pulled and acted on soon, and as long as
 * nothing else was said on it: words.c. */
struct words {
    uint64_t number; /* the tracking number's bits */
    struct id id;
    bool spoilt; /* a reply is on its way: nothing is kept here */
    struct view title, body, location, region, attachments, contact; /* behind this struct */
    uint32_t class, flags;
    uint64_t category, contact_key;
    int64_t received, due_first, due_resolve; /* ms; 0: none */
    size_t bytes;
    int64_t at; /* mono_ms */
    struct words *prev, *next;
    UT_hash_handle hh;
};

/* words.c */
/* Keeps a copy, unless its number is there. */
void words_keep (struct store *store, const struct words *said);
const struct words *words_find (const struct store *store, const struct id *id); /* or NULL */
/* Those of a complaint whose reporter left a contact, to be freed by the caller; or NULL. */
struct words *words_take (struct store *store, const struct id *id);
/* An act on this complaint says something: its next worker needs what the rows say. */
void words_drop (struct store *store, const struct id *id);
/* The same for a reply, by tracking number; its complaint may be on its way into rows, too. */
void words_spoil (struct store *store, uint64_t number);
void words_end (struct store *store);

#endif
