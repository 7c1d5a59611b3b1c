/* gateway.c - what the doors of SMS, WhatsApp and mail share. */
#include "gateway.h"

#include <netinet/in.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>
#include <utlist.h>
#include "domain/number.h"
#include "limit.h"

#define SECRET_MOST   512
#define SECRET_LEAST  16
#define PREFIX_MOST   64
#define ANSWERED_MOST 4096
#define STACK_BYTES   33554432 /* gmime follows parts within parts */

/* ---- secrets ------------------------------------------------------------------------------------- */

bool secret_same (const char *secret, const char *shown)
{
    uint8_t a[32], b[32];

    if (!*secret || !shown)
        return false;
    crypto_generichash (a, sizeof a, (const uint8_t *) secret, strlen (secret), NULL, 0);
    crypto_generichash (b, sizeof b, (const uint8_t *) shown, strlen (shown), NULL, 0);
    return sodium_memcmp (a, b, sizeof a) == 0;
}

/* A process of this host that no proxy speaks for. */
static bool is_near (const struct visit *visit)
{
    const struct sockaddr *peer = http_peer (visit->request);
    bool loopback = false;

    if (peer && peer->sa_family == AF_INET)
        loopback =
            ntohl (((const struct sockaddr_in *) (const void *) peer)->sin_addr.s_addr) >> 24 ==
            127;
    else if (peer && peer->sa_family == AF_INET6)
        loopback =
            IN6_IS_ADDR_LOOPBACK (&((const struct sockaddr_in6 *) (const void *) peer)->sin6_addr);
    return loopback && !http_has (visit->request, "X-Forwarded-For") &&
           !http_has (visit->request, "Forwarded") && !http_has (visit->request, "Via");
}

/* "Basic " and base64 of "name:password". */
static bool basic_right (const char *secret, const char *header)
{
    char clear[SECRET_MOST + 128];
    size_t len;

    if (!header || strncasecmp (header, "Basic ", 6) != 0 ||
        sodium_base642bin ((uint8_t *) clear, sizeof clear - 1, header + 6, strlen (header + 6),
                           NULL, &len, NULL, sodium_base64_VARIANT_ORIGINAL) != 0)
        return false;
    clear[len] = '\0';
    const char *password = strchr (clear, ':');
    bool right = secret_same (secret, password ? password + 1 : NULL);
    sodium_memzero (clear, sizeof clear);
    return right;
}

bool gateway_proved (const struct visit *visit, bool near)
{
    const char *secret = visit->web->gateways->secret;

    return (near && is_near (visit)) ||
           secret_same (secret, http_query (visit->request, "secret")) ||
           secret_same (secret, http_header (visit->request, "X-Aduan-Secret")) ||
           basic_right (secret, http_header (visit->request, "Authorization"));
}

bool gateway_guard (struct visit *visit, bool near)
{
    if (gateway_proved (visit, near))
        return true;
    metric_add (web_gateway_unproved_total, 1);
    visit_refuse (visit, 401, "secret");
    return false;
}

/* ---- how much is answered ------------------------------------------------------------------------ */

/* Who was answered last, by his hash, and on what. */
struct answered {
    uint8_t sender[ADUAN_SENDER_SIZE];
    uint8_t last[16];
};

static struct answered *answered_place (struct gateways *gateways,
                                        const uint8_t sender[ADUAN_SENDER_SIZE])
{
    return &gateways->answered[(sender[0] | (unsigned) sender[1] << 8) % ANSWERED_MOST];
}

static bool answered_is (const struct answered *place, const uint8_t sender[ADUAN_SENDER_SIZE],
                         const uint8_t *name)
{
    return memcmp (place->sender, sender, sizeof place->sender) == 0 &&
           memcmp (place->last, name, sizeof place->last) == 0;
}

bool gateway_answers (struct gateways *gateways, const uint8_t sender[ADUAN_SENDER_SIZE],
                      const uint8_t *name, struct tally *tally)
{
    struct answered *place = answered_place (gateways, sender);

    if (answered_is (place, sender, name))
        return true;
    if (limit_take (gateways->web->limits, LIMIT_answer,
                    (struct view){(const char *) sender, ADUAN_SENDER_SIZE}, tally) != 0)
        return false;
    memcpy (place->sender, sender, sizeof place->sender);
    memcpy (place->last, name, sizeof place->last);
    return true;
}

void gateway_unanswered (struct gateways *gateways, const uint8_t sender[ADUAN_SENDER_SIZE],
                         const uint8_t *name, struct tally *tally)
{
    struct answered *place = answered_place (gateways, sender);

    if (tally->count && answered_is (place, sender, name))
        *place = (struct answered){0};
    tally_back (gateways->web->limits, tally);
}

struct told_message {
    uint8_t name[16];
};

static struct told_message *told_place (const struct gateways *gateways, const uint8_t *name)
{
    return &gateways->told[(name[0] | (unsigned) name[1] << 8) % ANSWERED_MOST];
}

void gateway_told (struct gateways *gateways, const uint8_t *name)
{
    struct told_message *place = told_place (gateways, name);
    memcpy (place->name, name, sizeof place->name);
}

bool gateway_was_told (const struct gateways *gateways, const uint8_t *name)
{
    const struct told_message *place = told_place (gateways, name);
    return memcmp (place->name, name, sizeof place->name) == 0;
}

void gateway_text (const char *text, const char *number, const char *code, struct buffer *out)
{
    const struct {
        const char *place, *value;
    } values[] = {{"{number}", number}, {"{code}", code}};

    while (*text) {
        size_t taken = 0;
        for (size_t i = 0; i < array_len (values) && !taken; i++)
            if (strncmp (text, values[i].place, strlen (values[i].place)) == 0) {
                buffer_add (out, values[i].value, strlen (values[i].value));
                taken = strlen (values[i].place);
            }
        if (!taken)
            buffer_add (out, text, 1);
        text += taken ? taken : 1;
    }
    buffer_add (out, "", 1);
}

/* ---- settings ------------------------------------------------------------------------------------ */

bool gateways_right (const struct settings *settings)
{
    const char *mail = settings_text (settings, "mail.address"),
               *url = settings_text (settings, "whatsapp.url");
    bool right = true;

    if (*mail && !address_valid (view_of (mail)))
        right = settings_refuse (settings, "mail.address",
                                 "a plain mail address, as aduan@example.go.id");
    if (strncmp (url, "https://", 8) != 0 && strncmp (url, "http://", 7) != 0)
        right = settings_refuse (settings, "whatsapp.url", "an http:// or https:// address");
    return right;
}

/* One line of a file; "" and *ret_fail 0: there is no such file; NULL: it cannot be used. */
static char *secret_line (const struct settings *settings, const char *key)
{
    const char *path = settings_text (settings, key);
    char *text = NULL;
    size_t len;

    if (!*path)
        return xstrdup ("");
    int fail = file_read (path, SECRET_MOST, &text, &len);
    if (fail == FAIL_ABSENT)
        return xstrdup ("");
    if (fail == 0) {
        text[strcspn (text, "\r\n")] = '\0';
        if (strlen (text) >= SECRET_LEAST)
            return text;
        free (text);
    }
    log_error ("web.%s: '%s' cannot be used%s%s; it must be a file with one line of %d to %d signs",
               key, path, fail ? ": " : "", fail ? fail_text (fail) : "", SECRET_LEAST,
               SECRET_MOST);
    return NULL;
}

/* "LAPOR, BDG SEMARANG": words, in capitals. */
static void prefixes_take (struct gateways *gateways, const char *text)
{
    char *rest, *word;
    size_t count = 0;

    gateways->prefix_text = xstrdup (text);
    gateways->prefixes = xcalloc (PREFIX_MOST + 1, sizeof *gateways->prefixes);
    for (word = strtok_r (gateways->prefix_text, ", ", &rest); word && count < PREFIX_MOST;
         word = strtok_r (NULL, ", ", &rest))
        gateways->prefixes[count++] = word;
}

static int reply_key_open (struct gateways *gateways, const struct settings *settings)
{
    const char *path = settings_text (settings, "reply_key");
    int fail = number_read_key (path, gateways->reply_key);

    gateways->has_reply_key = fail == 0;
    if (fail == FAIL_ABSENT)
        log_warning (
            "web.reply_key: '%s' is absent: answers, bounces and delivery reports are not known for what they are; "
            "it is aduan-notifier's keys/reply.key",
            path);
    else if (fail)
        log_error ("web.reply_key: '%s' is no file of 64 hexadecimal digits", path);
    return fail == 0 || fail == FAIL_ABSENT ? 0 : EX_CONFIG;
}

static int secrets_open (struct gateways *gateways, const struct settings *settings)
{
    gateways->secret = secret_line (settings, "gateway_secret");
    gateways->whatsapp_secret = secret_line (settings, "whatsapp.secret");
    gateways->whatsapp_verify = secret_line (settings, "whatsapp.verify");
    gateways->whatsapp_token = secret_line (settings, "whatsapp.token");
    return gateways->secret && gateways->whatsapp_secret && gateways->whatsapp_verify &&
                   gateways->whatsapp_token
               ? reply_key_open (gateways, settings)
               : EX_CONFIG;
}

bool gateway_hold (struct gateways *gateways, size_t len)
{
    size_t held = atomic_load (&gateways->held);

    do
        if (held > gateways->room || len > gateways->room - held)
            return false;
    while (!atomic_compare_exchange_weak (&gateways->held, &held, held + len));
    return true;
}

void gateway_give (struct gateways *gateways, size_t len)
{
    size_t before = atomic_fetch_sub (&gateways->held, len);
    check (before >= len);
}

size_t gateway_held (struct gateways *gateways)
{
    return atomic_load (&gateways->held);
}

int gateways_open (struct web *web, const struct settings *settings, struct gateways **ret)
{
    struct gateways *gateways = xcalloc (1, sizeof *gateways);

    *ret = gateways;
    gateways->web = web;
    gateways->answered = xcalloc (ANSWERED_MOST, sizeof *gateways->answered);
    gateways->told = xcalloc (ANSWERED_MOST, sizeof *gateways->told);
    gateways->room = (size_t) settings_number (settings, "gateway_bytes");
    gateways->mail_address = xstrdup (settings_text (settings, "mail.address"));
    gateways->whatsapp_url = xstrdup (settings_text (settings, "whatsapp.url"));
    prefixes_take (gateways, settings_text (settings, "sms.prefixes"));
    int status = secrets_open (gateways, settings);
    if (status)
        return status;
    gateways->reading = aside_new (web->reactor, STACK_BYTES);
    gateways->fetching = aside_new (web->reactor, 0);
    reports_open (gateways, settings_text (settings, "run"));
    return maildir_open (gateways, settings_text (settings, "maildir"),
                         settings_number (settings, "maildir_every"));
}

void gateways_drain (struct gateways *gateways)
{
    sms_parts_drop (gateways);
    maildir_close (gateways);
}

void gateways_stop (struct gateways *gateways)
{
    if (!gateways)
        return;
    gateways_drain (gateways);
    aside_destroy (&gateways->fetching);
    aside_destroy (&gateways->reading);
    reports_close (gateways);
    if (gateways->part_timer)
        reactor_timer_forget (&gateways->part_timer);
}

void gateways_close (struct gateways **held)
{
    struct gateways *gateways = *held;

    if (!gateways)
        return;
    *held = NULL;
    text_wipe (gateways->secret);
    text_wipe (gateways->whatsapp_secret);
    text_wipe (gateways->whatsapp_verify);
    text_wipe (gateways->whatsapp_token);
    free (gateways->prefixes);
    free (gateways->prefix_text);
    free (gateways->mail_address);
    free (gateways->whatsapp_url);
    free (gateways->answered);
    free (gateways->told);
    free (gateways);
}
