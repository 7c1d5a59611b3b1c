/* open311_fetch.c - asks an Open311 server for its requests, a stretch of time after the other, and keeps them as JSON lines.
 *
 * GeoReport v2 has no pages: a list ends where the server wants, at a thousand or at fifty, and does not say so.  So a list whose length
 * is a multiple of fifty is taken for one that was cut, and its stretch is asked for in halves.  A server that heeds no dates gives the
 * same list for every stretch; then that list is all there is to have, and it is said.
 *
 *     stretch: asked -> cut? halved : kept (file, fsync) -> cursor moves on
 *
 * The file holds what the server shows to everybody.  What is in it is not asked for nor written again: by its number.
 */
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <uthash.h>
#include "open311.h"

#define PAGE_MOST    (32 << 20) /* bytes of one answer */
#define CUT_AT       50
#define STRETCH_MS   (7LL * 86400000)
#define STRETCH_MOST (30LL * 86400000)
#define SHORTEST_MS  60000
#define FIRST_MS     (90LL * 86400000) /* what a server shows that is not asked for more */
#define OVERLAP_MS   (2LL * 86400000)  /* what becomes visible late is found by the next run */
#define ASKED_MOST   20000             /* of one run */
#define TRANSFER_S   60

struct seen {
    char *id;
    UT_hash_handle hh;
};

struct fetch {
    struct cli *cli;
    CURL *curl;
    const char *url, *jurisdiction;
    char *path, *cursor_path;
    FILE *file;
    struct seen *seen;
    struct buffer page;
    bool xml, ends; /* ends: there is no more to have */
    int zone;
    unsigned asked;
    uint64_t kept;
};

/* ---- what was fetched before ----------------------------------------------------------------- */

static bool see (struct fetch *fetch, const char *id)
{
    struct seen *seen;
    HASH_FIND_STR (fetch->seen, id, seen);
    if (seen)
        return false;
    seen = xcalloc (1, sizeof *seen);
    seen->id = xstrdup (id);
    HASH_ADD_KEYPTR (hh, fetch->seen, seen->id, strlen (seen->id), seen);
    return true;
}

/* A last line that was cut off goes: it is fetched again. */
static int read_kept (struct fetch *fetch)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t len;
    off_t good = 0;
    int file = open (fetch->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    fetch->file = file < 0 ? NULL : fdopen (file, "a+");
    if (!fetch->file)
        return complain (EX_CANTCREAT, TEXT_cannot_write, "path", fetch->path, "why",
                         strerror (errno), NULL);
    rewind (fetch->file);
    while ((len = getline (&line, &room, fetch->file)) > 0 && line[len - 1] == '\n') {
        json_t *row = json_loadb (line, (size_t) len, 0, NULL);
        if (*json_text (row, "service_request_id"))
            see (fetch, json_text (row, "service_request_id"));
        json_decref (row);
        good += len;
    }
    free (line);
    fseeko (fetch->file, 0, SEEK_END);
    if (ftello (fetch->file) > good && ftruncate (fileno (fetch->file), good) != 0)
        return complain (EX_CANTCREAT, TEXT_cannot_write, "path", fetch->path, "why",
                         strerror (errno), NULL);
    return 0;
}

/* Where the run before came to; 0: there was none of this server. */
static int64_t cursor_read (const struct fetch *fetch)
{
    char *text;
    size_t len;
    int64_t until = 0;
    if (file_read (fetch->cursor_path, 65536, &text, &len) != 0)
        return 0;
    json_t *said = json_loadb (text, len, 0, NULL);
    if (strcmp (json_text (said, "url"), fetch->url) == 0)
        until = json_integer_value (json_object_get (said, "until"));
    json_decref (said);
    free (text);
    return until;
}

/* Behind what the file holds for good. */
static int cursor_write (const struct fetch *fetch, int64_t until)
{
    json_t *said = json_pack ("{s:s, s:I}", "url", fetch->url, "until", (json_int_t) until);
    char *text = json_dumps (said, JSON_COMPACT);
    bool good = fflush (fetch->file) == 0 && fdatasync (fileno (fetch->file)) == 0 &&
                file_write (fetch->cursor_path, text, strlen (text), 0600) == 0;
    free (text);
    json_decref (said);
    return good ? 0
                : complain (EX_CANTCREAT, TEXT_cannot_write, "path", fetch->cursor_path, "why",
                            strerror (errno), NULL);
}

/* ---- one answer ------------------------------------------------------------------------------ */

static size_t on_bytes (char *at, size_t size, size_t count, void *with)
{
    struct fetch *fetch = with;
    if (fetch->page.len + size * count > PAGE_MOST)
        return 0;
    buffer_add (&fetch->page, at, size * count);
    return size * count;
}

static char *address_of (const struct fetch *fetch, int64_t from, int64_t to)
{
    size_t len = strlen (fetch->url);
    while (len && fetch->url[len - 1] == '/')
        len--;
    char *jurisdiction =
        fetch->jurisdiction ? curl_easy_escape (fetch->curl, fetch->jurisdiction, 0) : NULL;
    char *address =
        xformat ("%.*s/requests.%s?%s%s%sstart_date=%s&end_date=%s", (int) len, fetch->url,
                 fetch->xml ? "xml" : "json", jurisdiction ? "jurisdiction_id=" : "",
                 jurisdiction ? jurisdiction : "", jurisdiction ? "&" : "", instant_text (from),
                 instant_text (to)); /* no fractions: 4.1, rule 6 */
    curl_free (jurisdiction);
    return address;
}

/* 0 and *ret_code, or an exit status after a complaint. */
static int get (struct fetch *fetch, int64_t from, int64_t to, long *ret_code)
{
    char *address = address_of (fetch, from, to), problem[CURL_ERROR_SIZE] = "";
    buffer_clear (&fetch->page);
    fetch->asked++;
    curl_easy_setopt (fetch->curl, CURLOPT_URL, address);
    curl_easy_setopt (fetch->curl, CURLOPT_ERRORBUFFER, problem);
    CURLcode code = curl_easy_perform (fetch->curl);
    curl_easy_setopt (fetch->curl, CURLOPT_ERRORBUFFER, NULL);
    curl_easy_getinfo (fetch->curl, CURLINFO_RESPONSE_CODE, ret_code);
    free (address);
    if (code == CURLE_OK)
        return 0;
    if (code == CURLE_WRITE_ERROR)
        snprintf (problem, sizeof problem, "an answer has over %d MiB", PAGE_MOST >> 20);
    return complain (EX_UNAVAILABLE, TEXT_open311_silent, "url", fetch->url, "why",
                     *problem ? problem : curl_easy_strerror (code), NULL);
}

/* A stretch's requests as they came; NULL after a complaint.  The first answer settles whether the server speaks JSON. */
static json_t *ask (struct fetch *fetch, int64_t from, int64_t to, int *ret_status)
{
    const char *why = "";
    for (;;) {
        long code = 0;
        *ret_status = get (fetch, from, to, &code);
        if (*ret_status != 0)
            return NULL;
        const char *at = fetch->page.at ? fetch->page.at : "";
        json_t *list = code != 200  ? NULL
                       : fetch->xml ? open311_read_xml (at, fetch->page.len, &why)
                                    : open311_read_json (at, fetch->page.len, &why);
        if (list)
            return list;
        if (!fetch->xml && code != 429 && code < 500 && (code < 300 || code >= 400)) {
            fetch->xml = true;
            continue;
        }
        char said[24];
        snprintf (said, sizeof said, "%ld", code);
        *ret_status =
            complain (EX_UNAVAILABLE,
                      code >= 300 && code < 400 ? TEXT_open311_elsewhere : TEXT_open311_answer,
                      "url", fetch->url, "code", said, "why", code == 200 ? why : "", NULL);
        return NULL;
    }
}

/* ---- stretches ------------------------------------------------------------------------------- */

static bool requested_at (const struct fetch *fetch, const json_t *row, int64_t *ret)
{
    uint64_t ms;
    if (!time_parse (view_of (json_text (row, "requested_datetime")), fetch->zone, &ms))
        return false;
    *ret = (int64_t) ms;
    return true;
}

/* Does it give what was not asked for?  A day is allowed for zones. */
static bool heeds_no_dates (const struct fetch *fetch, const json_t *rows, int64_t from, int64_t to)
{
    const json_t *row;
    size_t at;
    int64_t when;
    json_array_foreach (rows, at, row)
        if (requested_at (fetch, row, &when) && (when < from - 86400000 || when > to + 86400000))
            return true;
    return false;
}

static int keep (struct fetch *fetch, const json_t *rows)
{
    const json_t *row;
    size_t at;
    json_array_foreach (rows, at, row) {
        const char *id = json_text (row, "service_request_id");
        if (*id && !see (fetch, id))
            continue;
        json_dumpf (row, fetch->file, JSON_COMPACT);
        fputc ('\n', fetch->file);
        fetch->kept++;
    }
    return ferror (fetch->file) ? complain (EX_CANTCREAT, TEXT_cannot_write, "path", fetch->path,
                                            "why", strerror (errno), NULL)
                                : 0;
}

/* From `from` to now. */
static int walk (struct fetch *fetch, int64_t from)
{
    int64_t now = wall_ms (), stretch = STRETCH_MS;
    int status = 0;
    while (status == 0 && from < now && !fetch->ends) {
        int64_t to = from + stretch < now ? from + stretch : now;
        if (fetch->asked >= ASKED_MOST)
            return complain (EX_TEMPFAIL, TEXT_open311_enough, "url", fetch->url, NULL);
        json_t *rows = ask (fetch, from, to, &status);
        if (!rows)
            return status;
        size_t count = json_array_size (rows);
        bool cut = count && count % CUT_AT == 0;
        fetch->ends = heeds_no_dates (fetch, rows, from, to);
        if (cut && !fetch->ends && to - from > SHORTEST_MS) {
            stretch = (to - from) / 2;
            json_decref (rows);
            continue;
        }
        if (fetch->ends || cut)
            complain (0, TEXT_open311_cut, "url", fetch->url, "count", count_text (count), NULL);
        status = keep (fetch, rows);
        json_decref (rows);
        if (status == 0)
            status = cursor_write (fetch, fetch->ends ? now : to);
        from = to;
        stretch = stretch * 2 < STRETCH_MOST ? stretch * 2 : STRETCH_MOST;
    }
    return status;
}

/* ---- from beginning to end ------------------------------------------------------------------- */

static int begin_at (const struct fetch *fetch, int64_t *ret)
{
    const char *since = option (&fetch->cli->options, "since");
    int64_t until = cursor_read (fetch);
    uint64_t ms;
    *ret = wall_ms () - FIRST_MS;
    if (until)
        *ret = until - OVERLAP_MS;
    else if (since && time_parse (view_of (since), fetch->zone, &ms))
        *ret = (int64_t) ms;
    else if (since)
        return complain (EX_USAGE, TEXT_export_day, "option", "since", "value", since, NULL);
    return 0;
}

static int open_curl (struct fetch *fetch)
{
    if (strncmp (fetch->url, "http://", 7) != 0 && strncmp (fetch->url, "https://", 8) != 0)
        return complain (EX_USAGE, TEXT_unknown_word, "option", "open311", "value", fetch->url,
                         NULL);
    fetch->curl = curl_easy_init ();
    check (fetch->curl);
    bool follows = option_flag (&fetch->cli->options, "redirects") == ADUAN_FLAG_YES;
    curl_easy_setopt (fetch->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt (fetch->curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    curl_easy_setopt (fetch->curl, CURLOPT_FOLLOWLOCATION, follows ? 1L : 0L);
    curl_easy_setopt (fetch->curl, CURLOPT_MAXREDIRS, 3L);
    curl_easy_setopt (fetch->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt (fetch->curl, CURLOPT_CONNECTTIMEOUT, 15L);
    curl_easy_setopt (fetch->curl, CURLOPT_TIMEOUT, (long) TRANSFER_S);
    curl_easy_setopt (fetch->curl, CURLOPT_USERAGENT, "aduan/" ADUAN_VERSION);
    curl_easy_setopt (fetch->curl, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt (fetch->curl, CURLOPT_WRITEFUNCTION, on_bytes);
    curl_easy_setopt (fetch->curl, CURLOPT_WRITEDATA, fetch);
    return 0;
}

static void fetch_close (struct fetch *fetch)
{
    struct seen *seen, *next;
    HASH_ITER (hh, fetch->seen, seen, next) {
        HASH_DEL (fetch->seen, seen);
        free (seen->id);
        free (seen);
    }
    if (fetch->file)
        fclose (fetch->file);
    if (fetch->curl)
        curl_easy_cleanup (fetch->curl);
    buffer_free (&fetch->page);
    free (fetch->cursor_path);
}

int open311_fetch (struct cli *cli, char **ret_path, int *ret_status)
{
    const struct options *options = &cli->options;
    const char *keeps = options->argument_count ? options->arguments[0] : "open311.jsonl";
    struct fetch fetch = {.cli = cli,
                          .url = option (options, "open311"),
                          .jurisdiction = option (options, "jurisdiction"),
                          .path = xstrdup (keeps),
                          .cursor_path = xformat ("%s.cursor", keeps)};
    int64_t from, zone;
    int status = option_number (options, "zone", -12, 14, 0, &zone);
    fetch.zone = (int) zone;
    if (status == 0)
        status = open_curl (&fetch);
    if (status == 0)
        status = begin_at (&fetch, &from);
    if (status == 0)
        status = read_kept (&fetch);
    if (status == 0) {
        *ret_status = walk (&fetch, from);
        say (stderr, TEXT_open311_fetched, "count", count_text (fetch.kept), "asked",
             count_text (fetch.asked), "path", fetch.path, NULL);
        *ret_path = fetch.path;
    } else {
        free (fetch.path);
    }
    fetch_close (&fetch);
    return status;
}
