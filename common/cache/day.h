/* day.h - a key that all processes share for a day, and nobody keeps.
 *
 * Whose a counter in Redis is, is a hash under it: it is drawn at random by whichever process is first, read by all, and lies in
 * Redis and in memory alone.  So a key of Redis tells nobody a number or an address, and tomorrow nobody can make it again.
 */
#ifndef ADUAN_CACHE_DAY_H
#define ADUAN_CACHE_DAY_H

#include <sodium.h>
#include "cache/cache.h"

/* Zero-initialised: of no day.  It stays where it is as long as its cache. */
struct day_key {
    int64_t day;
    bool shared; /* Redis has said it */
    uint8_t key[crypto_generichash_KEYBYTES];
};

/* Asks for the key of this day, under NAME:DAY, until the wall time `end` (ms) when the day is over; draws one where *key is
 * another day's.  To be called again now and then: Redis may have been emptied. */
void day_key_look (struct cache *cache, struct day_key *key, const char *name, int64_t day,
                   int64_t end);

#endif
