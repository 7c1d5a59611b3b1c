/* conformance.c - `aduan conformance`: an integrator points it at his system, or at us with his token, and reads what is wrong.
 *
 * Each check says what it found as soon as it has: right, in doubt or wrong, and of the latter what to mend.  It asks nobody here:
 * it needs neither settings nor an account on this host.
 */
#include <errno.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "conformance.h"

#define ANSWER_MOST 1048576
#define PIECES      8

const struct option_row conformance_options[] = {
    {"secret-file", 0, OPTION_VALUE, "FILE", TEXT_o_secret_file},
    {"api", 0, OPTION_FLAG, NULL, TEXT_o_api},
    {"token-file", 0, OPTION_VALUE, "FILE", TEXT_o_token_file},
};
const size_t conformance_options_len = array_len (conformance_options);

/* ---- what was found ------------------------------------------------------------------------------ */

static const enum text_key verdict_words[] = {TEXT_conf_right, TEXT_conf_doubt, TEXT_conf_wrong};
static const char *const verdict_names[] = {"right", "doubt", "wrong"};

static const struct {
    const char *name;
    enum text_key title;
} titles[] = {
#define CHECK(name) {#name, TEXT_conf_##name},
#include "conformance.def"
#undef CHECK
};

static const char *title_of (const char *name)
{
    for (size_t i = 0; i < array_len (titles); i++)
        if (strcmp (titles[i].name, name) == 0)
            return text_of (titles[i].title);
    return name;
}

void found (struct checkup *checkup, const char *name, enum verdict verdict, enum text_key why, ...)
{
    const char *values[9] = {NULL};
    char *text = NULL;
    size_t len;
    va_list list;

    va_start (list, why);
    for (size_t i = 0; i < 8 && (values[i] = va_arg (list, const char *)); i++)
        ;
    va_end (list);
    FILE *to = open_memstream (&text, &len);
    check (to);
    if (why != TEXT_none)
        say (to, why, values[0], values[1], values[2], values[3], values[4], values[5], values[6],
             values[7], NULL);
    fclose (to);
    checkup->counts[verdict]++;
    if (checkup->json) {
        json_t *row = json_pack ("{s:s, s:s}", "check", name, "verdict", verdict_names[verdict]);
        if (*text)
            json_object_set_new (row, "why", json_string (text));
        json_array_append_new (checkup->found, row);
    } else {
        printf ("%-7s %s\n", text_of (verdict_words[verdict]), title_of (name));
        if (*text)
            put_indented (text);
        fflush (stdout);
    }
    free (text);
}

/* ---- one request --------------------------------------------------------------------------------- */

static size_t on_answer (char *at, size_t size, size_t count, void *with)
{
    struct exchange *exchange = with;

    if (exchange->answer.len + size * count > ANSWER_MOST) {
        exchange->endless = true;
        return 0;
    }
    buffer_add (&exchange->answer, at, size * count);
    return size * count;
}

static size_t on_header (char *at, size_t size, size_t count, void *with)
{
    struct exchange *exchange = with;
    char line[128];

    if (size * count > 6 && size * count < sizeof line && strncasecmp (at, "Date:", 5) == 0) {
        snprintf (line, sizeof line, "%.*s", (int) (size * count - 5), at + 5);
        time_t date = curl_getdate (line, NULL);
        exchange->date = date > 0 ? date : 0;
    }
    return size * count;
}

static size_t on_body (char *to, size_t size, size_t count, void *with)
{
    struct exchange *exchange = with;
    size_t len = exchange->body.len - exchange->sent, piece = size * count;

    if (exchange->piece_ms && len) {
        struct timespec pause = {exchange->piece_ms / 1000, exchange->piece_ms % 1000 * 1000000L};
        nanosleep (&pause, NULL);
        if (piece > exchange->body.len / PIECES + 1)
            piece = exchange->body.len / PIECES + 1;
    }
    if (len > piece)
        len = piece;
    memcpy (to, exchange->body.at + exchange->sent, len);
    exchange->sent += len;
    return len;
}

void exchange_header (struct exchange *exchange, const char *format, ...)
{
    char *line = NULL;
    va_list list;

    va_start (list, format);
    check (vasprintf (&line, format, list) >= 0);
    va_end (list);
    exchange->headers = curl_slist_append (exchange->headers, line);
    free (line);
}

void exchange_run (struct checkup *checkup, struct exchange *exchange, long most_ms)
{
    CURL *curl = checkup->curl;
    char *url = xformat ("%s%s", checkup->url, exchange->path ? exchange->path : "");
    bool sends = exchange->body.at;

    curl_easy_reset (curl);
    if (sends) {
        exchange_header (exchange, "Expect:");
        curl_easy_setopt (curl, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt (curl, CURLOPT_READFUNCTION, on_body);
        curl_easy_setopt (curl, CURLOPT_READDATA, exchange);
        curl_easy_setopt (curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t) exchange->body.len);
    }
    curl_easy_setopt (curl, CURLOPT_URL, url);
    curl_easy_setopt (curl, CURLOPT_CUSTOMREQUEST, exchange->method);
    curl_easy_setopt (curl, CURLOPT_HTTPHEADER, exchange->headers);
    curl_easy_setopt (curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt (curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt (curl, CURLOPT_TIMEOUT_MS, most_ms);
    curl_easy_setopt (curl, CURLOPT_USERAGENT, "aduan-conformance/" ADUAN_VERSION);
    curl_easy_setopt (curl, CURLOPT_ERRORBUFFER, exchange->problem);
    curl_easy_setopt (curl, CURLOPT_WRITEFUNCTION, on_answer);
    curl_easy_setopt (curl, CURLOPT_WRITEDATA, exchange);
    curl_easy_setopt (curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt (curl, CURLOPT_HEADERDATA, exchange);
    exchange->code = curl_easy_perform (curl);
    curl_easy_getinfo (curl, CURLINFO_RESPONSE_CODE, &exchange->status);
    curl_easy_getinfo (curl, CURLINFO_TOTAL_TIME, &exchange->seconds);
    curl_easy_setopt (curl, CURLOPT_ERRORBUFFER, NULL);
    buffer_add (&exchange->answer, "", 1);
    exchange->answer.len--;
    free (url);
}

void exchange_done (struct exchange *exchange)
{
    curl_slist_free_all (exchange->headers);
    buffer_free (&exchange->answer);
}

bool exchange_failed (struct checkup *checkup, const char *name, const struct exchange *exchange)
{
    char status[24];

    snprintf (status, sizeof status, "%ld", exchange->status);
    if (exchange->endless) {
        found (checkup, name, VERDICT_WRONG, TEXT_conf_endless, NULL);
    } else if (exchange->code != CURLE_OK) {
        checkup->unreachable |= exchange->code == CURLE_COULDNT_CONNECT ||
                                exchange->code == CURLE_COULDNT_RESOLVE_HOST ||
                                exchange->code == CURLE_PEER_FAILED_VERIFICATION;
        found (checkup, name, VERDICT_WRONG, TEXT_conf_silent, "why",
               *exchange->problem ? exchange->problem : curl_easy_strerror (exchange->code), NULL);
    } else if (exchange->status >= 300 && exchange->status < 400) {
        found (checkup, name, VERDICT_WRONG, TEXT_conf_redirect, "status", status, NULL);
    } else {
        return false;
    }
    return true;
}

/* ---- the command --------------------------------------------------------------------------------- */

void check_transport (struct checkup *checkup)
{
    bool tls = strncmp (checkup->url, "https://", 8) == 0;
    CURLU *url = curl_url ();
    char *host = NULL;

    curl_url_set (url, CURLUPART_URL, checkup->url, 0);
    curl_url_get (url, CURLUPART_HOST, &host, 0);
    bool here = host && (strcmp (host, "127.0.0.1") == 0 || strcmp (host, "localhost") == 0 ||
                         strcmp (host, "[::1]") == 0);
    if (tls)
        found (checkup, "transport", VERDICT_RIGHT, TEXT_none, NULL);
    else
        found (checkup, "transport", here ? VERDICT_DOUBT : VERDICT_WRONG, TEXT_conf_plain, NULL);
    curl_free (host);
    curl_url_cleanup (url);
}

static int summary (const struct checkup *checkup)
{
    if (checkup->json) {
        json_t *all = json_pack ("{s:s, s:i, s:i, s:i, s:O}", "url", checkup->url, "right",
                                 checkup->counts[0], "doubt", checkup->counts[1], "wrong",
                                 checkup->counts[2], "checks", checkup->found);
        put_json (all);
        json_decref (all);
    } else {
        say (stdout, TEXT_conf_summary, "right", count_text (checkup->counts[0]), "doubt",
             count_text (checkup->counts[1]), "wrong", count_text (checkup->counts[2]), NULL);
    }
    return checkup->unreachable ? EX_UNAVAILABLE : checkup->counts[2] ? EX_DATAERR : EX_OK;
}

/* A secret or a token by the file that it is in.  0, or an exit status after a complaint. */
static int file_of (const struct cli *cli, const char *name, char **ret, size_t *ret_len)
{
    const char *path = option (&cli->options, name);

    if (!path)
        return complain (EX_USAGE, TEXT_conf_file_missing, "option", name, NULL);
    return input_read (path, ret, ret_len);
}

static int run_hook (struct cli *cli, struct checkup *checkup)
{
    uint8_t secret[WEBHOOK_SECRET];
    char *text;
    size_t len;
    int status = file_of (cli, "secret-file", &text, &len);

    if (status != 0)
        return status;
    bool good = webhook_secret_read ((struct view){text, len}, secret) == 0;
    sodium_memzero (text, len);
    free (text);
    if (!good)
        return complain (EX_DATAERR, TEXT_conf_no_secret, "path",
                         option (&cli->options, "secret-file"), NULL);
    check_hook (checkup, secret);
    sodium_memzero (secret, sizeof secret);
    return summary (checkup);
}

static int run_api (struct cli *cli, struct checkup *checkup)
{
    char *text, token[65];
    size_t len;
    int status = file_of (cli, "token-file", &text, &len);

    if (status != 0)
        return status;
    size_t digits = strspn (text, "0123456789abcdef"), rest = strspn (text + digits, " \r\n");
    bool good = digits == 64 && digits + rest == len;
    snprintf (token, sizeof token, "%.64s", good ? text : "");
    sodium_memzero (text, len);
    free (text);
    if (!good)
        return complain (EX_DATAERR, TEXT_conf_no_token, "path",
                         option (&cli->options, "token-file"), NULL);
    check_api (checkup, token);
    sodium_memzero (token, sizeof token);
    return summary (checkup);
}

int run_conformance (struct cli *cli)
{
    const struct options *options = &cli->options;
    const char *url = options->argument_count ? options->arguments[0] : "";
    struct checkup checkup = {.json = cli->json};

    if (options->argument_count > 1)
        return complain (EX_USAGE, TEXT_surplus, "argument", options->arguments[1], NULL);
    if (strncmp (url, "https://", 8) != 0 && strncmp (url, "http://", 7) != 0)
        return complain (EX_USAGE, TEXT_conf_which, "url", url, NULL);
    char *own = xstrdup (url);
    bool api = option_flag (options, "api") == ADUAN_FLAG_YES || option (options, "token-file");
    for (size_t len = strlen (own); api && len && own[len - 1] == '/';)
        own[--len] = 0;
    checkup.url = own;
    checkup.curl = curl_easy_init ();
    check (checkup.curl);
    checkup.found = json_array ();
    int status = api ? run_api (cli, &checkup) : run_hook (cli, &checkup);
    curl_easy_cleanup (checkup.curl);
    json_decref (checkup.found);
    free (own);
    return status;
}
