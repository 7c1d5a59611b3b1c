/* notices.c - by which channels news go out, so that the form offers no other.
 *
 * aduan-notifier is the one that sends.  Where it stands in the same settings file its own section says which gateways it has;
 * else, with the public door on a host of its own, `web.notices` does.
 */
#include <string.h>
#include "web.h"

static const char *const words[] = {"whatsapp", "sms", "email"};
/* what a gateway needs to be there (aduan-notifier's own settings) */
static const struct setting gateways[] = {
    {"whatsapp.phone", SETTING_TEXT, "", 0, 0, false, ""},
    {"sms.url", SETTING_TEXT, "", 0, 0, false, ""},
    {"smtp.url", SETTING_TEXT, "", 0, 0, false, ""},
};

/* Bits of the words in `text`, between commas; 0 and *ret_right false: it has others. */
static unsigned bits_of (const char *text, bool *ret_right)
{
    unsigned bits = 0;

    for (*ret_right = true; *ret_right && *text; text += strspn (text, ", ")) {
        size_t len = strcspn (text, ", ");
        *ret_right = false;
        for (unsigned i = 0; i < array_len (words); i++)
            if (len == strlen (words[i]) && strncmp (text, words[i], len) == 0) {
                bits |= 1U << i;
                *ret_right = true;
            }
        text += len;
    }
    return *ret_right ? bits : 0;
}

bool notices_right (const struct settings *settings)
{
    const char *said = settings_text (settings, "notices");
    bool right;

    bits_of (said, &right);
    return right || settings_refuse (settings, "notices",
                                     "some of email, sms, whatsapp, between commas, or empty");
}

unsigned notices_read (const struct settings *settings)
{
    const char *said = settings_text (settings, "notices");
    struct settings *notifier = NULL;
    unsigned bits = 0, has = 0;
    bool right;

    if (settings_load_some (settings_file (settings), "notifier", gateways, array_len (gateways),
                            &notifier) == 0)
        for (unsigned i = 0; i < array_len (gateways); i++)
            has |= *settings_text (notifier, gateways[i].key) ? 1U << i : 0;
    settings_destroy (&notifier);
    if (!*said)
        return has;
    bits = bits_of (said, &right);
    for (unsigned i = 0; i < array_len (words) && has; i++)
        if (bits & ~has & 1U << i)
            log_warning ("web.notices names %s, for which section notifier of this file has no "
                         "gateway (%s): such news would wait; leave web.notices empty",
                         words[i], gateways[i].key);
    return bits;
}

bool notices_go (const struct web *web, const char *channel)
{
    for (unsigned i = 0; i < array_len (words); i++)
        if (strcmp (channel, words[i]) == 0)
            return web->notices & 1U << i;
    return false;
}

const char *notices_way (const struct web *web, const char *contact, const char *chosen)
{
    if (strchr (contact, '@'))
        return "email";
    if (strcmp (chosen, "email") != 0 || !phone_valid (view_of (contact)))
        return chosen;
    return notices_go (web, "whatsapp") ? "whatsapp" : notices_go (web, "sms") ? "sms" : chosen;
}

void notices_offer (struct visit *visit, const char *chosen)
{
    json_t *offered = json_array ();

    for (unsigned i = 0; i < array_len (words); i++)
        if (visit->web->notices & 1U << i)
            json_array_append_new (offered, json_pack ("{s:s, s:b}", "kind", words[i], "chosen",
                                                       chosen && strcmp (chosen, words[i]) == 0));
    json_object_set_new (visit->values, "kinds", offered);
}
