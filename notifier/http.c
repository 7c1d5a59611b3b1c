/* http.c - one request of an HTTP gateway, and what its settings have in common.
 *
 * Called by sms.c and whatsapp.c, on a courier's threads.
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include "gateway.h"

#define SECRET_MAX 1024

/* libcurl's record of the conversation, used only to see that the request left.  Nothing of it is kept or logged:
 * it holds addresses and passwords. */
static int at_debug (CURL *easy, curl_infotype type, char *data, size_t size, void *with)
{
    struct errand *errand = with;

    (void) easy, (void) data, (void) size;
    if (type == CURLINFO_HEADER_OUT || type == CURLINFO_DATA_OUT)
        errand->stage = STAGE_DOT;
    return 0;
}

static size_t at_answer (char *data, size_t size, size_t count, void *with)
{
    struct errand *errand = with;
    size_t len = size * count, room = ANSWER_MAX - errand->answer_len;

    memcpy (errand->answer + errand->answer_len, data, len < room ? len : room);
    errand->answer_len += len < room ? len : room;
    return len;
}

void http_carry (CURL *easy, struct errand *errand, const char *url, struct curl_slist *headers,
                 const char *body)
{
    long status = 0;

    errand->answer_len = 0;
    errand->stage = STAGE_OPEN;
    curl_easy_setopt (easy, CURLOPT_URL, url);
    curl_easy_setopt (easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt (easy, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt (easy, CURLOPT_FORBID_REUSE, 1L);
    curl_easy_setopt (easy, CURLOPT_HTTPHEADER, headers);
    if (body)
        curl_easy_setopt (easy, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt (easy, CURLOPT_WRITEFUNCTION, at_answer);
    curl_easy_setopt (easy, CURLOPT_WRITEDATA, errand);
    curl_easy_setopt (easy, CURLOPT_VERBOSE, 1L);
    curl_easy_setopt (easy, CURLOPT_DEBUGFUNCTION, at_debug);
    curl_easy_setopt (easy, CURLOPT_DEBUGDATA, errand);

    errand->error = (int) curl_easy_perform (easy);
    curl_easy_getinfo (easy, CURLINFO_RESPONSE_CODE, &status);
    errand->reply = status > 0 ? (unsigned) status : 0;

    curl_easy_setopt (easy, CURLOPT_VERBOSE, 0L);
    curl_easy_setopt (easy, CURLOPT_DEBUGDATA, NULL);
    curl_easy_setopt (easy, CURLOPT_HTTPHEADER, NULL);
    curl_easy_setopt (easy, CURLOPT_POSTFIELDS, NULL);
    curl_easy_setopt (easy, CURLOPT_WRITEDATA, NULL);
}

bool http_url_valid (const char *url)
{
    if (strncmp (url, "http://", 7) != 0 && strncmp (url, "https://", 8) != 0)
        return false;
    for (const char *at = url; *at; at++)
        if (*at <= ' ' || *at >= 127)
            return false;
    return strlen (url) <= 300;
}

char *secret_read (const char *path, const char *setting)
{
    char *text = NULL;
    size_t len = 0;

    if (file_read (path, SECRET_MAX, &text, &len) != 0) {
        log_error (
            "notifier.%s: '%s' cannot be read; it must be a file with one line of at most %d bytes",
            setting, path, SECRET_MAX);
        return NULL;
    }
    text[strcspn (text, "\r\n")] = '\0';
    return text;
}
