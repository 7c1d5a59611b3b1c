/* stops.c - by which hash an address is known whose owner wants no news, whoever names it (docs/channels.md, "No news from anybody").
 *
 * Called by report.c, when he says so, and by claim.c, before something is sent there.  The store keeps the hash alone; the key is
 * this program's and aduan-web's, so that a telephone book cannot be tried on the table.
 */
#include <ctype.h>
#include <sodium.h>
#include <string.h>
#include "domain/token.h"
#include "notifier.h"
#include "short.h"

/* Another use of the reply key than its tokens, which begin with a byte below 32. */
#define USE "stops"

/* Neither capitals nor what stands behind a plus make another mailbox. */
static void mailbox (struct view address, struct buffer *out)
{
    const char *at = memchr (address.at, '@', address.len);
    const char *plus = at ? memchr (address.at, '+', (size_t) (at - address.at)) : NULL;

    for (const char *sign = address.at; sign < address.at + address.len; sign++)
        if (!plus || sign < plus || sign >= at)
            buffer_add (out, &(char){(char) tolower ((unsigned char) *sign)}, 1);
}

bool who_of (const struct notifier *notifier, const struct contact *contact, uint8_t ret[WHO_LEN])
{
    struct buffer clear = {0};
    char phone[24] = "";

    if (!notifier->head.reply_key)
        return false;
    buffer_add (&clear, USE, sizeof USE);
    size_t head = clear.len;
    if (view_is (contact->kind, "email") && address_valid (contact->address))
        mailbox (contact->address, &clear);
    else if (short_phone (contact->address, notifier->country, phone) == 0)
        buffer_add (&clear, phone, strlen (phone));
    bool found = clear.len > head;
    if (found)
        crypto_generichash (ret, WHO_LEN, (const uint8_t *) clear.at, clear.len,
                            notifier->head.reply_key, REPLY_KEY_LEN);
    sodium_memzero (phone, sizeof phone);
    sodium_memzero (clear.at, clear.len);
    buffer_free (&clear);
    return found;
}

bool who_among (const uint8_t who[WHO_LEN], struct view list)
{
    for (size_t at = 0; at + WHO_LEN <= list.len; at += WHO_LEN)
        if (memcmp (list.at + at, who, WHO_LEN) == 0)
            return true;
    return false;
}
