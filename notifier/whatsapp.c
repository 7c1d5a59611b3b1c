/* whatsapp.c - WhatsApp by Meta's Cloud API: one POST of /PHONE_ID/messages for each notice.
 *
 * A free text may go only within 24 hours of the last message that the reporter wrote; what we know of that is when
 * the complaint came.  Within that time the text is tried, and where Meta says that the time is over, and ever
 * after, the message template goes that Meta has approved, with the tracking number as its only parameter: "There is
 * news on your report {{1}}".  The notice's token travels along and comes back with each delivery state to aduan-web
 * (report.c).
 */
#include <jansson.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include "domain/token.h"
#include "notifier.h"
#include "short.h"
#include "words.h"

#define SESSION_MS     INT64_C (86400000)
#define CODE_NO_WINDOW 131047 /* "Re-engagement message": Meta's word for a session that is over */

struct whatsapp {
    const struct letterhead *head;
    char *url, *authorization, *country, *template; /* owned; url is that of messages */
};

/* ---- on a courier's thread ------------------------------------------------------------------- */

/* The caller frees it with whatsapp_wipe. */
static char *body_of (const struct whatsapp *whatsapp, const struct letter *letter, bool text)
{
    json_t *body = json_pack ("{s:s, s:s, s:s}", "messaging_product", "whatsapp", "recipient_type",
                              "individual", "to", letter->to);
    check (body != NULL);
    if (*letter->token)
        json_object_set_new (body, "biz_opaque_callback_data", json_string (letter->token));
    if (text) {
        json_object_set_new (body, "type", json_string ("text"));
        json_object_set_new (
            body, "text",
            json_pack ("{s:b, s:s%}", "preview_url", 0, "body", letter->text.at, letter->text.len));
    } else {
        json_object_set_new (body, "type", json_string ("template"));
        json_object_set_new (body, "template",
                             json_pack ("{s:s, s:{s:s}, s:[{s:s, s:[{s:s, s:s}]}]}", "name",
                                        whatsapp->template, "language", "code",
                                        letter->language == LANGUAGE_EN ? "en" : "id", "components",
                                        "type", "body", "parameters", "type", "text", "text",
                                        letter->number));
    }
    char *bytes = json_dumps (body, JSON_COMPACT);
    check (bytes != NULL);
    json_decref (body);
    return bytes;
}

static void whatsapp_wipe (char *text)
{
    sodium_memzero (text, strlen (text));
    free (text);
}

/* The code of an error that Meta answered; 0: none that can be read. */
static int64_t error_of (const struct errand *errand)
{
    json_t *answer = json_loadb (errand->answer, errand->answer_len, 0, NULL);
    int64_t code = json_integer_value (json_object_get (json_object_get (answer, "error"), "code"));
    json_decref (answer);
    return code;
}

static void post (const struct whatsapp *whatsapp, CURL *easy, struct errand *errand, bool text)
{
    struct curl_slist *headers = curl_slist_append (NULL, "Content-Type: application/json");
    check (headers != NULL);
    check (curl_slist_append (headers, whatsapp->authorization) != NULL);
    char *body = body_of (whatsapp, &errand->letter, text);
    http_carry (easy, errand, whatsapp->url, headers, body);
    whatsapp_wipe (body);
    for (struct curl_slist *item = headers; item; item = item->next)
        sodium_memzero (item->data, strlen (item->data));
    curl_slist_free_all (headers);
}

static void whatsapp_carry (void *own, CURL *easy, struct errand *errand)
{
    const struct whatsapp *whatsapp = own;

    if (errand->letter.open) {
        post (whatsapp, easy, errand, true);
        if (errand->error || errand->reply < 400 || error_of (errand) != CODE_NO_WINDOW)
            return;
    }
    post (whatsapp, easy, errand, false);
}

/* ---- on the reactor's thread ----------------------------------------------------------------- */

static struct judgement whatsapp_judge (const struct errand *errand)
{
    struct judgement judgement = retry_judge_http (errand->stage, errand->reply, errand->error);
    int64_t code = errand->error || errand->reply < 400 ? 0 : error_of (errand);

    if (code > 0 && code <= INT32_MAX)
        judgement.code = (uint64_t) code;
    /* Meta's own limits come with status 400: too many calls, or too many messages to this number. */
    if (code == 4 || code == 80007 || code == 130429 || code == 131048 || code == 131056)
        judgement = (struct judgement){TOLD_FAILED, judgement.code, code != 131056};
    return judgement;
}

static int whatsapp_compose (void *own, const struct msg_notice *notice,
                             const struct contact *contact, int64_t now, struct letter *ret)
{
    const struct whatsapp *whatsapp = own;
    struct letter letter = {0};
    char to[24];
    int64_t came = notice_came (notice);

    if (short_phone (contact->address, whatsapp->country, to) != 0)
        return FAIL_REFUSED;
    int fail = short_text (notice, contact, reader_base (whatsapp->head, notice), 0, &letter.text);
    if (fail)
        return fail;
    letter.open = now - came < SESSION_MS && now >= came;
    letter.language = contact->language ? contact->language : notice->language;
    snprintf (letter.number, sizeof letter.number, "%.*s", (int) notice->number.len,
              notice->number.at);
    letter.to = xstrdup (to);
    sodium_memzero (to, sizeof to);
    *ret = letter;
    return 0;
}

/* A name that goes into an address, or into JSON as Meta defines it. */
static bool name_right (const char *text)
{
    return *text && strlen (text) <= 64 &&
           text[strspn (text, "0123456789abcdefghijklmnopqrstuvwxyz_")] == '\0';
}

static bool whatsapp_right (const struct settings *settings)
{
    const char *url = settings_text (settings, "whatsapp.url"),
               *phone = settings_text (settings, "whatsapp.phone");
    bool right = true;

    if (*url && !http_url_valid (url))
        right = settings_refuse (settings, "whatsapp.url", "an http:// or https:// address");
    if (*phone && !name_right (phone))
        right = settings_refuse (settings, "whatsapp.phone",
                                 "Meta's number of the telephone, or empty");
    if (!name_right (settings_text (settings, "whatsapp.template")))
        right = settings_refuse (settings, "whatsapp.template", "a name of a-z, 0-9 and _");
    return right;
}

static void whatsapp_close (void **own)
{
    struct whatsapp *whatsapp = *own;

    *own = NULL;
    whatsapp_wipe (whatsapp->authorization);
    free (whatsapp->url);
    free (whatsapp->country);
    free (whatsapp->template);
    free (whatsapp);
}

static int whatsapp_open (const struct settings *settings, const struct letterhead *head,
                          void **ret)
{
    const char *url = settings_text (settings, "whatsapp.url"),
               *phone = settings_text (settings, "whatsapp.phone");
    size_t len = strlen (url);

    *ret = NULL;
    if (!*phone)
        return 0;
    char *token = secret_read (settings_text (settings, "whatsapp.token"), "whatsapp.token");
    if (!token)
        return EX_CONFIG;
    while (len && url[len - 1] == '/')
        len--;
    struct whatsapp *whatsapp = xcalloc (1, sizeof *whatsapp);
    *whatsapp = (struct whatsapp){
        .head = head,
        .url = xformat ("%.*s/%s/messages", (int) len, url, phone),
        .authorization = xformat ("Authorization: Bearer %s", token),
        .country = xstrdup (settings_text (settings, "sms.country")),
        .template = xstrdup (settings_text (settings, "whatsapp.template")),
    };
    whatsapp_wipe (token);
    *ret = whatsapp;
    return 0;
}

static const char *const whatsapp_contacts[] = {"whatsapp", NULL};

const struct gateway_kind gateway_whatsapp = {
    .name = "whatsapp",
    .channel = CHANNEL_WHATSAPP,
    .contacts = whatsapp_contacts,
    .sleeps = true,
    .right = whatsapp_right,
    .open = whatsapp_open,
    .compose = whatsapp_compose,
    .carry = whatsapp_carry,
    .judge = whatsapp_judge,
    .close = whatsapp_close,
    .parallel = "whatsapp.parallel",
    .connect = "whatsapp.connect",
    .whole = "whatsapp.message",
};
