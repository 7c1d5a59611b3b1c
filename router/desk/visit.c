/* visit.c - one request on its way: session, language, what it said; and the ways in which it ends.
 *
 * A session's token is in a cookie (browsers) or behind "Authorization: Bearer" (programs), 64 hexadecimal
 * digits.  What a page sends must name the session's CSRF token - a hash of the session's own, masked
 * anew on each page, so that compression tells nothing of it - and come from this origin; a
 * program's bearer token is no cookie, so nobody can make a browser send it.
 */
#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "desk.h"
#include "http/front.h"

#define CSRF_BYTES 16

static const char *cookie_name (const struct desk *desk)
{
    return desk->tls ? "__Host-aduan" : "aduan";
}

bool session_of (const struct desk *desk, struct http_request *request, uint8_t ret[SESSION_BYTES])
{
    const char *bearer = http_header (request, "Authorization"), *text = NULL;

    if (strncmp (http_path (request), "/api/", 5) != 0)
        text = http_cookie (request, cookie_name (desk));
    else if (bearer && strncasecmp (bearer, "Bearer ", 7) == 0)
        text = bearer + 7;
    return text && strlen (text) == 2 * SESSION_BYTES && hex_parse (text, ret, SESSION_BYTES) == 0;
}

static void visit_free (void *what)
{
    struct visit *visit = what;
    http_parts_done (&visit->parts);
    json_decref (visit->body);
    json_decref (visit->values);
    sodium_memzero (visit->session, sizeof visit->session);
    free (visit->work);
    free (visit);
}

struct visit *visit_new (struct desk *desk, struct http_request *request)
{
    struct visit *visit = xcalloc (1, sizeof *visit);
    const char *language = http_cookie (request, "aduan-language");
    const char *type = http_header (request, "Content-Type");
    struct view body = http_body (request);

    visit->desk = desk;
    visit->request = request;
    visit->has_session = session_of (desk, request, visit->session);
    visit->api = strncmp (http_path (request), "/api/", 5) == 0;
    if (visit->api) {
        language = http_header (request, "Accept-Language");
        if (body.len && type && strncasecmp (type, "application/json", 16) == 0)
            visit->body = http_json_read (body, JSON_MOST);
    } else if (!language)
        language = http_header (request, "Accept-Language");
    /* Indonesian unless English is asked for first */
    visit->english = language && strncasecmp (language, "en", 2) == 0;
    visit->values = json_object ();
    http_keep (request, visit, visit_free);
    return visit;
}

/* ---- what it said ------------------------------------------------------------------------------ */

const char *visit_said (struct visit *visit, const char *name)
{
    if (!visit->api)
        return http_form (visit->request, name);
    json_t *value = json_object_get (visit->body, name);
    if (json_is_integer (value)) {
        char digits[24];
        snprintf (digits, sizeof digits, "%" JSON_INTEGER_FORMAT, json_integer_value (value));
        json_object_set_new (visit->body, name, json_string (digits));
        value = json_object_get (visit->body, name);
    }
    return json_string_value (value);
}

uint64_t visit_number (struct visit *visit, const char *name)
{
    const char *text = visit_said (visit, name);
    char *end = NULL;
    uint64_t value = text && *text >= '0' && *text <= '9' ? strtoull (text, &end, 10) : 0;
    return end && !*end && value <= INT64_MAX ? value : 0;
}

bool visit_id (struct visit *visit, const char *name, uint8_t ret[16])
{
    const char *text = visit_said (visit, name);
    struct id id;
    if (!text || id_parse (text, &id) != 0)
        return false;
    memcpy (ret, id.at, 16);
    return true;
}

void visit_key (struct visit *visit, uint8_t ret[16])
{
    const char *text =
        visit->api ? http_header (visit->request, "Idempotency-Key") : visit_said (visit, "key");
    struct id id;
    if (!text || id_parse (text, &id) != 0)
        id = id_random ();
    memcpy (ret, id.at, 16);
}

const char *visit_back (struct visit *visit, const char *name, const char *otherwise)
{
    const char *path = visit->api ? NULL
                       : http_method (visit->request) == HTTP_POST
                           ? visit_said (visit, name)
                           : http_query (visit->request, name);
    return http_own_path (path) ? path : otherwise;
}

/* ---- forgery ----------------------------------------------------------------------------------- */

static void csrf_of (const struct visit *visit, uint8_t ret[CSRF_BYTES])
{
    static const char about[] = "aduan-desk form";
    crypto_generichash (ret, CSRF_BYTES, visit->session, SESSION_BYTES, (const uint8_t *) about,
                        sizeof about);
}

static const char *csrf_text (const struct visit *visit)
{
    uint8_t shown[2 * CSRF_BYTES], token[CSRF_BYTES];
    csrf_of (visit, token);
    randombytes_buf (shown, CSRF_BYTES);
    for (size_t i = 0; i < CSRF_BYTES; i++)
        shown[CSRF_BYTES + i] = shown[i] ^ token[i];
    return hex_text (shown, sizeof shown);
}

bool visit_ours (struct visit *visit)
{
    uint8_t said[2 * CSRF_BYTES], token[CSRF_BYTES];
    const char *text;

    if (visit->api)
        return true;
    if (!http_same_origin (visit->request, visit->desk->origin))
        return false;
    if (!visit->has_session)
        return visit->route->open;
    text = http_form (visit->request, "csrf");
    if (!text)
        text = http_header (visit->request, "X-Aduan-Form");
    if (!text || strlen (text) != 4 * CSRF_BYTES || hex_parse (text, said, sizeof said) != 0)
        return false;
    csrf_of (visit, token);
    for (size_t i = 0; i < CSRF_BYTES; i++)
        said[i] ^= said[CSRF_BYTES + i];
    return sodium_memcmp (said, token, CSRF_BYTES) == 0;
}

/* ---- ways in which it ends --------------------------------------------------------------------- */

void visit_cookie (struct visit *visit, const uint8_t *session)
{
    char *value =
        xformat ("%s=%s; Path=/; HttpOnly; SameSite=Strict%s%s", cookie_name (visit->desk),
                 session ? hex_text (session, SESSION_BYTES) : "",
                 visit->desk->tls ? "; Secure" : "", session ? "" : "; Max-Age=0");
    http_say (visit->request, "Set-Cookie", value);
    sodium_memzero (value, strlen (value));
    free (value);
}

void visit_typed (struct visit *visit)
{
    const char *text = visit_said (visit, "text"), *number = visit_parameter (visit, "number");

    if (visit->api)
        return;
    json_object_set_new (visit->values, "typed", json_string (text ? text : ""));
    if (*number)
        json_object_set_new (visit->values, "number", json_string (number));
}

void visit_fail (struct visit *visit, unsigned status, const char *why)
{
    if (visit->fault)
        return;
    visit->fault = status;
    visit->why = why;
}

void page_values (struct visit *visit)
{
    json_t *values = visit->values;
    char path[512];

    snprintf (path, sizeof path, "%s", http_path (visit->request));
    json_object_set_new (values, "lang", json_string (visit->english ? "en" : "id"));
    json_object_set_new (values, "path", json_string (path));
    json_object_set_new (values, "accept", json_string (content_accept (visit->desk->content)));
    if (content_video_most (visit->desk->content))
        json_object_set_new (values, "video_seconds",
                             json_integer (content_video_seconds (visit->desk->content)));
    const char *said = http_query (visit->request, "said");
    if (said && strlen (said) < 40 &&
        strspn (said, "abcdefghijklmnopqrstuvwxyz_0123456789") == strlen (said)) {
        char key[48];
        snprintf (key, sizeof key, "said_%s", said);
        if (desk_word (visit, key))
            json_object_set_new (values, "said", json_string (said));
    }
    if (visit->has_session)
        json_object_set_new (values, "csrf", json_string (csrf_text (visit)));
    json_object_set_new (values, "form_key", json_string ("-"));
}

void visit_page (struct visit *visit, unsigned status, const char *template)
{
    struct template_set set = desk_templates (visit);

    page_values (visit);
    front_page (visit->request, status, &set, template, visit->values);
}

void visit_refuse (struct visit *visit, unsigned status, const char *why)
{
    char key[64];
    snprintf (key, sizeof key, "fault_%s", why);
    const char *text = desk_word (visit, key);

    if (visit->api) {
        json_t *problem = json_pack ("{s:s, s:s, s:i, s:s}", "type", "about:blank", "title",
                                     text ? text : why, "status", (int) status, "code", why);
        if (*visit->detail)
            json_object_set_new (problem, "field", json_string (visit->detail));
        if (status == 401)
            http_say (visit->request, "WWW-Authenticate", "Bearer");
        http_json (visit->request, status, problem);
        json_decref (problem);
        return;
    }
    json_object_set_new (visit->values, "why", json_string (why));
    if (*visit->detail)
        json_object_set_new (visit->values, "detail", json_string (visit->detail));
    visit_page (visit, status, "fault");
}

void visit_wait (struct visit *visit)
{
    visit->asked++;
}

void visit_came (struct visit *visit, void (*finish) (struct visit *visit))
{
    check (visit->asked > 0);
    if (--visit->asked == 0)
        finish (visit);
}
