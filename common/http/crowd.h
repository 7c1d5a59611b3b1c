/* crowd.h - who stands before a door that is full: beyond a short queue he is told so at once, instead of waiting for an answer
 * that comes when he has gone.
 *
 *     the kernel's queue -> libmicrohttpd, ten a turn          as long as no more than CROWD_WAITS wait
 *                        -> told to come again -> LEAVING -> gone     the oldest of those beyond
 *
 * To be told costs a hundredth of being served: nothing of what he says is read but to be let go.  LEAVING is he until he has
 * closed, or for two seconds: who is closed while he still says something would lose what he was told (RFC 9112, 9.6).
 */
#ifndef ADUAN_CROWD_H
#define ADUAN_CROWD_H

#include "daemon/reactor.h"

#define CROWD_WAITS   512 /* of those that nobody has looked at: some tenths of a second */
#define CROWD_LEAVING 1024
#define CROWD_RETRY   "10" /* seconds */

struct crowd;

/* At a listening TCP socket, which stays its owner's; `words` (UTF-8, copied) is what is told, as plain text. */
struct crowd *crowd_new (struct reactor *reactor, int fd, const char *words);
/* How many have come and were not let in. */
unsigned crowd_waits (const struct crowd *crowd);
/* Once a turn: tells those that are too many. */
void crowd_thin (struct crowd *crowd);
/* Was somebody told within the last second? */
bool crowd_lasts (const struct crowd *crowd);
/* What is told: plain text. */
struct view crowd_words (const struct crowd *crowd);
/* How many were told. */
uint64_t crowd_told (const struct crowd *crowd);
/* The socket is about to close: nobody is told any more.  NULL is nothing. */
void crowd_quiet (struct crowd *crowd);
/* Takes *crowd; who is leaving is gone. */
void crowd_free (struct crowd **crowd);

#endif
