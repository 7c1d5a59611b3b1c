/* twice.c - a button pressed twice takes one case.
 *
 * Acts and orders have keys of their own, by which the store does them once; a pull has none, and twice takes two cases.  So
 * the desk remembers for a minute what a form of "take the next case" was answered: the second click waits for the first's
 * answer, or has it at once.  Where the desk starts anew in between, a case more is taken: it stands in his inbox until its
 * lease is over.
 *
 *   a place: FREE -> UNDER_WAY -> DONE -> FREE (after a minute, or for another)
 *
 * The table is fixed; where all places that a key may have are UNDER_WAY, a pull goes on unremembered.
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include "desk.h"

#define SETS     128
#define WAYS     8
#define KEPT_MS  60000
#define LATER_MS 5000

enum press_state { PRESS_FREE, PRESS_UNDER_WAY, PRESS_DONE };

struct press {
    enum press_state state;
    uint8_t tag[16]; /* of session and key */
    int64_t since;   /* mono_ms */
    struct visit *first, *waiting;
    char path[64]; /* DONE */
};

struct twice {
    struct press sets[SETS][WAYS];
};

struct twice *twice_new (void)
{
    return xcalloc (1, sizeof (struct twice));
}

void twice_free (struct twice **held)
{
    free (*held);
    *held = NULL;
}

static bool tag_of (struct visit *visit, uint8_t ret[16])
{
    struct id key;
    const char *text = visit->api ? NULL : visit_said (visit, "key");

    if (!text || id_parse (text, &key) != 0)
        return false;
    crypto_generichash (ret, 16, key.at, sizeof key.at, visit->session, SESSION_BYTES);
    return true;
}

bool twice_seen (struct visit *visit)
{
    struct press *set, *place = NULL;
    int64_t now = mono_ms ();
    uint8_t tag[16];

    if (!tag_of (visit, tag))
        return false;
    set = visit->desk->twice->sets[tag[15] % SETS];
    for (unsigned i = 0; i < WAYS; i++) {
        struct press *press = &set[i];
        if (press->state == PRESS_DONE && now - press->since > KEPT_MS)
            press->state = PRESS_FREE;
        if (press->state != PRESS_FREE && memcmp (press->tag, tag, sizeof tag) == 0) {
            if (press->state == PRESS_DONE) {
                http_redirect (visit->request, press->path);
            } else {
                visit->next_waiting = press->waiting;
                press->waiting = visit;
            }
            return true;
        }
        if (press->state == PRESS_FREE)
            place = press;
        else if (press->state == PRESS_DONE &&
                 (!place || (place->state == PRESS_DONE && press->since < place->since)))
            place = press;
    }
    if (place) {
        *place = (struct press){.state = PRESS_UNDER_WAY, .since = now, .first = visit};
        memcpy (place->tag, tag, sizeof tag);
    }
    return false;
}

static struct press *press_of (struct visit *visit)
{
    struct press *set;
    uint8_t tag[16];

    if (!tag_of (visit, tag))
        return NULL;
    set = visit->desk->twice->sets[tag[15] % SETS];
    for (unsigned i = 0; i < WAYS; i++)
        if (set[i].state == PRESS_UNDER_WAY && set[i].first == visit)
            return &set[i];
    return NULL;
}

void twice_answer (struct visit *visit, bool took, const char *path, unsigned status,
                   const char *why)
{
    struct press *press = press_of (visit);
    struct visit *waiting = press ? press->waiting : NULL;

    if (press) {
        press->first = press->waiting = NULL;
        press->since = mono_ms ();
        press->state = took && strlen (path) < sizeof press->path ? PRESS_DONE : PRESS_FREE;
        snprintf (press->path, sizeof press->path, "%s", took ? path : "");
    }
    while (visit) {
        if (!path && status == 503)
            http_later (visit->request, LATER_MS);
        if (path)
            http_redirect (visit->request, path);
        else
            visit_refuse (visit, status, why);
        visit = waiting;
        waiting = waiting ? waiting->next_waiting : NULL;
    }
}
