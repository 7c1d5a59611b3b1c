/* notifier.c - the program's settings and its life: start, reload, drain, stop.
 *
 * Without any gateway nothing is claimed: notices wait in the outbox, and one line says so.  A wrong
 * setting is found here, before the first claim, and never by the first reporter's notice.
 */
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include "cache/cache.h"
#include "domain/number.h"
#include "notifier.h"

const struct setting notifier_settings[] = {
    {"smtp.url", SETTING_TEXT, "", 0, 0, false,
     "mail gateway, as smtp://127.0.0.1:25; empty: notices wait in the outbox"},
    {"smtp.from", SETTING_TEXT, "", 0, 0, false, "sender's address; empty: aduan@ and the domain"},
    {"smtp.name", SETTING_TEXT, "Aduan", 0, 0, false, "sender's name"},
    {"smtp.user", SETTING_TEXT, "", 0, 0, false, "login at the gateway; empty: none"},
    {"smtp.password", SETTING_PATH, "", 0, 0, false, "path of the file with the login's password"},
    {"smtp.tls", SETTING_TEXT, "try", 0, 0, false, "none, try or all (required)"},
    {"smtp.connect", SETTING_DURATION, "10s", 100, 120000, false,
     "time for connecting to the gateway"},
    {"smtp.letter", SETTING_DURATION, "60s", 500, 600000, false,
     "time for one letter, from connecting to the gateway's last reply"},
    {"sms.url", SETTING_TEXT, "", 0, 0, false,
     "Kannel's sendsms, as http://127.0.0.1:13013/cgi-bin/sendsms; empty: notices by SMS wait"},
    {"sms.user", SETTING_TEXT, "", 0, 0, false, "name of Kannel's sendsms-user"},
    {"sms.password", SETTING_PATH, "", 0, 0, false, "path of the file with its password"},
    {"sms.from", SETTING_TEXT, "", 0, 0, false, "sender's number; empty: Kannel's own"},
    {"sms.country", SETTING_TEXT, "62", 0, 0, false,
     "country's code of numbers that begin with 0; for WhatsApp, too"},
    {"sms.report", SETTING_TEXT, "", 0, 0, false,
     "where Kannel tells delivery reports, as http://127.0.0.1:8311/gateway/sms/report; empty: nowhere"},
    {"sms.parallel", SETTING_NUMBER, "2", 1, 16, false, "messages under way at once"},
    {"sms.connect", SETTING_DURATION, "5s", 100, 120000, false, "time for connecting to Kannel"},
    {"sms.message", SETTING_DURATION, "20s", 500, 600000, false, "time for one message"},
    {"sms.segments", SETTING_NUMBER, "2", 1, 10, false,
     "segments of a message; a longer one says only that there is news"},
    {"sms.recipient", SETTING_NUMBER, "10", 1, 1000, false, "segments a day for one number"},
    {"sms.day", SETTING_NUMBER, "5000", 1, 10000000, false, "segments a day in all"},
    {"whatsapp.url", SETTING_TEXT, "https://graph.facebook.com/v21.0", 0, 0, false,
     "base address of Meta's Cloud API"},
    {"whatsapp.phone", SETTING_TEXT, "", 0, 0, false,
     "Meta's number of the sending telephone; empty: notices by WhatsApp wait"},
    {"whatsapp.token", SETTING_PATH, "", 0, 0, false, "path of the file with the bearer token"},
    {"whatsapp.template", SETTING_TEXT, "aduan_news", 0, 0, false,
     "name of the approved message template, in id and en, with the number as its one parameter"},
    {"whatsapp.parallel", SETTING_NUMBER, "2", 1, 16, false, "messages under way at once"},
    {"whatsapp.connect", SETTING_DURATION, "5s", 100, 120000, false, "time for connecting to Meta"},
    {"whatsapp.message", SETTING_DURATION, "20s", 500, 600000, false, "time for one message"},
    {"redis", SETTING_TEXT, "", 0, 0, false,
     "where what was spent is kept, as unix:/run/aduan/redis.sock or tcp://127.0.0.1:6379; empty: each process counts for itself"},
    {"night.from", SETTING_NUMBER, "21", 0, 23, true,
     "hour of the case's zone from which SMS and WhatsApp wait, emergencies excepted"},
    {"night.to", SETTING_NUMBER, "7", 0, 23, true, "hour until which they wait; the same: never"},
    {"domain", SETTING_TEXT, "aduan.localdomain", 0, 0, false,
     "this installation's mail domain: EHLO, Message-ID"},
    {"parallel", SETTING_NUMBER, "4", 1, 64, false, "mails under way at once"},
    {"claim", SETTING_NUMBER, "16", 1, 64, true,
     "notices in hand at once, also those that only wait to be told; at most so many become "
     "unknown when this program dies"},
    {"scan", SETTING_DURATION, "5s", 100, 3600000, true,
     "how often the outbox is looked at without a hint"},
    {"tracking", SETTING_TEXT, "", 0, 0, false,
     "base of tracking addresses, as https://aduan.example/t/; empty: letters name none"},
    {"desk", SETTING_TEXT, "", 0, 0, false,
     "address of the desk, as https://desk.example/; empty: what officers get names none"},
    {"stop", SETTING_TEXT, "", 0, 0, false,
     "base of the addresses by which a mail's reader ends its news, as https://aduan.example/stop/; empty: by a mail alone"},
    {"webhook.hosts", SETTING_TEXT, "", 0, 0, false,
     "hosts that webhooks may go to at whatever address, spaces between; * beside them: every other one at public "
     "addresses, too; empty: every one at public addresses"},
    {"webhook.ca", SETTING_PATH, "", 0, 0, false,
     "file of the authorities that webhooks' hosts are checked by; empty: the system's"},
    {"webhook.wait", SETTING_DURATION, "5s", 100, 30000, false,
     "time for one webhook, from the look-up of its host to the end of its answer"},
    {"webhook.scan", SETTING_DURATION, "1s", 100, 3600000, false,
     "how often the store is asked for webhooks that are due"},
    {"webhook.parallel", SETTING_NUMBER, "4", 0, 32, false,
     "webhooks under way at once, a thread each; 0: this program sends none"},
};
const size_t notifier_settings_len = array_len (notifier_settings);

/* "http://" or "https://" and printable ASCII without white space; it is pasted before a number. */
static bool base_valid (const char *base)
{
    if (!*base)
        return true;
    if (strncmp (base, "http://", 7) != 0 && strncmp (base, "https://", 8) != 0)
        return false;
    for (const char *at = base; *at; at++)
        if (*at <= ' ' || *at >= 127)
            return false;
    return strlen (base) <= 300;
}

/* The sender's address; the caller frees it. */
static char *sender_of (const struct settings *settings)
{
    const char *from = settings_text (settings, "smtp.from");
    return *from ? xstrdup (from) : xformat ("aduan@%s", settings_text (settings, "domain"));
}

bool notifier_settings_right (const struct settings *settings)
{
    const char *name = settings_text (settings, "smtp.name");
    char *from = sender_of (settings);
    struct buffer words = {0};
    bool right = gateways_right (settings);

    bool named = header_words (view_of (name), &words) == 0 && words.len <= 200 &&
                 !strpbrk (name, "\"<>@,;:()[]\\");
    buffer_free (&words);
    if (!domain_valid (view_of (settings_text (settings, "domain"))))
        right = settings_refuse (settings, "domain",
                                 "a host name of letters, digits, hyphens and dots");
    else if (!address_valid (view_of (from)))
        right =
            settings_refuse (settings, "smtp.from", "a plain mail address, as aduan@example.go.id");
    if (!named)
        right = settings_refuse (settings, "smtp.name", "a name without \" < > @ , ; : ( ) [ ] \\");
    if (!base_valid (settings_text (settings, "tracking")))
        right = settings_refuse (settings, "tracking", "an http:// or https:// address, or empty");
    if (!cache_where_valid (settings_text (settings, "redis")))
        right = settings_refuse (settings, "redis", "unix:/PATH or tcp://ADDRESS:PORT, or empty");
    if (!base_valid (settings_text (settings, "desk")))
        right = settings_refuse (settings, "desk", "an http:// or https:// address, or empty");
    if (*settings_text (settings, "stop") &&
        (!base_valid (settings_text (settings, "stop")) ||
         strncmp (settings_text (settings, "stop"), "https://", 8) != 0))
        right = settings_refuse (settings, "stop", "an https:// address (RFC 8058), or empty");
    free (from);
    return right;
}

static void at_known (void *owner)
{
    claim_turn (owner);
}

static void head_set (struct notifier *notifier, const struct settings *settings, char *from)
{
    notifier->texts[0] = from;
    notifier->texts[1] = xstrdup (settings_text (settings, "smtp.name"));
    notifier->texts[2] = xstrdup (settings_text (settings, "domain"));
    notifier->texts[3] = xstrdup (settings_text (settings, "tracking"));
    notifier->texts[4] = xstrdup (settings_text (settings, "desk"));
    notifier->texts[5] = xstrdup (settings_text (settings, "stop"));
    notifier->head = (struct letterhead){.from = notifier->texts[0],
                                         .name = notifier->texts[1],
                                         .domain = notifier->texts[2],
                                         .tracking = notifier->texts[3],
                                         .desk = notifier->texts[4],
                                         .stop = notifier->texts[5]};
}

/* Without the key nobody could tell an answer or a delivery report of ours from somebody else's. */
static int reply_key_read (struct notifier *notifier)
{
    char *path = xformat ("%s/reply.key", notifier->keys);
    int fail = number_read_key (path, notifier->reply_key);
    if (fail == FAIL_ABSENT)
        log_warning (
            "%s is absent: mails get no address that answers and bounces are known by, SMS no "
            "delivery reports; make it as 64 hexadecimal digits, for aduan-web, too",
            path);
    else if (fail)
        log_error ("%s: %s: it must be 64 hexadecimal digits", path, fail_text (fail));
    notifier->head.reply_key = fail ? NULL : notifier->reply_key;
    free (path);
    return fail == 0 || fail == FAIL_ABSENT ? 0 : EX_CONFIG;
}

int notifier_start (struct reactor *reactor, const struct settings *settings, void **ret_state)
{
    struct notifier *notifier = xcalloc (1, sizeof *notifier);
    notifier->reactor = reactor;
    head_set (notifier, settings, sender_of (settings));
    notifier->keys = xformat ("%s/keys", settings_text (settings, "data"));
    notifier->country = xstrdup (settings_text (settings, "sms.country"));
    notifier_reload (notifier, settings);
    void *state = notifier;
    int status = reply_key_read (notifier);
    if (!status)
        status = gateways_open (notifier->gateways, reactor, settings, &notifier->head,
                                on_errand_done, notifier);
    if (status) {
        notifier_stop (&state);
        return status;
    }
    notifier->timer = reactor_timer (reactor, mono_ms () + notifier->scan_ms, at_scan, notifier);
    struct spending_limits limits = {.recipient =
                                         (unsigned) settings_number (settings, "sms.recipient"),
                                     .all = (unsigned) settings_number (settings, "sms.day")};
    notifier->spending =
        spending_new (reactor, settings_text (settings, "redis"), limits, at_known, notifier);
    notifier->webhooks = webhooks_new (reactor, settings, &notifier->store);
    char *endpoint = xformat ("ipc://%s/outbox.sock", settings_text (settings, "run"));
    notifier->store = link_connect (reactor, endpoint, NULL, "notifier", &claim_hooks, notifier);
    free (endpoint);
    if (reports_listen (notifier, settings_text (settings, "run")) != 0) {
        notifier_stop (&state);
        return EX_UNAVAILABLE;
    }
    *ret_state = notifier;
    return 0;
}

void notifier_reload (void *state, const struct settings *settings)
{
    struct notifier *notifier = state;

    notifier->claim = (unsigned) settings_number (settings, "claim");
    notifier->scan_ms = settings_number (settings, "scan");
    notifier->night_from = (unsigned) settings_number (settings, "night.from");
    notifier->night_to = (unsigned) settings_number (settings, "night.to");
}

bool notifier_drain (void *state)
{
    struct notifier *notifier = state;
    bool posted = webhooks_drain (notifier->webhooks);
    return claim_drain (notifier) && posted;
}

void notifier_stop (void **state)
{
    struct notifier *notifier = *state;

    if (!notifier)
        return;
    *state = NULL;
    gateways_close (notifier->gateways);
    if (notifier->store)
        link_destroy (&notifier->store); /* gives back, as every loss of the link */
    webhooks_destroy (&notifier->webhooks);
    spending_free (&notifier->spending);
    claim_end (notifier);
    reports_forget (notifier);
    listener_destroy (&notifier->webs);
    if (notifier->timer)
        reactor_timer_forget (&notifier->timer);
    for (size_t i = 0; i < array_len (notifier->texts); i++)
        free (notifier->texts[i]);
    free (notifier->country);
    free (notifier->keys);
    free (notifier);
}

bool notifier_show (void *state, const char *what, struct buffer *out)
{
    const struct notifier *notifier = state;
    if (strcmp (what, "notices") == 0)
        claim_show (notifier, out);
    else if (strcmp (what, "webhooks") == 0)
        webhooks_show (notifier->webhooks, out);
    else
        return false;
    return true;
}
