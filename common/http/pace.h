/* pace.h - how long a connection may take: whoever says or hears something a byte at a time holds a place as long as he
 * likes, for libmicrohttpd's own time-out counts silence alone.
 *
 *   IDLE -> HEADER -> BODY -> OURS -> ANSWER -> IDLE
 *
 * IDLE: nothing of a request has come; the door's `idle` ends it.  HEADER: from its first byte on, all of it within
 * header_ms.  BODY and ANSWER: grace_ms, and from then on `rate` bytes a second at least.  OURS: we are at work, and bound
 * ourselves.  What takes longer is cut off: shut down, so that libmicrohttpd finds it at its end and closes it.
 *
 * Where the door is short of connections or of room for bodies, others wait for what a slow one holds: then he has no grace, and
 * whoever starves them most goes first (paces_relieve).
 */
#ifndef ADUAN_PACE_H
#define ADUAN_PACE_H

#include "daemon/reactor.h"

struct pace_limits {
    int64_t header_ms; /* a whole header, from its first byte */
    int64_t grace_ms;  /* a body or an answer, before its rate counts */
    uint64_t rate;     /* bytes a second */
};

struct paces;
struct pace; /* one connection's */
struct share;

/* What the door is short of. */
struct pace_relief {
    unsigned connections; /* of them so many have to go */
    unsigned share; /* and those that one source has beyond so many go at once, whatever they do */
    size_t bytes;   /* of bodies under way so many have to go */
};

struct paces *paces_new (struct reactor *reactor, const struct pace_limits *limits);
/* What is still in it is forgotten by pace_remove. */
void paces_quiet (struct paces *paces);
/* Every pace must have been removed.  Takes *paces. */
void paces_free (struct paces **paces);
/* How many connections were cut off. */
uint64_t paces_cut (const struct paces *paces);

/* Cuts off whom others wait for, as far as there are some: of a source with too many connections; those that have said nothing
 * for a second, or - of a body, where bytes are short - for three, or have sent a body, or taken an answer, so much slower than four
 * times `rate`.  The worst go first; no one who has shown who he is goes with a body or an answer under way. */
void paces_relieve (struct paces *paces, const struct pace_relief *relief);

/* A connection that is IDLE; the socket stays its owner's. */
struct pace *pace_add (struct paces *paces, int fd);
/* Whose it is; NULL: nobody's, or it is not known whose.  The caller's, and there until it is another's or pace_remove. */
void pace_share (struct pace *pace, struct share *share);
struct share *pace_is_of (const struct pace *pace);
/* Its sender has shown who he is, until it is IDLE again. */
void pace_known (struct pace *pace);
/* So many bytes are booked for its body. */
void pace_holds (struct pace *pace, size_t len);
/* Takes *pace; NULL is nothing. */
void pace_remove (struct pace **pace);
void pace_idle (struct pace *pace);
void pace_body (struct pace *pace);
/* So much more of the body is there. */
void pace_came (struct pace *pace, size_t len);
void pace_ours (struct pace *pace);
/* An answer of so many bytes goes out. */
void pace_answer (struct pace *pace, uint64_t len);

#endif
