/* taken.h - the reports that this door has taken in last, until the record has them.
 *
 * Accepted is on stable storage; stored it is a moment later, or when PostgreSQL is back.  Until then nobody but the door that
 * said "accepted" can tell the right access code from a wrong one: the code is the sender's, the number intake's, and neither
 * follows from the other.  What is kept is a hash under a key of this process: no number, no code.
 */
#ifndef ADUAN_WEB_TAKEN_H
#define ADUAN_WEB_TAKEN_H

#include "base/base.h"

struct taken;

/* Never NULL. */
struct taken *taken_new (void);
void taken_free (struct taken **taken);
/* Remembers a report by its tracking number and the hash of its access code (proof_hash); the oldest of 16,384 goes. */
void taken_note (struct taken *taken, const char *number, const char *code_hash);
/* Was that one of them? */
bool taken_is (const struct taken *taken, const char *number, const char *code_hash);

#endif
