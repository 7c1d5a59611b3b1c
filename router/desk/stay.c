/* stay.c - whoever reads for long stays logged in.
 *
 * Orders, acts and PULLs carry a session on by themselves; pages are read through aduan-query, which writes
 * nothing.  So the desk says `renew_session` for whoever was shown one, at most every STAY_MS.  What was said is
 * remembered by place: two sessions at one place only say it more often. */
#include <sodium.h>
#include <string.h>
#include "desk.h"

#define STAY_MS 300000 /* a sixth of the usual idle time */

static void on_said (void *with, const struct aduan_ordered *ordered)
{
    (void) with;
    (void) ordered; /* a session that is over will be seen at the next page */
}

void stay_on (struct visit *visit)
{
    struct desk *desk = visit->desk;
    struct aduan_order renew = {.order = "renew_session", .session = visit->session};
    int64_t now = mono_ms ();
    uint8_t hash[16];

    crypto_generichash (hash, sizeof hash, visit->session, SESSION_BYTES, NULL, 0);
    struct stay *stay = &desk->stays[(unsigned) (hash[8] << 8 | hash[9]) % array_len (desk->stays)];
    if (memcmp (stay->tag, hash, sizeof stay->tag) == 0 && now - stay->said < STAY_MS)
        return;
    memcpy (stay->tag, hash, sizeof stay->tag);
    stay->said = now;
    aduan_order_start (desk->aduan, &renew, 10000, on_said, NULL);
}
