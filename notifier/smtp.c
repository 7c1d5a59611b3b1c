/* smtp.c - the mail gateway.  libcurl speaks SMTP; we only watch how far it got.
 *
 * Limits: libcurl makes a multipart/mixed mail with one text/plain part (there is no other form in
 * its MIME interface), and keeps copies of the recipient that we cannot wipe.
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include "notifier.h"

struct smtp {
    const struct letterhead *head;
    char *url, *user, *password; /* owned; password NULL: no login */
    long tls;
};

/* ---- on a courier's thread ------------------------------------------------------------------- */

/* libcurl's own record of the conversation, used only to see what was said and answered last.
 * Nothing of it is kept or logged: it holds addresses. */
static int at_debug (CURL *easy, curl_infotype type, char *data, size_t size, void *with)
{
    static const struct {
        const char *verb;
        enum stage stage;
    } verbs[] = {{"MAIL", STAGE_MAIL}, {"RCPT", STAGE_RCPT}, {"DATA", STAGE_DATA}};
    struct errand *errand = with;

    (void) easy;
    if (type == CURLINFO_HEADER_OUT && size >= 4) {
        for (size_t i = 0; i < array_len (verbs); i++)
            if (memcmp (data, verbs[i].verb, 4) == 0 && errand->stage < verbs[i].stage) {
                errand->stage = verbs[i].stage;
                errand->reply = 0;
            }
    } else if (type == CURLINFO_HEADER_IN && size >= 3) {
        unsigned reply = 0;
        for (unsigned i = 0; i < 3; i++) {
            if (data[i] < '0' || data[i] > '9')
                return 0;
            reply = reply * 10 + (unsigned) (data[i] - '0');
        }
        /* The goodbye to QUIT after a refusal must not hide the refusal. */
        if (errand->reply < 400)
            errand->reply = reply;
        if (errand->stage == STAGE_DATA && reply == 354) {
            errand->stage = STAGE_TEXT;
            errand->reply = 0;
        }
    }
    return 0;
}

static size_t at_read (char *out, size_t size, size_t count, void *with)
{
    struct errand *errand = with;
    size_t len = errand->letter.text.len - errand->read;

    if (len > size * count)
        len = size * count;
    memcpy (out, errand->letter.text.at + errand->read, len);
    errand->read += len;
    /* From here on libcurl may send the end of the text at any moment. */
    if (len == 0 && errand->stage == STAGE_TEXT)
        errand->stage = STAGE_DOT;
    return len;
}

static int at_seek (void *with, curl_off_t offset, int origin)
{
    struct errand *errand = with;

    if (origin != SEEK_SET || offset < 0 || (size_t) offset > errand->letter.text.len)
        return CURL_SEEKFUNC_FAIL;
    errand->read = (size_t) offset;
    return CURL_SEEKFUNC_OK;
}

static void list_wipe (struct curl_slist *list)
{
    for (struct curl_slist *item = list; item; item = item->next)
        sodium_memzero (item->data, strlen (item->data));
    curl_slist_free_all (list);
}

static struct curl_slist *list_add (struct curl_slist *list, const char *text)
{
    struct curl_slist *longer = curl_slist_append (list, text);
    check (longer != NULL);
    return longer;
}

/* One letter, from connecting to the reply; fills the results. */
static void mail_carry (void *own, CURL *easy, struct errand *errand)
{
    const struct smtp *smtp = own;
    const struct letter *letter = &errand->letter;
    char address[260], from[260];

    snprintf (from, sizeof from, "<%s>", letter->envelope ? letter->envelope : smtp->head->from);
    snprintf (address, sizeof address, "<%s>", letter->to);
    struct curl_slist *to = list_add (NULL, address), *headers = NULL;
    for (unsigned i = 0; i < letter->header_count; i++)
        headers = list_add (headers, letter->headers[i]);
    curl_mime *mime = curl_mime_init (easy);
    curl_mimepart *part = curl_mime_addpart (mime);
    check (part != NULL);
    curl_mime_data_cb (part, -1, at_read, at_seek, NULL, errand);
    curl_mime_type (part, "text/plain; charset=utf-8");
    curl_mime_encoder (part, "quoted-printable");
    curl_easy_setopt (easy, CURLOPT_URL, smtp->url);
    curl_easy_setopt (easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt (easy, CURLOPT_USE_SSL, smtp->tls);
    if (smtp->password) {
        curl_easy_setopt (easy, CURLOPT_USERNAME, smtp->user);
        curl_easy_setopt (easy, CURLOPT_PASSWORD, smtp->password);
    }
    curl_easy_setopt (easy, CURLOPT_VERBOSE, 1L);
    curl_easy_setopt (easy, CURLOPT_DEBUGFUNCTION, at_debug);
    curl_easy_setopt (easy, CURLOPT_DEBUGDATA, errand);
    curl_easy_setopt (easy, CURLOPT_MAIL_FROM, from);
    curl_easy_setopt (easy, CURLOPT_MAIL_RCPT, to);
    curl_easy_setopt (easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt (easy, CURLOPT_MIMEPOST, mime);

    errand->error = (int) curl_easy_perform (easy);

    curl_easy_setopt (easy, CURLOPT_DEBUGDATA, NULL);
    curl_easy_setopt (easy, CURLOPT_VERBOSE, 0L);
    curl_easy_setopt (easy, CURLOPT_MIMEPOST, NULL);
    curl_easy_setopt (easy, CURLOPT_MAIL_RCPT, NULL);
    curl_easy_setopt (easy, CURLOPT_HTTPHEADER, NULL);
    curl_mime_free (mime);
    list_wipe (to);
    list_wipe (headers);
    sodium_memzero (address, sizeof address);
}

/* ---- on the reactor's thread ----------------------------------------------------------------- */

static bool mail_right (const struct settings *settings)
{
    const char *url = settings_text (settings, "smtp.url"),
               *tls = settings_text (settings, "smtp.tls");
    bool right = true;

    if (*url && strncmp (url, "smtp://", 7) != 0 && strncmp (url, "smtps://", 8) != 0)
        right = settings_refuse (settings, "smtp.url",
                                 "smtp://HOST:PORT or smtps://HOST:PORT, or empty");
    if (strcmp (tls, "none") != 0 && strcmp (tls, "try") != 0 && strcmp (tls, "all") != 0)
        right = settings_refuse (settings, "smtp.tls", "none, try or all");
    return right;
}

static void mail_close (void **own)
{
    struct smtp *smtp = *own;

    *own = NULL;
    if (smtp->password)
        sodium_memzero (smtp->password, strlen (smtp->password));
    free (smtp->password);
    free (smtp->user);
    free (smtp->url);
    free (smtp);
}

static int mail_open (const struct settings *settings, const struct letterhead *head, void **ret)
{
    const char *url = settings_text (settings, "smtp.url"),
               *user = settings_text (settings, "smtp.user"),
               *tls = settings_text (settings, "smtp.tls");
    size_t len = strlen (url);

    *ret = NULL;
    if (!len) {
        log_warning (
            "no mail gateway: notifier.smtp.url is empty; notices by mail wait in the store");
        return 0;
    }
    char *password =
        *user ? secret_read (settings_text (settings, "smtp.password"), "smtp.password") : NULL;
    if (*user && !password)
        return EX_CONFIG;
    while (len && url[len - 1] == '/')
        len--;
    struct smtp *smtp = xcalloc (1, sizeof *smtp);
    *smtp = (struct smtp){
        .head = head,
        /* The path of an smtp:// address is the name that libcurl says in EHLO. */
        .url = xformat ("%.*s/%s", (int) len, url, head->domain),
        .user = xstrdup (user),
        .password = password,
        .tls = strcmp (tls, "all") == 0   ? CURLUSESSL_ALL
               : strcmp (tls, "try") == 0 ? CURLUSESSL_TRY
                                          : CURLUSESSL_NONE,
    };
    *ret = smtp;
    return 0;
}

static int mail_compose (void *own, const struct msg_notice *notice, const struct contact *contact,
                         int64_t now, struct letter *ret)
{
    const struct smtp *smtp = own;
    return letter_compose (notice, contact, smtp->head, now, ret);
}

static struct judgement mail_judge (const struct errand *errand)
{
    return retry_judge (errand->stage, errand->reply, errand->error);
}

static const char *const mail_contacts[] = {"email", NULL};

const struct gateway_kind gateway_mail = {
    .name = "mail",
    .channel = CHANNEL_EMAIL,
    .contacts = mail_contacts,
    .right = mail_right,
    .open = mail_open,
    .compose = mail_compose,
    .carry = mail_carry,
    .judge = mail_judge,
    .close = mail_close,
    .parallel = "parallel",
    .connect = "smtp.connect",
    .whole = "smtp.letter",
};
