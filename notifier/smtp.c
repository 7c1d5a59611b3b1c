/* smtp.c - hands letters to the mail gateway.  libcurl speaks SMTP; we only watch how far it got.
 *
 * Called by claim.c.  Owns `parallel` threads with one libcurl handle each (connections are kept and
 * used again) and every letter that is under way.  A letter's result comes back over an eventfd and is
 * given to `done` on the reactor's thread.
 *
 * Why threads: libcurl's multi interface is not asynchronous for SMTP.  It waits for the reply to the
 * end of the text inside curl_multi_perform (7.88: one call lasted 7.999 s of an 8 s deadline against
 * a gateway that stayed silent), and for the reply to QUIT likewise, where neither a progress callback
 * nor a time limit of the handle counts (120 s).  In the reactor that is a turn over its limit.  To stop
 * in time we keep the sockets that libcurl opens and shut them down.
 *
 * Limits: libcurl makes a multipart/mixed mail with one text/plain part (there is no other form in
 * its MIME interface), and keeps copies of the recipient that we cannot wipe.
 */
#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include "notifier.h"

/* A kept connection that was idle for longer is not trusted: gateways hang up after some minutes. */
#define CONNECTION_AGE_S 30L

#define SENDER_SOCKETS   4 /* of one letter: a gateway's addresses are tried side by side */

/* One thread. */
struct sender {
    struct smtp *smtp;
    pthread_t thread;
    int sockets[SENDER_SOCKETS]; /* open now, -1: free; guarded by smtp->mutex */
};

struct smtp {
    struct smtp_settings settings; /* texts owned */
    char *url, *password;
    smtp_done_fn *done;
    void *owner;
    struct source *source;
    int event;
    struct sender *senders;
    unsigned sender_count;
    pthread_mutex_t mutex; /* guards the two queues and the sockets */
    pthread_cond_t more;
    struct mail *todo, **todo_end;
    struct mail *finished, **finished_end;
    atomic_bool stopping;
};

void mail_free (struct mail *mail)
{
    letter_done (&mail->letter);
    free (mail);
}

/* ---- on a sending thread --------------------------------------------------------------------- */

/* libcurl's own record of the conversation, used only to see what was said and answered last.
 * Nothing of it is kept or logged: it holds addresses. */
static int at_debug (CURL *easy, curl_infotype type, char *data, size_t size, void *with)
{
    static const struct {
        const char *verb;
        enum stage stage;
    } verbs[] = {{"MAIL", STAGE_MAIL}, {"RCPT", STAGE_RCPT}, {"DATA", STAGE_DATA}};
    struct mail *mail = with;

    (void) easy;
    if (type == CURLINFO_HEADER_OUT && size >= 4) {
        for (size_t i = 0; i < array_len (verbs); i++)
            if (memcmp (data, verbs[i].verb, 4) == 0 && mail->stage < verbs[i].stage) {
                mail->stage = verbs[i].stage;
                mail->reply = 0;
            }
    } else if (type == CURLINFO_HEADER_IN && size >= 3) {
        unsigned reply = 0;
        for (unsigned i = 0; i < 3; i++) {
            if (data[i] < '0' || data[i] > '9')
                return 0;
            reply = reply * 10 + (unsigned) (data[i] - '0');
        }
        /* The goodbye to QUIT after a refusal must not hide the refusal. */
        if (mail->reply < 400)
            mail->reply = reply;
        if (mail->stage == STAGE_DATA && reply == 354) {
            mail->stage = STAGE_TEXT;
            mail->reply = 0;
        }
    }
    return 0;
}

static size_t at_read (char *out, size_t size, size_t count, void *with)
{
    struct mail *mail = with;
    size_t len = mail->letter.text.len - mail->read;

    if (len > size * count)
        len = size * count;
    memcpy (out, mail->letter.text.at + mail->read, len);
    mail->read += len;
    /* From here on libcurl may send the end of the text at any moment. */
    if (len == 0 && mail->stage == STAGE_TEXT)
        mail->stage = STAGE_DOT;
    return len;
}

static int at_seek (void *with, curl_off_t offset, int origin)
{
    struct mail *mail = with;

    if (origin != SEEK_SET || offset < 0 || (size_t) offset > mail->letter.text.len)
        return CURL_SEEKFUNC_FAIL;
    mail->read = (size_t) offset;
    return CURL_SEEKFUNC_OK;
}

static int at_progress (void *with, curl_off_t dltotal, curl_off_t dlnow, curl_off_t ultotal,
                        curl_off_t ulnow)
{
    struct smtp *smtp = with;

    (void) dltotal, (void) dlnow, (void) ultotal, (void) ulnow;
    return atomic_load (&smtp->stopping);
}

/* Puts `now` where `was` stood. */
static bool socket_note (struct sender *sender, int was, int now)
{
    bool noted = false;

    pthread_mutex_lock (&sender->smtp->mutex);
    for (unsigned i = 0; i < SENDER_SOCKETS && !noted; i++)
        if (sender->sockets[i] == was) {
            sender->sockets[i] = now;
            noted = true;
        }
    pthread_mutex_unlock (&sender->smtp->mutex);
    return noted;
}

static curl_socket_t at_open (void *with, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct sender *sender = with;

    (void) purpose;
    if (atomic_load (&sender->smtp->stopping))
        return CURL_SOCKET_BAD;
    int fd = socket (address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (fd >= 0 && !socket_note (sender, -1, fd)) {
        close (fd);
        return CURL_SOCKET_BAD;
    }
    return fd;
}

static int at_close (void *with, curl_socket_t fd)
{
    socket_note (with, fd, -1);
    return close (fd);
}

/* What is the same for every letter of a thread. */
static void easy_prepare (struct sender *sender, CURL *easy)
{
    struct smtp *smtp = sender->smtp;
    const struct smtp_settings *settings = &smtp->settings;
    long tls = strcmp (settings->tls, "all") == 0   ? CURLUSESSL_ALL
               : strcmp (settings->tls, "try") == 0 ? CURLUSESSL_TRY
                                                    : CURLUSESSL_NONE;

    curl_easy_reset (easy); /* keeps the connection */
    curl_easy_setopt (easy, CURLOPT_URL, smtp->url);
    curl_easy_setopt (easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt (easy, CURLOPT_PROXY, ""); /* the environment decides nothing */
    curl_easy_setopt (easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt (easy, CURLOPT_USE_SSL, tls);
    if (*settings->user) {
        curl_easy_setopt (easy, CURLOPT_USERNAME, settings->user);
        curl_easy_setopt (easy, CURLOPT_PASSWORD, smtp->password);
    }
    curl_easy_setopt (easy, CURLOPT_CONNECTTIMEOUT_MS, (long) settings->connect_ms);
    curl_easy_setopt (easy, CURLOPT_TIMEOUT_MS, (long) settings->letter_ms);
    /* Bounds what CURLOPT_TIMEOUT does not: the reply to QUIT. */
    curl_easy_setopt (easy, CURLOPT_SERVER_RESPONSE_TIMEOUT,
                      (long) (settings->letter_ms + 999) / 1000);
    curl_easy_setopt (easy, CURLOPT_MAXAGE_CONN, CONNECTION_AGE_S);
    curl_easy_setopt (easy, CURLOPT_OPENSOCKETFUNCTION, at_open);
    curl_easy_setopt (easy, CURLOPT_OPENSOCKETDATA, sender);
    curl_easy_setopt (easy, CURLOPT_CLOSESOCKETFUNCTION, at_close);
    curl_easy_setopt (easy, CURLOPT_CLOSESOCKETDATA, sender);
    curl_easy_setopt (easy, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt (easy, CURLOPT_XFERINFOFUNCTION, at_progress);
    curl_easy_setopt (easy, CURLOPT_XFERINFODATA, smtp);
    curl_easy_setopt (easy, CURLOPT_VERBOSE, 1L);
    curl_easy_setopt (easy, CURLOPT_DEBUGFUNCTION, at_debug);
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
static void mail_perform (struct sender *sender, CURL *easy, struct mail *mail)
{
    char address[260], from[260];

    easy_prepare (sender, easy);
    snprintf (from, sizeof from, "<%s>", sender->smtp->settings.from);
    snprintf (address, sizeof address, "<%s>", mail->letter.to);
    struct curl_slist *to = list_add (NULL, address), *headers = NULL;
    for (unsigned i = 0; i < mail->letter.header_count; i++)
        headers = list_add (headers, mail->letter.headers[i]);
    curl_mime *mime = curl_mime_init (easy);
    curl_mimepart *part = curl_mime_addpart (mime);
    check (part != NULL);
    curl_mime_data_cb (part, -1, at_read, at_seek, NULL, mail);
    curl_mime_type (part, "text/plain; charset=utf-8");
    curl_mime_encoder (part, "quoted-printable");
    curl_easy_setopt (easy, CURLOPT_DEBUGDATA, mail);
    curl_easy_setopt (easy, CURLOPT_MAIL_FROM, from);
    curl_easy_setopt (easy, CURLOPT_MAIL_RCPT, to);
    curl_easy_setopt (easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt (easy, CURLOPT_MIMEPOST, mime);

    mail->error = (int) curl_easy_perform (easy);

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

static void *thread_run (void *with)
{
    struct sender *sender = with;
    struct smtp *smtp = sender->smtp;
    CURL *easy = curl_easy_init ();
    check (easy != NULL);

    pthread_mutex_lock (&smtp->mutex);
    while (!atomic_load (&smtp->stopping)) {
        struct mail *mail = smtp->todo;
        if (!mail) {
            pthread_cond_wait (&smtp->more, &smtp->mutex);
            continue;
        }
        smtp->todo = mail->next;
        if (!smtp->todo)
            smtp->todo_end = &smtp->todo;
        pthread_mutex_unlock (&smtp->mutex);

        mail_perform (sender, easy, mail);

        pthread_mutex_lock (&smtp->mutex);
        mail->next = NULL;
        *smtp->finished_end = mail;
        smtp->finished_end = &mail->next;
        uint64_t one = 1;
        check (write (smtp->event, &one, sizeof one) == sizeof one);
    }
    pthread_mutex_unlock (&smtp->mutex);
    curl_easy_cleanup (easy); /* says QUIT where a connection is left */
    return NULL;
}

/* ---- on the reactor's thread ----------------------------------------------------------------- */

static void at_finished (void *owner, int events)
{
    struct smtp *smtp = owner;
    uint64_t count;

    (void) events;
    if (read (smtp->event, &count, sizeof count) < 0)
        check (errno == EAGAIN);
    pthread_mutex_lock (&smtp->mutex);
    struct mail *mail = smtp->finished;
    smtp->finished = NULL;
    smtp->finished_end = &smtp->finished;
    pthread_mutex_unlock (&smtp->mutex);
    while (mail) {
        struct mail *next = mail->next;
        mail->next = NULL;
        smtp->done (smtp->owner, mail);
        mail = next;
    }
}

void smtp_send (struct smtp *smtp, struct mail **mail)
{
    (*mail)->next = NULL;
    (*mail)->stage = STAGE_OPEN;
    pthread_mutex_lock (&smtp->mutex);
    *smtp->todo_end = *mail;
    smtp->todo_end = &(*mail)->next;
    pthread_cond_signal (&smtp->more);
    pthread_mutex_unlock (&smtp->mutex);
    *mail = NULL;
}

static void settings_copy (struct smtp *smtp, const struct smtp_settings *settings)
{
    smtp->settings = *settings;
    smtp->settings.url = xstrdup (settings->url);
    smtp->settings.domain = xstrdup (settings->domain);
    smtp->settings.from = xstrdup (settings->from);
    smtp->settings.user = xstrdup (settings->user);
    smtp->settings.password = NULL;
    smtp->settings.tls = xstrdup (settings->tls);
    /* The path of an smtp:// address is the name that libcurl says in EHLO. */
    size_t len = strlen (settings->url);
    while (len && settings->url[len - 1] == '/')
        len--;
    smtp->url = xformat ("%.*s/%s", (int) len, settings->url, settings->domain);
}

int smtp_new (struct reactor *reactor, const struct smtp_settings *settings, smtp_done_fn *done,
              void *owner, struct smtp **ret)
{
    char *password = NULL;
    size_t len = 0;

    if (*settings->user) {
        if (file_read (settings->password, 1024, &password, &len) != 0)
            return FAIL_ABSENT;
        while (len && (password[len - 1] == '\n' || password[len - 1] == '\r'))
            password[--len] = '\0';
    }
    struct smtp *smtp = xcalloc (1, sizeof *smtp);
    settings_copy (smtp, settings);
    smtp->password = password;
    smtp->done = done;
    smtp->owner = owner;
    smtp->todo_end = &smtp->todo;
    smtp->finished_end = &smtp->finished;
    pthread_mutex_init (&smtp->mutex, NULL);
    pthread_cond_init (&smtp->more, NULL);
    smtp->event = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
    check (smtp->event >= 0);
    smtp->source = reactor_fd (reactor, smtp->event, REACTOR_READ, at_finished, smtp);
    check (curl_global_init (CURL_GLOBAL_DEFAULT) == CURLE_OK);
    smtp->senders = xcalloc (settings->parallel, sizeof *smtp->senders);
    while (smtp->sender_count < settings->parallel) {
        struct sender *sender = &smtp->senders[smtp->sender_count++];
        sender->smtp = smtp;
        for (unsigned i = 0; i < SENDER_SOCKETS; i++)
            sender->sockets[i] = -1;
        check (pthread_create (&sender->thread, NULL, thread_run, sender) == 0);
    }
    *ret = smtp;
    return 0;
}

static void mails_free (struct mail *mail)
{
    while (mail) {
        struct mail *next = mail->next;
        mail_free (mail);
        mail = next;
    }
}

void smtp_destroy (struct smtp **ref)
{
    struct smtp *smtp = *ref;

    if (!smtp)
        return;
    *ref = NULL;
    pthread_mutex_lock (&smtp->mutex);
    atomic_store (&smtp->stopping, true);
    pthread_cond_broadcast (&smtp->more);
    for (unsigned i = 0; i < smtp->sender_count; i++)
        for (unsigned s = 0; s < SENDER_SOCKETS; s++)
            if (smtp->senders[i].sockets[s] >= 0)
                shutdown (smtp->senders[i].sockets[s], SHUT_RDWR);
    pthread_mutex_unlock (&smtp->mutex);
    for (unsigned i = 0; i < smtp->sender_count; i++)
        pthread_join (smtp->senders[i].thread, NULL);
    reactor_forget (&smtp->source);
    close (smtp->event);
    mails_free (smtp->todo);
    mails_free (smtp->finished);
    pthread_cond_destroy (&smtp->more);
    pthread_mutex_destroy (&smtp->mutex);
    if (smtp->password)
        sodium_memzero (smtp->password, strlen (smtp->password));
    free (smtp->password);
    free (smtp->senders);
    free (smtp->url);
    free ((char *) smtp->settings.url);
    free ((char *) smtp->settings.domain);
    free ((char *) smtp->settings.from);
    free ((char *) smtp->settings.user);
    free ((char *) smtp->settings.tls);
    free (smtp);
    curl_global_cleanup ();
}
