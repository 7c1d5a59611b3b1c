/* limit.c - what may still be spent today, and when people sleep.
 *
 * Called by sms.c and claim.c.
 */
#include "limit.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#define HOUR_MS INT64_C (3600000)
#define DAY_MS  (24 * HOUR_MS)
#define ZONE    7 /* whose midnight ends the day of spending: western Indonesian time */

struct spent {
    uint8_t who[16];
    unsigned segments;
    UT_hash_handle hh;
};

struct spending {
    unsigned recipient, all; /* limits */
    int64_t day;             /* since 1970, in ZONE */
    unsigned used;           /* of `all` */
    struct spent *by;        /* never more than `all` of them */
    uint8_t key[crypto_generichash_KEYBYTES];
};

struct spending *spending_new (unsigned recipient, unsigned all)
{
    struct spending *spending = xcalloc (1, sizeof *spending);
    spending->recipient = recipient;
    spending->all = all;
    randombytes_buf (spending->key, sizeof spending->key);
    return spending;
}

static void spending_empty (struct spending *spending)
{
    struct spent *spent, *next;
    HASH_ITER (hh, spending->by, spent, next) {
        HASH_DEL (spending->by, spent);
        free (spent);
    }
    spending->used = 0;
}

void spending_free (struct spending *spending)
{
    if (!spending)
        return;
    spending_empty (spending);
    sodium_memzero (spending, sizeof *spending);
    free (spending);
}

static struct spent *spent_find (const struct spending *spending, const char *to, uint8_t who[16])
{
    struct spent *spent;
    crypto_generichash (who, 16, (const uint8_t *) to, strlen (to), spending->key,
                        sizeof spending->key);
    HASH_FIND (hh, spending->by, who, 16, spent);
    return spent;
}

enum why spending_take (struct spending *spending, const char *to, unsigned segments, int64_t now)
{
    uint8_t who[16];
    int64_t day = (now + ZONE * HOUR_MS) / DAY_MS;

    if (day != spending->day)
        spending_empty (spending);
    spending->day = day;
    if (spending->used + segments > spending->all)
        return WHY_DAY_LIMIT;
    struct spent *spent = spent_find (spending, to, who);
    if ((spent ? spent->segments : 0) + segments > spending->recipient)
        return WHY_RECIPIENT_LIMIT;
    if (!spent) {
        spent = xcalloc (1, sizeof *spent);
        memcpy (spent->who, who, sizeof who);
        HASH_ADD (hh, spending->by, who, sizeof spent->who, spent);
    }
    spent->segments += segments;
    spending->used += segments;
    return 0;
}

void spending_return (struct spending *spending, const char *to, unsigned segments)
{
    uint8_t who[16];
    struct spent *spent = spent_find (spending, to, who);
    if (!spent || spent->segments < segments)
        return; /* the day is over meanwhile */
    spent->segments -= segments;
    spending->used -= segments;
}

int64_t next_morning (int64_t now, int zone, unsigned to)
{
    int64_t local = now + zone * HOUR_MS;
    return (local / DAY_MS + 1) * DAY_MS + (int64_t) to * HOUR_MS - zone * HOUR_MS;
}

int64_t night_end (int64_t now, int zone, unsigned from, unsigned to)
{
    int64_t hour = (now + zone * HOUR_MS) / HOUR_MS % 24;
    bool sleeps = from < to ? hour >= from && hour < to : from > to && (hour >= from || hour < to);

    if (!sleeps)
        return 0;
    return hour < to ? next_morning (now, zone, to) - DAY_MS : next_morning (now, zone, to);
}
