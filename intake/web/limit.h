/* limit.h - how often one source, token, number, sender or text comes (docs/channels.md, "Abuse").
 *
 * A count is this process's, at once, and that of all web doors as soon as Redis says so: a question is decided by what is
 * known, never later.  What others have counted of a source is asked for first, within the cache's deadline (limit_meet).  With Redis away
 * each process counts for itself; when it is back, what this one has counted stays, and what the others have comes to it.
 *
 * Who is counted is a hash under a key that is drawn at random each day and kept nowhere but in Redis and in memory: a key of
 * Redis tells nobody an address, and tomorrow nobody could make it again.  In memory it is a hash under a key of this process.
 */
#ifndef ADUAN_WEB_LIMIT_H
#define ADUAN_WEB_LIMIT_H

#include "daemon/settings.h"
#include "http/source.h"

struct limits;
struct visit;
struct web;

#define LIMIT_HASH 16
#define TALLY_MOST 4 /* of one submission: its client's day, its address, its words, its source */

enum limit {
#define LIMIT(name, window, setting, usual, help) LIMIT_##name,
#include "limit.def"
    LIMIT_token_minute, /* its most is the token's own */
    LIMIT_token_day,
    LIMIT_help, /* what says nothing is answered with help: one of a sender in an hour */
    LIMITS
};

/* What was counted for a submission that is on its way, or for an answer.  It is counted at once, so that many at one time have
 * no more than the limit allows, and given back where nothing new came of it: what is refused, what an outage keeps from intake and
 * what is a repeat use nothing up.  Zeroed: nothing. */
struct tally {
    unsigned count;
    struct {
        uint8_t who[LIMIT_HASH], shared[LIMIT_HASH]; /* here, and in Redis */
        int64_t end;
        uint32_t count;
        bool is_shared;
    } at[TALLY_MOST];
};
/* It was counted rightly. */
void tally_stands (struct tally *tally);
/* Nothing came of it: as much less of each, where its window still runs.  While Redis cannot be told it is owed, and goes with the next
 * question about the same one. */
void tally_back (struct limits *limits, struct tally *tally);

/* Settings that are wrong though the table allows them. */
bool limits_right (const struct settings *settings);
/* Never NULL. */
struct limits *limits_new (struct web *web, const struct settings *settings);
/* Ends what waits in limit_meet, and counts alone from now on. */
void limits_stop (struct limits *limits);
/* Behind the last visit. */
void limits_free (struct limits **limits);

/* One more of `most` (0: none at all), for these bytes: 0, and it is counted; or ms until there is room, and it is not.  `tally`, here and
 * below: where it is noted down; NULL: it stands. */
int64_t limit_take_of (struct limits *limits, enum limit limit, struct view who, uint32_t most,
                       struct tally *tally);
/* The same with the most that the settings say, of which 0 is any number. */
int64_t limit_take (struct limits *limits, enum limit limit, struct view who, struct tally *tally);
/* Counts one more in any case; how many there were in this window, this one included. */
uint32_t limit_count (struct limits *limits, enum limit limit, struct view who,
                      struct tally *tally);
/* What the settings say. */
uint32_t limit_most (const struct limits *limits, enum limit limit);

/* Counts a report's words and says whether they are one of a flood.  What is no UTF-8 is not counted. */
bool limit_flood (struct limits *limits, struct view text, struct tally *tally);

/* ---- a visit's source ---------------------------------------------------------------------------- */

/* Asks what all web doors have counted of the visit's source; `then` is called once, here or from a later turn, within
 * CACHE_ANSWER_MS. */
void limit_meet (struct visit *visit, void (*then) (struct visit *visit));
/* May its source read one more page, send one more form?  0, or ms until it may. */
int64_t limit_read (struct visit *visit);
int64_t limit_report (struct visit *visit);
/* Counts its reports in the visit's tally, and says whether more come than are believed. */
bool limit_doubted (struct visit *visit);
/* May it have one more large body under way?  Counted until limit_body_over. */
bool limit_body (struct visit *visit);
void limit_body_over (struct visit *visit);
/* May it send a large body of so many bytes?  0, and they are counted as MiB, the last one whole, until limit_upload_over; or ms until it
 * may. */
int64_t limit_upload (struct visit *visit, size_t bytes);
/* May a bearer token, whose hash it is, send a body of so many bytes?  0, and they are counted as KiB, the last one whole, until
 * limit_upload_over: a client's files are mostly smaller than a MiB; or ms until it may. */
int64_t limit_upload_token (struct visit *visit, struct view token, size_t bytes);
/* Its request is over: what was counted and did not come is given back, so that what is only promised, or turned away, uses nothing
 * up. */
void limit_upload_over (struct visit *visit);
/* Its access code was wrong, of a number that there is: counted.  0, or ms until it is told so again: a right one is never asked to
 * wait, for codes have 128 bits, and whoever guesses beside somebody must not be able to shut him out. */
int64_t limit_code_wrong (struct visit *visit);
/* One more report names this address as the one where its news go (`kind` as in aduan_contact): true, and not counted, where
 * it has enough of them today.  Anybody can name anybody's: what is more goes into a contact that is quiet. */
bool limit_contact (struct limits *limits, const char *kind, const char *address,
                    struct tally *tally);

/* Are counts shared through Redis, now? */
bool limits_shared (const struct limits *limits);
/* How many counts were decided alone because Redis answered too late. */
uint64_t limits_late (const struct limits *limits);
/* How often the words came that have come most often in the hour that now is. */
uint32_t limits_flood (const struct limits *limits);

#endif
