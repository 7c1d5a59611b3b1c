/* act.h - acts on assignments, on a complaint as a whole, and on two of them. */
#ifndef ADUAN_STORE_ACT_H
#define ADUAN_STORE_ACT_H

#include "daemon/daemon.h"
#include "db/db.h"

struct store;

/* act.c */
/* A text of an act; one that says nothing (utf8_blank) is none. */
struct view act_said (struct view text);
void act_take (struct store *store, struct link *from, struct parcel *parcel);
void act_flush (struct store *store);
/* How long an act delays an assignment or holds its lease, ms: as it said, within the bounds of its kind. */
uint64_t act_delay (const struct msg_act *act);
void act_end (struct store *store);

/* merge.c */
bool merge_is (const struct msg_act *act);
/* Adds the statements of one such act; the last one's row is as act_ordinary.sql's, then MERGE_OTHER. */
void merge_add (struct db_unit *unit, struct store *store, uint64_t principal,
                const struct msg_act *act);
#define MERGE_OTHER 6 /* column: id of the complaint that it was linked to or merged into */

/* whole.c */
/* Does it go by act_on_complaint.sql? */
bool whole_is (const struct msg_act *act);
/* Why an act that goes this way, or a split, cannot be taken as said; 0: it can.  *ret_field: the field at fault, lent,
 * or NULL. */
enum reason whole_missing (const struct msg_act *act, const char **ret_field);
/* Adds the statement of one such act, or of a split; their rows are as act_on_assignments.sql's, of a split then the
 * part's id. */
void whole_add (struct db_unit *unit, const struct store *store, uint64_t principal,
                const struct msg_act *act);
void whole_add_split (struct db_unit *unit, const struct store *store, uint64_t principal,
                      const struct msg_act *act);

#endif
