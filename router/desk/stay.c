/* stay.c - whoever reads for long stays logged in.
 *
 * Orders, acts and PULLs carry a session on by themselves; pages are read through aduan-query, which writes
 * nothing.  So the desk says `renew_session` for whoever was shown one, at most every STAY_MS.  What was said is
 * remembered by place: two sessions at one place only say it more often.  Whoever is remembered need not be asked for before a
 * large body of his is taken. */
#include <sodium.h>
#include <string.h>
#include "desk.h"

#define STAY_MS  300000  /* a sixth of the usual idle time */
#define KNOWN_MS 1800000 /* and all of it */

static void on_said (void *with, const struct aduan_ordered *ordered)
{
    (void) with;
    (void) ordered; /* a session that is over will be seen at the next page */
}

static struct stay *stay_of (struct desk *desk, const uint8_t session[SESSION_BYTES],
                             uint8_t ret_hash[16])
{
    crypto_generichash (ret_hash, 16, session, SESSION_BYTES, NULL, 0);
    return &desk->stays[(unsigned) (ret_hash[8] << 8 | ret_hash[9]) % array_len (desk->stays)];
}

void stay_on (struct visit *visit)
{
    struct desk *desk = visit->desk;
    struct aduan_order renew = {.order = "renew_session", .session = visit->session};
    int64_t now = mono_ms ();
    uint8_t hash[16];
    struct stay *stay = stay_of (desk, visit->session, hash);

    if (memcmp (stay->tag, hash, sizeof stay->tag) == 0 && now - stay->said < STAY_MS)
        return;
    memcpy (stay->tag, hash, sizeof stay->tag);
    stay->said = now;
    aduan_order_start (desk->aduan, &renew, 10000, on_said, NULL);
}

bool stay_known (struct desk *desk, const uint8_t session[SESSION_BYTES])
{
    uint8_t hash[16];
    const struct stay *stay = stay_of (desk, session, hash);

    return stay->said && mono_ms () - stay->said < KNOWN_MS &&
           memcmp (stay->tag, hash, sizeof stay->tag) == 0;
}

static void on_somebody (struct visit *visit)
{
    bool found = json_array_size (json_object_get (visit->values, "somebody")) > 0;

    json_object_del (visit->values, "somebody");
    if (visit->fault && stay_known (visit->desk, visit->session)) {
        visit->fault = 0;
        found = true;
    }
    if (found) {
        visit->proved (visit);
        return;
    }
    visit_typed (visit);
    visit_refuse (visit, visit->fault ? visit->fault : 401, visit->fault ? visit->why : "session");
}

void stay_prove (struct visit *visit, void (*then) (struct visit *visit))
{
    static const struct question somebody = {"somebody", "desk_self", false, {NULL}};

    visit->proved = then;
    page_ask (visit, &somebody, on_somebody);
}
