/* spending.c - what SMS have cost today.
 *
 * Called by claim.c.  Of each number, and of all together ("" as a number), there is the last total that Redis said, and what of
 * ours is not in it yet.
 */
#include "spending.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include "cache/day.h"

#define HOUR_MS    INT64_C (3600000)
#define DAY_MS     (24 * HOUR_MS)
#define ZONE       7 /* whose midnight ends the day of spending: western Indonesian time */
#define WHO_BYTES  16
#define NUMBER_MAX 24
#define PATIENT_MS                                                                                 \
    1000 /* for Redis, at the start and where it is late: a decision is not to forget what was before */
#define LOOK_MS 20  /* while somebody waits for that */
#define KEEP_MS 500 /* the day's key is asked for again: Redis may have been emptied */
#define NAME    "aduan:spent"
#define PREFIX  "aduan:sms:"

struct spent {
    uint8_t who[WHO_BYTES];
    uint64_t all;  /* what Redis said last */
    unsigned owed; /* gone, and not in `all` yet */
    unsigned
        doubt; /* of these, told and not answered: the next total says whether they were heard */
    unsigned under_way; /* taken, and nobody knows yet whether they are used */
    int64_t since;      /* mono_ms when Redis was asked first; 0: never */
    bool known, asking; /* Redis has said, or is not waited for; a question is under way */
    UT_hash_handle hh;
};

struct spending {
    struct spending_limits limits;
    struct cache *cache;
    struct timer *timer;
    struct day_key day_key;
    int64_t day; /* since 1970, in ZONE */
    int64_t
        patient; /* mono_ms until which Redis is waited for: it was there a moment ago, or may come up with us */
    struct spent *by;
    uint8_t key[crypto_generichash_KEYBYTES];
    void (*turn) (void *owner);
    void *owner;
    bool waited, within; /* something was not known when it was asked for; spending_known runs */
};

/* A question on its way; the number in clear as long as it lasts. */
struct question {
    struct spending *spending;
    char to[NUMBER_MAX];
    int64_t day;
    unsigned count;
};

/* ---- counts -------------------------------------------------------------------------------------- */

static void hash (const uint8_t key[crypto_generichash_KEYBYTES], const char *to,
                  uint8_t ret[WHO_BYTES])
{
    crypto_generichash (ret, WHO_BYTES, (const uint8_t *) to, strlen (to), key,
                        crypto_generichash_KEYBYTES);
}

static struct spent *spent_find (const struct spending *spending, const char *to)
{
    uint8_t who[WHO_BYTES];
    struct spent *spent;

    hash (spending->key, to, who);
    HASH_FIND (hh, spending->by, who, WHO_BYTES, spent);
    return spent;
}

static struct spent *spent_of (struct spending *spending, const char *to)
{
    struct spent *spent = spent_find (spending, to);

    if (spent)
        return spent;
    spent = xcalloc (1, sizeof *spent);
    hash (spending->key, to, spent->who);
    HASH_ADD (hh, spending->by, who, WHO_BYTES, spent);
    return spent;
}

static uint64_t used (const struct spent *spent)
{
    return spent->all + spent->owed + spent->under_way;
}

static void spending_empty (struct spending *spending)
{
    struct spent *spent, *next;

    HASH_ITER (hh, spending->by, spent, next) {
        HASH_DEL (spending->by, spent);
        free (spent);
    }
}

static int64_t day_end (const struct spending *spending)
{
    return (spending->day + 1) * DAY_MS - ZONE * HOUR_MS;
}

static void day_turn (struct spending *spending, int64_t now)
{
    int64_t day = (now + ZONE * HOUR_MS) / DAY_MS;

    if (day == spending->day)
        return;
    spending_empty (spending);
    spending->day = day;
    day_key_look (spending->cache, &spending->day_key, NAME, day, day_end (spending));
}

/* ---- Redis --------------------------------------------------------------------------------------- */

static bool is_shared (const struct spending *spending)
{
    return spending->day_key.shared && spending->day_key.day == spending->day &&
           cache_is_up (spending->cache);
}

static void wake (struct spending *spending)
{
    if (!spending->waited || spending->within)
        return;
    spending->waited = false;
    spending->turn (spending->owner);
}

static void share (struct spending *spending, struct spent *spent, const char *to);

/* A total never falls: one that is less than it was, with what it has heard, is that of a Redis that was emptied, and is owed. */
static void total_take (struct spent *spent, uint64_t total, unsigned count)
{
    unsigned heard = spent->doubt && total >= spent->all + spent->doubt ? spent->doubt : count;
    uint64_t right = spent->all + heard;

    spent->all = total;
    spent->owed -= heard;
    spent->doubt = 0;
    if (total < right)
        spent->owed += (unsigned) (right - total);
}

static void on_total (void *with, int64_t total)
{
    struct question *question = with;
    struct spending *spending = question->spending;
    struct spent *spent =
        question->day == spending->day ? spent_find (spending, question->to) : NULL;

    if (spent) {
        spent->asking = false;
        if (total < 0)
            spent->doubt += question->count;
        else {
            spent->known = true;
            total_take (spent, (uint64_t) total, question->count);
            if (spent->owed)
                share (spending, spent, question->to);
        }
    }
    sodium_memzero (question, sizeof *question);
    free (question);
    wake (spending);
}

/* Tells what is owed and asks for the total; what is in doubt is not told again before that is known. */
static void share (struct spending *spending, struct spent *spent, const char *to)
{
    char key[sizeof PREFIX - 1 + WHO_BYTES] = PREFIX;
    unsigned count = spent->doubt ? 0 : spent->owed;
    struct question *question;

    if (spent->asking || !is_shared (spending))
        return;
    hash (spending->day_key.key, to, (uint8_t *) key + sizeof PREFIX - 1);
    question = xcalloc (1, sizeof *question);
    *question = (struct question){.spending = spending, .day = spending->day, .count = count};
    snprintf (question->to, sizeof question->to, "%s", to);
    spent->asking = true;
    cache_count (spending->cache, (struct view){key, sizeof key}, count,
                 day_end (spending) - wall_ms () + HOUR_MS, on_total, question);
}

/* Is Redis there?  Then it is waited for where it is late. */
static bool is_there (struct spending *spending)
{
    if (!is_shared (spending))
        return false;
    spending->patient = mono_ms () + PATIENT_MS;
    return true;
}

static bool is_known (struct spending *spending, const char *to)
{
    struct spent *spent = spent_of (spending, to);
    int64_t now = mono_ms ();

    if (spent->known)
        return true;
    if (!spent->since)
        spent->since = now;
    if (now >= spent->since + PATIENT_MS)
        spent->known = true;
    else if (is_there (spending))
        share (spending, spent, to);
    else if (now >= spending->patient)
        spent->known = true; /* nobody to ask: this process counts alone */
    return spent->known;
}

bool spending_known (struct spending *spending, const char *to, int64_t now)
{
    day_turn (spending, now);
    spending->within = true;
    bool all = is_known (spending, ""), one = is_known (spending, to);
    spending->within = false;
    if (!all || !one) {
        spending->waited = true;
        reactor_timer_at (spending->timer, mono_ms () + LOOK_MS);
    }
    return all && one;
}

static void at_timer (void *owner)
{
    struct spending *spending = owner;

    day_turn (spending, wall_ms ());
    day_key_look (spending->cache, &spending->day_key, NAME, spending->day, day_end (spending));
    bool seeks = !is_there (spending) && mono_ms () < spending->patient;
    wake (spending);
    reactor_timer_at (spending->timer,
                      mono_ms () + (seeks || spending->waited ? LOOK_MS : KEEP_MS));
}

/* ---- spending ------------------------------------------------------------------------------------ */

enum why spending_take (struct spending *spending, const char *to, unsigned segments, int64_t now)
{
    day_turn (spending, now);
    struct spent *all = spent_of (spending, ""), *one = spent_of (spending, to);

    if (used (all) + segments > spending->limits.all)
        return WHY_DAY_LIMIT;
    if (used (one) + segments > spending->limits.recipient)
        return WHY_RECIPIENT_LIMIT;
    all->under_way += segments;
    one->under_way += segments;
    return 0;
}

static void settle (struct spending *spending, const char *to, unsigned segments, bool gone)
{
    struct spent *spent = spent_find (spending, to);

    if (!spent || spent->under_way < segments)
        return; /* the day is over meanwhile */
    spent->under_way -= segments;
    if (!gone)
        return;
    spent->owed += segments;
    share (spending, spent, to);
}

void spending_settle (struct spending *spending, const char *to, unsigned segments, bool gone)
{
    settle (spending, "", segments, gone);
    settle (spending, to, segments, gone);
}

/* ---- start and stop ------------------------------------------------------------------------------ */

struct spending *spending_new (struct reactor *reactor, const char *redis,
                               struct spending_limits limits, void (*turn) (void *owner),
                               void *owner)
{
    struct spending *spending = xcalloc (1, sizeof *spending);

    *spending = (struct spending){.limits = limits, .turn = turn, .owner = owner};
    randombytes_buf (spending->key, sizeof spending->key);
    spending->cache = cache_new (reactor, redis);
    if (redis && *redis)
        spending->patient = mono_ms () + PATIENT_MS;
    spending->timer = reactor_timer (reactor, mono_ms (), at_timer, spending);
    return spending;
}

void spending_free (struct spending **held)
{
    struct spending *spending = *held;

    if (!spending)
        return;
    *held = NULL;
    spending->waited = false;
    cache_free (&spending->cache);
    reactor_timer_forget (&spending->timer);
    spending_empty (spending);
    sodium_memzero (spending, sizeof *spending);
    free (spending);
}
