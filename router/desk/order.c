/* order.c - log in and out, invitations, and what coordinators administer: forms become orders to the store.
 *
 * orders.def says which orders a form may give, and what is in each.  The store judges.
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include "desk.h"

enum field_kind { FIELD_TEXT, FIELD_NUMBER, FIELD_FLAG, FIELD_TEXT_OR_NULL, FIELD_NUMBER_OR_NULL };

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

static json_t *argument_of (struct visit *visit, const struct order_field *field)
{
    const char *said = visit_said (visit, field->name);

    if (field->kind == FIELD_FLAG)
        return json_boolean (said && *said);
    if (!said || !*said)
        return field->kind >= FIELD_TEXT_OR_NULL && said ? json_null () : NULL;
    if (field->kind == FIELD_NUMBER || field->kind == FIELD_NUMBER_OR_NULL)
        return json_integer ((json_int_t) visit_number (visit, field->name));
    return json_string (said);
}

/* The order's arguments: from the form as orders.def says, or what a program sent. */
static char *arguments_of (struct visit *visit, const char *order)
{
    json_t *arguments = visit->api && visit->body ? json_incref (visit->body) : json_object ();
    for (size_t i = 0; i < array_len (fields) && !visit->api; i++) {
        json_t *value =
            strcmp (fields[i].order, order) == 0 ? argument_of (visit, &fields[i]) : NULL;
        if (value)
            json_object_set_new (arguments, fields[i].name, value);
    }
    char *text = json_dumps (arguments, JSON_COMPACT);
    json_decref (arguments);
    return text;
}

static void order_say (struct visit *visit, const char *name, aduan_ordered_fn *done)
{
    char *arguments = arguments_of (visit, name);
    struct aduan_order order = {.order = name,
                                .arguments = arguments,
                                .session = visit->has_session ? visit->session : NULL};

    visit_key (visit, order.key);
    aduan_order_start (visit->desk->aduan, &order, ACT_MS, done, visit);
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
        visit_refuse (visit,
                      ordered->reason == REASON_SESSION ? 401
                      : ordered->result == ADUAN_STALE  ? 409
                                                        : 422,
                      key);
    } else
        visit_refuse (visit, 503, ordered->result == ADUAN_UNKNOWN ? "act_unknown" : "store_down");
    return true;
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
        visit_json (visit, 200, said);
        json_decref (said);
        return;
    }
    /* what is told once - an invitation's code - is shown at once, and nowhere else */
    const char *token = json_string_value (json_object_get (result, "token"));
    if (token) {
        json_object_set_new (visit->values, "token", json_string (token));
        json_object_set (visit->values, "made", result);
        json_object_set_new (visit->values, "back",
                             json_string (visit_back (visit, "back", "/inbox")));
        visit_page (visit, 200, "told");
    } else {
        const char *back = visit_back (visit, "back", "/inbox");
        char *path = xformat ("%s%csaid=ordered", back, strchr (back, '?') ? '&' : '?');
        visit_redirect (visit, path);
        free (path);
    }
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

    if (ordered->result == ADUAN_REFUSED && !visit->api) {
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
        visit_json (visit, 200, result);
    } else {
        visit_cookie (visit, session);
        visit_redirect (visit, visit_back (visit, "to", "/inbox"));
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
        visit_json (visit, 200, said);
        json_decref (said);
        return;
    }
    visit_cookie (visit, NULL);
    visit_redirect (visit, "/login?said=out");
}

void order_logout (struct visit *visit)
{
    order_say (visit, "logout", on_logout);
}

/* ---- an invitation ----------------------------------------------------------------------------- */

/* Whoever was invited chooses a password; the store tells the secret of his second factor, once, and it
 * is shown as a QR code and in letters. */
static void on_invited (void *with, const struct aduan_ordered *ordered)
{
    struct visit *visit = with;
    const char *token = visit_said (visit, "token");

    json_object_set_new (visit->values, "token", json_string (token ? token : ""));
    if (ordered->result == ADUAN_REFUSED) {
        json_object_set_new (visit->values, "wrong", json_true ());
        json_object_set_new (visit->values, "field", json_string (ordered->detail));
        visit_page (visit, 422, "invitation");
        return;
    }
    if (ordered_refused (visit, ordered))
        return;
    json_t *result = json_loads (ordered->text, 0, NULL);
    const char *uri = json_string_value (json_object_get (result, "factor"));
    const char *secret = uri ? strstr (uri, "secret=") : NULL;
    if (secret) {
        int side = 0;
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
    const char *language = visit_said (visit, "language");
    http_say (visit->request, "Set-Cookie",
              language && strcmp (language, "en") == 0
                  ? "aduan-language=en; Path=/; Max-Age=31536000; HttpOnly; SameSite=Strict"
                  : "aduan-language=id; Path=/; Max-Age=31536000; HttpOnly; SameSite=Strict");
    visit_redirect (visit, visit_back (visit, "back", "/"));
}
