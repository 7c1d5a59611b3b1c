/* sms.c - SMS by Kannel: one GET of its `sendsms` for each notice (PEERS 5.1).
 *
 * "0: Accepted for delivery" and "3: Queued for later delivery" say that Kannel has it, not that anybody got it; what
 * comes of it Kannel tells aduan-web at the address that we name, with the notice's token, and aduan-web tells us
 * (report.c).  The login travels in the URL, since Kannel has no other way: loopback or a private network only.
 *
 * What may be spent: a message of more than `sms.segments` segments says only that there is news; beyond the day's
 * segments of a recipient, or of all, notices wait for the next morning (spending.h).
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include "domain/token.h"
#include "notifier.h"
#include "short.h"
#include "words.h"

#define REPORT_MASK 19 /* delivered, failed, refused by the operator: the final ones */

struct sms {
    const struct letterhead *head;
    char *url, *user, *password, *from, *report, *country; /* owned */
    unsigned segments;
};

/* ---- on a courier's thread ------------------------------------------------------------------- */

/* "&name=value", escaped. */
static void query_add (CURL *easy, struct buffer *url, const char *name, const char *value,
                       size_t len)
{
    char *escaped = curl_easy_escape (easy, value, (int) len);
    check (escaped != NULL);
    buffer_format (url, "%c%s=%s", url->len && memchr (url->at, '?', url->len) ? '&' : '?', name,
                   escaped);
    sodium_memzero (escaped, strlen (escaped));
    curl_free (escaped);
}

static void text_add (CURL *easy, struct buffer *url, const char *name, const char *value)
{
    query_add (easy, url, name, value, strlen (value));
}

static void sms_carry (void *own, CURL *easy, struct errand *errand)
{
    const struct sms *sms = own;
    const struct letter *letter = &errand->letter;
    struct buffer url = {0}, report = {0};
    bool ucs2;

    (void) short_segments ((struct view){letter->text.at, letter->text.len}, &ucs2);
    buffer_format (&url, "%s", sms->url);
    text_add (easy, &url, "username", sms->user);
    text_add (easy, &url, "password", sms->password);
    if (*sms->from)
        text_add (easy, &url, "from", sms->from);
    text_add (easy, &url, "to", letter->to);
    text_add (easy, &url, "charset", "UTF-8");
    text_add (easy, &url, "coding", ucs2 ? "2" : "0");
    query_add (easy, &url, "text", letter->text.at, letter->text.len);
    if (*sms->report && *letter->token) {
        buffer_format (&report, "%s?notice=%s&state=%%d", sms->report, letter->token);
        buffer_format (&url, "&dlr-mask=%d", REPORT_MASK);
        query_add (easy, &url, "dlr-url", report.at, report.len);
    }
    buffer_add (&url, "", 1);
    http_carry (easy, errand, url.at, NULL, NULL);
    sodium_memzero (url.at, url.len);
    buffer_free (&url);
    buffer_free (&report);
}

/* ---- on the reactor's thread ----------------------------------------------------------------- */

static struct judgement sms_judge (const struct errand *errand)
{
    struct judgement judgement = retry_judge_http (errand->stage, errand->reply, errand->error);
    bool taken = errand->answer_len >= 2 && errand->answer[1] == ':' &&
                 (errand->answer[0] == '0' || errand->answer[0] == '3');

    if (judgement.told == TOLD_SENT && !taken)
        judgement = (struct judgement){TOLD_FAILED, errand->reply, true};
    return judgement;
}

static int sms_compose (void *own, const struct msg_notice *notice, const struct contact *contact,
                        int64_t now, struct letter *ret)
{
    const struct sms *sms = own;
    struct letter letter = {0};
    char to[24];
    bool ucs2;

    (void) now;
    if (short_phone (contact->address, sms->country, to) != 0)
        return FAIL_REFUSED;
    int fail =
        short_text (notice, contact, reader_base (sms->head, notice), sms->segments, &letter.text);
    if (fail)
        return fail;
    letter.segments = short_segments ((struct view){letter.text.at, letter.text.len}, &ucs2);
    if (letter.segments > sms->segments) {
        struct msg_notice news = *notice;
        news.template = view_of ("news");
        letter.text.len = 0;
        check (short_text (&news, contact, "", 0, &letter.text) == 0);
        letter.segments = short_segments ((struct view){letter.text.at, letter.text.len}, &ucs2);
    }
    letter.to = xstrdup (to);
    sodium_memzero (to, sizeof to);
    *ret = letter;
    return 0;
}

static bool digits_right (const char *text, size_t most)
{
    return strlen (text) <= most && text[strspn (text, "0123456789")] == '\0';
}

static bool sms_right (const struct settings *settings)
{
    const char *url = settings_text (settings, "sms.url"),
               *report = settings_text (settings, "sms.report"),
               *country = settings_text (settings, "sms.country");
    bool right = true;

    if (*url && !http_url_valid (url))
        right = settings_refuse (settings, "sms.url",
                                 "http://HOST:PORT/cgi-bin/sendsms of Kannel, or empty");
    if (*report && !http_url_valid (report))
        right =
            settings_refuse (settings, "sms.report", "an http:// or https:// address, or empty");
    if (!*country || !digits_right (country, 3))
        right = settings_refuse (settings, "sms.country", "a country's code, as 62");
    if (*url && !*settings_text (settings, "sms.user"))
        right = settings_refuse (settings, "sms.user", "the name of Kannel's sendsms-user");
    return right;
}

static void sms_close (void **own)
{
    struct sms *sms = *own;

    *own = NULL;
    sodium_memzero (sms->password, strlen (sms->password));
    free (sms->password);
    free (sms->user);
    free (sms->url);
    free (sms->from);
    free (sms->report);
    free (sms->country);
    free (sms);
}

static int sms_open (const struct settings *settings, const struct letterhead *head, void **ret)
{
    const char *url = settings_text (settings, "sms.url");

    *ret = NULL;
    if (!*url)
        return 0;
    char *password = secret_read (settings_text (settings, "sms.password"), "sms.password");
    if (!password)
        return EX_CONFIG;
    struct sms *sms = xcalloc (1, sizeof *sms);
    *sms = (struct sms){
        .head = head,
        .url = xstrdup (url),
        .user = xstrdup (settings_text (settings, "sms.user")),
        .password = password,
        .from = xstrdup (settings_text (settings, "sms.from")),
        .report = xstrdup (settings_text (settings, "sms.report")),
        .country = xstrdup (settings_text (settings, "sms.country")),
        .segments = (unsigned) settings_number (settings, "sms.segments"),
    };
    *ret = sms;
    return 0;
}

static const char *const sms_contacts[] = {"sms", "phone", NULL};

const struct gateway_kind gateway_sms = {
    .name = "sms",
    .channel = CHANNEL_SMS,
    .contacts = sms_contacts,
    .sleeps = true,
    .right = sms_right,
    .open = sms_open,
    .compose = sms_compose,
    .carry = sms_carry,
    .judge = sms_judge,
    .close = sms_close,
    .parallel = "sms.parallel",
    .connect = "sms.connect",
    .whole = "sms.message",
};
