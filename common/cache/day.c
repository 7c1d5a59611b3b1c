/* day.c - a key that all processes share for a day. */
#include "cache/day.h"
#include <stdio.h>
#include <string.h>

#define BEHIND_MS 60000 /* clocks of hosts differ */

static void on_key (void *with, struct view value)
{
    struct day_key *day = with;

    if (value.len != sizeof day->key)
        return;
    memcpy (day->key, value.at, sizeof day->key);
    day->shared = true;
}

void day_key_look (struct cache *cache, struct day_key *key, const char *name, int64_t day,
                   int64_t end)
{
    char whole[64];

    if (key->day != day) {
        *key = (struct day_key){.day = day};
        randombytes_buf (key->key, sizeof key->key);
    }
    snprintf (whole, sizeof whole, "%s:%lld", name, (long long) day);
    cache_share (cache, view_of (whole), (struct view){(const char *) key->key, sizeof key->key},
                 end - wall_ms () + BEHIND_MS, on_key, key);
}
