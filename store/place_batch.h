/* place_batch.h - records that go to PostgreSQL together, for place.c and the files it hands them to.
 *
 * A batch owns its records until it is answered, halved or kept to be tried again
 * (store->place.again). */
#ifndef ADUAN_STORE_PLACE_BATCH_H
#define ADUAN_STORE_PLACE_BATCH_H

#include "store.h"

struct place_batch {
    struct store *store;
    struct place **items;
    unsigned count;
    bool careful;            /* by the statement that sorts out repeats */
    bool alias;              /* a reply: by the statement for words on an alias */
    struct claim *claim;     /* carried, or NULL */
    struct pull *pulls;      /* carried: what is stored for their agencies is leased to them */
    int64_t version_base;    /* store's, when it was sent */
    uint64_t sent_us;        /* metric_us: then */
    enum db_outcome outcome; /* of the placing statement, until the position behind it is known */
    char sqlstate[6];
    struct place_batch *next;
};

/* Of `count` records, which the batch takes. */
struct place_batch *place_batch_new (struct store *store, struct place **items, unsigned count);
/* The batch alone; its records have gone elsewhere. */
void place_batch_free (struct place_batch *batch);
void place_free (struct place *place);
/* Answers each record and pays its credit back; takes the batch. */
void place_batch_answer (struct place_batch *batch);
/* It failed and was rolled back, or perhaps committed (DB_UNKNOWN); takes the batch. */
void place_batch_failed (struct place_batch *batch, enum db_outcome outcome, const char *sqlstate);
/* The same batch again, as soon as may be; takes it. */
void place_batch_again (struct place_batch *batch);
void place_say_stored (struct store *store, struct link *link, const struct place *place);

/* place.c: a record that was kept; nobody is told what becomes of it.  Takes the frames as place_take does. */
void place_take_again (struct store *store, struct parcel *parcel);

/* quarantine.c */
/* Puts the record first in line for the quarantine.  `sqlstate`: of PostgreSQL, or five letters of
 * ours; `reason`: for people, a constant. */
void quarantine (struct store *store, struct place *place, const char *sqlstate,
                 const char *reason);
void quarantine_send (struct db *db, struct place_batch *batch);
/* reply.c */
void reply_send (struct db *db, struct place_batch *batch);

#endif
