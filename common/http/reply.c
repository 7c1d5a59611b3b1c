/* reply.c - JSON, "go there", "come again", and where a form came from. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "http/reply.h"

/* How many values there are, no deeper than jansson reads. */
static size_t json_count (json_t *value)
{
    size_t count = 1, at;
    const char *key;
    json_t *part;

    json_array_foreach (value, at, part)
        count += json_count (part);
    json_object_foreach (value, key, part)
        count += json_count (part);
    return count;
}

json_t *http_json_read (struct view body, size_t most)
{
    json_t *read = json_loadb (body.at, body.len, JSON_REJECT_DUPLICATES, NULL);

    if (read && json_count (read) > most) {
        json_decref (read);
        read = NULL;
    }
    return read;
}

void http_json (struct http_request *request, unsigned status, const json_t *values)
{
    char *text = json_dumps (values, JSON_COMPACT);
    http_say (request, "Cache-Control", "no-store");
    http_answer (request, status, status >= 400 ? "application/problem+json" : "application/json",
                 text, strlen (text));
    free (text);
}

void http_redirect (struct http_request *request, const char *path)
{
    http_say (request, "Location", path);
    http_say (request, "Cache-Control", "no-store");
    http_answer (request, 303, NULL, "", 0);
}

void http_later (struct http_request *request, int64_t wait_ms)
{
    char seconds[24];

    if (http_said (request, "Retry-After"))
        return;
    snprintf (seconds, sizeof seconds, "%" PRId64, wait_ms > 1000 ? (wait_ms + 999) / 1000 : 1);
    http_say (request, "Retry-After", seconds);
}

bool http_same_origin (const struct http_request *request, const char *own)
{
    const char *site = http_header (request, "Sec-Fetch-Site");
    const char *origin = http_header (request, "Origin");
    const char *host = http_header (request, "Host");

    if (site && strcmp (site, "same-origin") != 0 && strcmp (site, "none") != 0)
        return false;
    if (!origin)
        return true;
    if (*own)
        return strcmp (origin, own) == 0;
    const char *at = strstr (origin, "://");
    return at && host && strcasecmp (at + 3, host) == 0;
}

bool http_own_path (const char *path)
{
    if (!path || path[0] != '/' || path[1] == '/' || path[1] == '\\')
        return false;
    for (const char *at = path; *at; at++)
        if ((unsigned char) *at <= ' ' || (unsigned char) *at >= 127 || *at == '\\')
            return false;
    return true;
}

/* ---- paths ------------------------------------------------------------------------------------- */

void http_parts_done (struct http_parts *parts)
{
    for (unsigned i = 0; i < HTTP_PARTS; i++)
        free (parts->values[i]);
    *parts = (struct http_parts){0};
}

bool http_path_fits (const char *pattern, const char *path, struct http_parts *ret)
{
    unsigned count = 0;

    *ret = (struct http_parts){0};
    for (;;) {
        if (*pattern != ':' && *pattern != '+') {
            if (*pattern != *path)
                break;
            if (!*pattern)
                return true;
            pattern++, path++;
            continue;
        }
        bool rest = *pattern++ == '+';
        size_t name = strcspn (pattern, "/"), len = rest ? strlen (path) : strcspn (path, "/");
        if (len == 0 || count == HTTP_PARTS)
            break;
        ret->names[count] = pattern;
        ret->values[count++] = xstrndup (path, len);
        pattern += name;
        path += len;
    }
    http_parts_done (ret);
    return false;
}

const char *http_part (const struct http_parts *parts, const char *name)
{
    size_t len = strlen (name);

    for (unsigned i = 0; i < HTTP_PARTS && parts->names[i]; i++)
        if (strncmp (parts->names[i], name, len) == 0 &&
            (parts->names[i][len] == '\0' || parts->names[i][len] == '/'))
            return parts->values[i];
    return "";
}
