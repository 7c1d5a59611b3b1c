/* order.c - log in and out, invitations, and what coordinators administer: forms become orders to the store.
 *
 * orders.def says which orders a form may give, and what is in each.  The store judges.
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include "desk.h"

#define BUSY_MS 5000 /* until the store may have room again */

enum field_kind {
    FIELD_TEXT,
    FIELD_WORD,
    FIELD_SECRET,
    FIELD_NUMBER,
    FIELD_FLAG,
    FIELD_LIST,
    FIELD_TICKED,
    FIELD_PUBLIC,
    FIELD_DAY,
    FIELD_TEXT_OR_NULL,
    FIELD_NUMBER_OR_NULL
};

static const struct order_field {
    const char *order, *name;
    enum field_kind kind;
} fields[] = {
#define ORDER(name)
#define ARGUMENT(order, name, kind) {#order, #name, FIELD_##kind},
#include "orders.def"
#undef ORDER
#undef ARGUMENT
};

static const char *const orders[] = {
#define ORDER(name) #name,
#define ARGUMENT(order, name, kind)
#include "orders.def"
#undef ORDER
#undef ARGUMENT
};

/* ---- giving orders ----------------------------------------------------------------------------- */

/* "33.74/PUPR, 33.74/LH" as a list. */
static json_t *list_of (const char *text)
{
    static const char between[] = " ,;\t\r\n";
    json_t *list = json_array ();

    for (text += strspn (text, between); *text; text += strspn (text, between)) {
        size_t len = strcspn (text, between);
        json_array_append_new (list, json_stringn (text, len));
        text += len;
    }
    return list;
}

/* The boxes of this name that are ticked, with commas between; a field "-" says that there are such boxes.  NULL: there are none. */
static json_t *ticked_of (const struct visit *visit, const char *name)
{
    struct buffer all = {0};
    bool there = false;

    for (size_t i = 0; i < http_field_count (visit->request); i++) {
        const struct http_field *field = http_field (visit->request, i);
        if (strcmp (field->name, name) != 0)
            continue;
        there = true;
        if (field->value.len && strcmp (field->value.at, "-") != 0)
            buffer_format (&all, "%s%s", all.len ? "," : "", (const char *) field->value.at);
    }
    json_t *text = !there ? NULL : all.len ? json_stringn (all.at, all.len) : json_string ("-");
    buffer_free (&all);
    return text;
}

/* "2026-12-03": the moment at which it is over where times are shown.  NULL: no day. */
static json_t *day_of (const struct visit *visit, const char *text)
{
    static const char form[] = "dddd-dd-dd";
    char moment[40];

    for (size_t i = 0; i < sizeof form; i++)
        if (form[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != form[i])
            return NULL;
    snprintf (moment, sizeof moment, "%sT24:00:00+%02d:00", text, visit->desk->zone);
    return json_string (moment);
}

static const char *field_said (struct visit *visit, const struct order_field *field)
{
    return visit_said (visit, field->kind == FIELD_PUBLIC ? "public" : field->name);
}

/* NULL: it was left empty. */
static json_t *argument_of (struct visit *visit, const struct order_field *field)
{
    const char *said = field_said (visit, field);

    if (field->kind == FIELD_TICKED)
        return ticked_of (visit, field->name);
    if (field->kind == FIELD_FLAG)
        return json_boolean (said && *said);
    if (!said || !*said)
        return field->kind >= FIELD_TEXT_OR_NULL && said ? json_null () : NULL;
    if (field->kind == FIELD_NUMBER || field->kind == FIELD_NUMBER_OR_NULL)
        return json_integer ((json_int_t) visit_number (visit, field->name));
    if (field->kind == FIELD_LIST)
        return list_of (said);
    if (field->kind == FIELD_DAY)
        return day_of (visit, said);
    return json_string (said);
}

/* An address is sealed here and goes no further.  An order without one leaves it as it was, or forgets it.  False: it cannot be
 * sealed; the visit's detail names it where it is at fault itself. */
static bool contact_seal (struct visit *visit, json_t *arguments)
{
    const char *kind = json_string_value (json_object_get (arguments, "kind")),
               *address = json_string_value (json_object_get (arguments, "address"));
    struct aduan_contact contact = {.kind = kind ? kind : "email", .address = address};
    enum aduan_result result = ADUAN_DONE;
    char *sealed;
    uint64_t key;

    if (json_is_true (json_object_get (arguments, "forget"))) {
        json_object_set_new (arguments, "contact", json_null ());
    } else if (address) {
        bool known = strcmp (contact.kind, "email") == 0 || strcmp (contact.kind, "sms") == 0;
        result = !known ? ADUAN_REFUSED
                 : visit->desk->taking
                     ? aduan_contact_seal (visit->desk->taking, &contact, &sealed, &key)
                     : ADUAN_UNSENT;
        if (result == ADUAN_DONE) {
            json_object_set_new (arguments, "contact", json_string (sealed));
            json_object_set_new (arguments, "contact_key", json_integer ((json_int_t) key));
            free (sealed);
        } else if (result == ADUAN_REFUSED) {
            snprintf (visit->detail, sizeof visit->detail, "%s", known ? "address" : "kind");
        }
    }
    json_object_del (arguments, "kind");
    json_object_del (arguments, "address");
    json_object_del (arguments, "forget");
    return result == ADUAN_DONE;
}

/* The order's arguments: from the form as orders.def says, or what a program sent.  NULL: one of them is no day, or no
 * address, which the visit's detail names, or an address cannot be sealed for now. */
static char *arguments_of (struct visit *visit, const char *order)
{
    json_t *arguments = visit->api && visit->body ? json_incref (visit->body) : json_object ();
    for (size_t i = 0; i < array_len (fields) && !visit->api; i++) {
        if (strcmp (fields[i].order, order) != 0)
            continue;
        json_t *value = argument_of (visit, &fields[i]);
        const char *said = field_said (visit, &fields[i]);
        if (value)
            json_object_set_new (arguments, fields[i].name, value);
        else if (fields[i].kind == FIELD_DAY && said && *said)
            snprintf (visit->detail, sizeof visit->detail, "%s", fields[i].name);
    }
    bool sealed = strcmp (order, "set_contact") != 0 || contact_seal (visit, arguments);
    char *text = *visit->detail || !sealed ? NULL : json_dumps (arguments, JSON_COMPACT);
    json_decref (arguments);
    return text;
}

/* Nothing happened: the page of the fault says which field, in the reader's words, and keeps what he typed. */
static void order_refuse (struct visit *visit, unsigned status, const char *key)
{
    char word[96];
    json_t *typed = json_array ();

    for (size_t i = 0; i < array_len (fields) && !visit->api; i++) {
        const char *said = field_said (visit, &fields[i]);
        snprintf (word, sizeof word, "field_%s", fields[i].name);
        if (strcmp (fields[i].order, visit->order) == 0 && fields[i].kind != FIELD_SECRET &&
            fields[i].kind != FIELD_WORD && fields[i].kind != FIELD_FLAG &&
            fields[i].kind != FIELD_TICKED && said && *said && desk_word (visit, word))
            json_array_append_new (typed,
                                   json_pack ("{s:s, s:s}", "name", fields[i].name, "value", said));
    }
    json_object_set_new (visit->values, "fields", typed);
    snprintf (word, sizeof word, "field_%s", visit->detail);
    if (*visit->detail && desk_word (visit, word))
        json_object_set_new (visit->values, "field", json_string (visit->detail));
    if (!visit->api && *visit_back (visit, "back", ""))
        json_object_set_new (visit->values, "back", json_string (visit_back (visit, "back", "")));
    if (visit->api || status == 401 || status >= 500) {
        visit_refuse (visit, status, key);
        return;
    }
    visit->work = xstrdup (key);
    visit_fail (visit, status, visit->work);
    page_greet (visit, "fault");
}

/* True, and it is answered: the order has a password hashed, and from there come too many. */
static bool order_gated (struct visit *visit)
{
    static const char *const hashing[] = {"login", "accept_invitation", "change_password",
                                          "renew_factor"};
    bool hashes = false;
    int64_t wait;

    for (size_t i = 0; i < array_len (hashing); i++)
        hashes = hashes || strcmp (visit->order, hashing[i]) == 0;
    if (!hashes)
        return false;
    visit->source = http_source_of (visit->request, visit->desk->tls);
    visit->inside = gate_enter (visit->desk->gate, &visit->source, mono_ms (), &wait);
    if (visit->inside)
        return false;
    metric_add (desk_gated_total, 1);
    http_later (visit->request, wait);
    if (!visit->api) /* the page that it was sent from; an order's says which that is */
        json_object_set_new (
            visit->values, "back",
            json_string (visit_back (
                visit, "back", visit->has_session ? "/account" : http_path (visit->request))));
    visit_refuse (visit, 429, "too_many");
    return true;
}

static void on_said (void *with, const struct aduan_ordered *ordered)
{
    struct visit *visit = with;

    if (visit->inside)
        gate_leave (visit->desk->gate, &visit->source);
    visit->inside = false;
    visit->ordered (visit, ordered);
}

static void order_say (struct visit *visit, const char *name, aduan_ordered_fn *done)
{
    visit->order = name;
    visit->ordered = done;
    char *arguments = arguments_of (visit, name);
    if (!arguments) {
        order_refuse (visit, *visit->detail ? 422 : 503,
                      *visit->detail ? "order_value" : "store_down");
        return;
    }
    if (order_gated (visit)) {
        sodium_memzero (arguments, strlen (arguments));
        free (arguments);
        return;
    }
    struct aduan_order order = {.order = name,
                                .arguments = arguments,
                                .session = visit->has_session ? visit->session : NULL};

    visit_key (visit, order.key);
    aduan_order_start (visit->desk->aduan, &order, ACT_MS, on_said, visit);
    sodium_memzero (arguments, strlen (arguments));
    free (arguments);
}

/* True, and it is answered: it had no effect. */
static bool ordered_refused (struct visit *visit, const struct aduan_ordered *ordered)
{
    char key[64];

    if (ordered->result == ADUAN_DONE)
        return false;
    snprintf (visit->detail, sizeof visit->detail, "%s", ordered->detail);
    if (ordered->result == ADUAN_REFUSED || ordered->result == ADUAN_STALE) {
        snprintf (key, sizeof key, "order_%s",
                  ordered->reason ? aduan_reason_word (ordered->reason) : "refused");
        if (ordered->reason == REASON_BUSY)
            http_later (visit->request, BUSY_MS);
        order_refuse (visit,
                      ordered->reason == REASON_SESSION ? 401
                      : ordered->reason == REASON_BUSY  ? 503
                      : ordered->result == ADUAN_STALE  ? 409
                                                        : 422,
                      key);
    } else
        order_refuse (visit, 503, ordered->result == ADUAN_UNKNOWN ? "act_unknown" : "store_down");
    return true;
}

/* The secret of a second factor, told once: as a QR code and in letters. */
static void factor_values (struct visit *visit, const json_t *result)
{
    const char *uri = json_string_value (json_object_get (result, "factor"));
    const char *secret = uri ? strstr (uri, "secret=") : NULL;
    int side = 0;

    if (!secret)
        return;
    char *path = qr_path (uri, &side);
    char *box = xformat ("-4 -4 %d %d", side + 8, side + 8);
    json_object_set (visit->values, "login", json_object_get (result, "login"));
    json_object_set_new (visit->values, "secret",
                         json_stringn (secret + 7, strcspn (secret + 7, "&")));
    if (path) {
        json_object_set_new (visit->values, "qr", json_string (path));
        json_object_set_new (visit->values, "qr_box", json_string (box));
    }
    free (path);
    free (box);
}

/* Pages are in this language from now on, in this browser. */
static void language_keep (struct visit *visit, const char *language)
{
    http_say (visit->request, "Set-Cookie",
              language && strcmp (language, "en") == 0
                  ? "aduan-language=en; Path=/; Max-Age=31536000; HttpOnly; SameSite=Strict"
                  : "aduan-language=id; Path=/; Max-Age=31536000; HttpOnly; SameSite=Strict");
}

/* Back to the page that ordered it, which says so. */
static void ordered_back (struct visit *visit)
{
    const char *back = visit_back (visit, "back", "/inbox");
    char word[64];

    /* one's own language was chosen: what this browser was told before is over */
    if (strcmp (visit->order, "change_person") == 0 && !visit_said (visit, "person") &&
        visit_said (visit, "language"))
        language_keep (visit, visit_said (visit, "language"));
    snprintf (word, sizeof word, "said_%s", visit->order);
    char *path = xformat ("%s%csaid=%s", back, strchr (back, '?') ? '&' : '?',
                          desk_word (visit, word) ? visit->order : "ordered");
    http_redirect (visit->request, path);
    free (path);
}

static void on_ordered (void *with, const struct aduan_ordered *ordered)
{
    struct visit *visit = with;

    if (ordered_refused (visit, ordered))
        return;
    json_t *result = json_loads (ordered->text, 0, NULL);
    if (visit->api) {
        json_t *said =
            json_pack ("{s:s, s:o}", "result", "done", "made", result ? result : json_object ());
        http_json (visit->request, 200, said);
        json_decref (said);
        return;
    }
    /* what is told once - an invitation's code, a token, a secret - is shown at once, and nowhere else */
    const char *token = json_string_value (json_object_get (result, "token")),
               *secret = json_string_value (json_object_get (result, "secret"));
    if (token || secret) {
        json_object_set_new (visit->values, "token", json_string (token ? token : secret));
        json_object_set (visit->values, "made", result);
        json_object_set_new (visit->values, "back",
                             json_string (visit_back (visit, "back", "/inbox")));
        page_greet (visit, "told");
    } else if (json_object_get (result, "factor")) {
        factor_values (visit, result);
        page_greet (visit, "factor");
    } else
        ordered_back (visit);
    json_decref (result);
}

void order_one (struct visit *visit)
{
    const char *name = visit_parameter (visit, "name");
    for (size_t i = 0; i < array_len (orders); i++)
        if (strcmp (orders[i], name) == 0) {
            order_say (visit, orders[i], on_ordered);
            return;
        }
    visit_refuse (visit, 404, "absent");
}

/* ---- in and out -------------------------------------------------------------------------------- */

static void on_login (void *with, const struct aduan_ordered *ordered)
{
    struct visit *visit = with;

    if (ordered->result == ADUAN_REFUSED && ordered->reason != REASON_BUSY && !visit->api) {
        json_object_set_new (visit->values, "wrong", json_true ());
        const char *login = visit_said (visit, "login");
        json_object_set_new (visit->values, "login", json_string (login ? login : ""));
        json_object_set_new (visit->values, "to", json_string (visit_back (visit, "to", "")));
        visit_page (visit, 401, "login");
        return;
    }
    if (ordered_refused (visit, ordered))
        return;
    json_t *result = json_loads (ordered->text, 0, NULL);
    const char *token = json_string_value (json_object_get (result, "token"));
    uint8_t session[SESSION_BYTES];
    if (!token || strlen (token) != 2 * SESSION_BYTES ||
        hex_parse (token, session, sizeof session) != 0) {
        visit_refuse (visit, 502, "refused"); /* the store tells a token, or it is not ours */
    } else if (visit->api) {
        http_json (visit->request, 200, result);
    } else {
        visit_cookie (visit, session);
        bool renewed = json_is_true (json_object_get (result, "renewed"));
        http_redirect (visit->request,
                       renewed ? "/account?said=renewed" : visit_back (visit, "to", "/inbox"));
    }
    sodium_memzero (session, sizeof session);
    json_decref (result);
}

void order_login (struct visit *visit)
{
    visit->has_session = false; /* another one that is still there does not matter */
    order_say (visit, "login", on_login);
}

static void on_logout (void *with, const struct aduan_ordered *ordered)
{
    struct visit *visit = with;
    if (ordered->result != ADUAN_DONE && ordered->reason != REASON_SESSION &&
        ordered_refused (visit, ordered))
        return;
    if (visit->api) {
        json_t *said = json_pack ("{s:s}", "result", "done");
        http_json (visit->request, 200, said);
        json_decref (said);
        return;
    }
    visit_cookie (visit, NULL);
    http_redirect (visit->request, "/login?said=out");
}

void order_logout (struct visit *visit)
{
    order_say (visit, "logout", on_logout);
}

/* ---- an invitation ----------------------------------------------------------------------------- */

/* Whoever was invited chooses a password; the store tells the secret of his second factor, once. */
static void on_invited (void *with, const struct aduan_ordered *ordered)
{
    struct visit *visit = with;
    const char *token = visit_said (visit, "token");

    json_object_set_new (visit->values, "token", json_string (token ? token : ""));
    if (ordered->result == ADUAN_REFUSED && ordered->reason != REASON_BUSY) {
        json_object_set_new (visit->values, "wrong", json_true ());
        json_object_set_new (visit->values, "field", json_string (ordered->detail));
        visit_page (visit, 422, "invitation");
        return;
    }
    if (ordered_refused (visit, ordered))
        return;
    json_t *result = json_loads (ordered->text, 0, NULL);
    factor_values (visit, result);
    visit_page (visit, 200, "invited");
    json_decref (result);
}

void order_invitation (struct visit *visit)
{
    visit->has_session = false;
    order_say (visit, "accept_invitation", on_invited);
}

/* ---- language ---------------------------------------------------------------------------------- */

void order_language (struct visit *visit)
{
    language_keep (visit, visit_said (visit, "language"));
    http_redirect (visit->request, visit_back (visit, "back", "/"));
}
