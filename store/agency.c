/* agency.c - what the store remembers of each agency: its name and zone, that it has new work, and
 * that it was just found to have none.
 *
 * Rows are the truth; all of this only saves looking at them.  A mark of emptiness lives for a second
 * and ends with any news of the agency; where another store made the news, it delays that work by as
 * much.  It is set only by a statement that began after the last news.
 */
#include "store.h"

#include <stdlib.h>
#include <string.h>

#define EMPTY_MS  1000
#define MARGIN_MS 200 /* a lease has surely run out by then */
#define ZONE      7   /* of an agency not known yet */
#define MOST      1000000

static struct agency *agency_of (struct store *store, uint64_t number)
{
    if (number == 0 || number >= MOST)
        return NULL;
    if (number >= store->agency_count) {
        size_t count = number + 64;
        store->agencies = xrealloc (store->agencies, count * sizeof *store->agencies);
        memset (store->agencies + store->agency_count, 0,
                (count - store->agency_count) * sizeof *store->agencies);
        for (size_t i = store->agency_count; i < count; i++)
            store->agencies[i].zone = ZONE;
        store->agency_count = count;
    }
    return &store->agencies[number];
}

struct agency *agency_find (const struct store *store, uint64_t number)
{
    return number < store->agency_count ? &store->agencies[number] : NULL;
}

void agency_known (struct store *store, uint64_t number, int zone, struct view name)
{
    struct agency *agency = agency_of (store, number);
    if (!agency)
        return;
    free (agency->name);
    agency->zone = zone;
    agency->name = xstrndup (name.at, name.len);
}

int agency_zone (const struct store *store, uint64_t number)
{
    return number < store->agency_count ? store->agencies[number].zone : ZONE;
}

struct view agency_name (const struct store *store, uint64_t number)
{
    const char *name = number < store->agency_count ? store->agencies[number].name : NULL;
    return name ? view_of (name) : (struct view){NULL, 0};
}

/* ---- news ---------------------------------------------------------------------------------- */

void agency_hint (struct store *store, uint64_t number, unsigned count)
{
    number = number ? number : store->national_desk;
    struct agency *agency = agency_of (store, number);
    if (!agency)
        return;
    agency->news = ++store->agency_clock;
    agency->empty_until = 0;
    if (agency->hinted == 0) {
        agency->next_hinted = store->hinted;
        store->hinted = number;
    }
    agency->hinted += count;
}

void agency_wake (struct store *store)
{
    while (store->hinted) {
        struct agency *agency = &store->agencies[store->hinted];
        unsigned count = agency->hinted;
        agency->hinted = 0;
        store->hinted = agency->next_hinted;
        pull_wake (store, agency, count);
    }
}

bool agency_has_news (const struct store *store, uint64_t number, uint64_t look)
{
    const struct agency *agency = agency_find (store, number);
    return agency && agency->news > look;
}

/* ---- looking for work ---------------------------------------------------------------------- */

bool agency_is_empty (const struct store *store, uint64_t number)
{
    return number < store->agency_count &&
           store->agencies[number].empty_until > reactor_now (store->reactor);
}

uint64_t agency_look (struct store *store)
{
    return ++store->agency_clock;
}

void agency_asked (struct store *store, uint64_t number, uint64_t look)
{
    /* a PULL names whatever it likes: of a number that no row has told nothing is remembered */
    struct agency *agency = agency_find (store, number);
    if (!agency)
        return;
    agency->asked = look;
    agency->has_work = false;
}

void agency_has_work (struct store *store, uint64_t number)
{
    if (number < store->agency_count)
        store->agencies[number].has_work = true;
}

void agency_looked (struct store *store, uint64_t number, uint64_t look)
{
    struct agency *agency = agency_find (store, number);
    if (agency && agency->asked == look && agency->news < look && !agency->has_work)
        agency->empty_until = reactor_now (store->reactor) + EMPTY_MS;
}

/* ---- leases and delays that run out -------------------------------------------------------- */

void agency_runs_out (struct store *store, uint64_t number, uint64_t ms)
{
    struct agency *agency = agency_of (store, number);
    int64_t at = reactor_now (store->reactor) + (int64_t) ms + MARGIN_MS;
    if (!agency)
        return;
    if (agency->runs_out == 0 || at < agency->runs_out)
        agency->runs_out = at;
    if (store->runs_out == 0 || at < store->runs_out)
        store->runs_out = at;
}

void agency_tick (struct store *store)
{
    int64_t now = reactor_now (store->reactor);
    if (store->runs_out == 0 || store->runs_out > now)
        return;
    store->runs_out = 0;
    for (size_t i = 0; i < store->agency_count; i++) {
        struct agency *agency = &store->agencies[i];
        if (agency->runs_out && agency->runs_out <= now) {
            agency->runs_out = 0;
            agency_hint (store, i, 1);
        } else if (agency->runs_out &&
                   (store->runs_out == 0 || agency->runs_out < store->runs_out)) {
            store->runs_out = agency->runs_out;
        }
    }
}

void agency_end (struct store *store)
{
    for (size_t i = 0; i < store->agency_count; i++)
        free (store->agencies[i].name);
    free (store->agencies);
}
