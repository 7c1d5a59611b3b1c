/* argument.c - what an order's arguments must be like, whatever they are about: names, codes, numbers, moments.
 *
 * Statements judge what depends on rows; what does not is judged here, once for all orders, so that the argument at
 * fault is named before PostgreSQL cannot read it.  What may be written in several ways - yes or true, a moment with
 * or without a zone - goes on in one. */
#include "order.h"

#include <string.h>
#include <strings.h>
#include <time.h>

enum form {
    NAME,     /* name_plain, at most so many signs */
    LOGIN,    /* login_valid, in small letters or large */
    CODE,     /* agency_code_valid */
    KEY_NAME, /* key_name_valid */
    WORDS,    /* says something, where anything stands there */
    NUMBER,   /* a whole one, from `least` to `most`; as text, too */
    FLAG,     /* becomes true or false */
    MOMENT    /* becomes one of UTC */
};

static const struct argument {
    enum order_id order;
    const char *name;
    enum form form;
    int64_t least, most;
} rows[] = {
    {ORDER_invite, "login", LOGIN, 0, 0},
    {ORDER_invite, "name", NAME, 0, 200},
    {ORDER_invite, "named", FLAG, 0, 0},
    {ORDER_invite, "until", MOMENT, 0, 0},
    {ORDER_change_person, "name", NAME, 0, 200},
    {ORDER_set_contact, "contact_key", NUMBER, 0, INT32_MAX},
    {ORDER_set_contact, "from", NUMBER, 0, 23},
    {ORDER_set_contact, "to", NUMBER, 1, 24},
    {ORDER_appoint, "named", FLAG, 0, 0},
    {ORDER_appoint, "until", MOMENT, 0, 0},
    {ORDER_set_deputy, "until", MOMENT, 0, 0},
    {ORDER_register_agency, "code", CODE, 0, 0},
    {ORDER_register_agency, "name", NAME, 0, 200},
    {ORDER_rename_agency, "name", NAME, 0, 200},
    {ORDER_set_connection, "route_depth", NUMBER, 0, 8},
    {ORDER_set_connection, "liaison_closes", FLAG, 0, 0},
    {ORDER_set_competence, "held", FLAG, 0, 0},
    {ORDER_make_key, "name", KEY_NAME, 0, 0},
    {ORDER_rotate_key, "hours", NUMBER, 0, 720},
    {ORDER_make_token, "sandbox", FLAG, 0, 0},
    {ORDER_make_token, "expected", FLAG, 0, 0},
    {ORDER_make_token, "hours", NUMBER, 0, 720},
    {ORDER_make_token, "requests", NUMBER, 1, 60000},
    {ORDER_make_token, "submissions", NUMBER, 1, 1000000},
    {ORDER_revoke_token, "sandbox", FLAG, 0, 0},
    {ORDER_remove_webhook, "webhook", NUMBER, 1, INT32_MAX},
    {ORDER_test_webhook, "webhook", NUMBER, 1, INT32_MAX},
    {ORDER_replay_webhook, "webhook", NUMBER, 1, INT32_MAX},
    {ORDER_pause_webhook, "webhook", NUMBER, 1, INT32_MAX},
    {ORDER_resume_webhook, "webhook", NUMBER, 1, INT32_MAX},
    {ORDER_permit, "days", NUMBER, 1, 90},
    {ORDER_permit, "reason", WORDS, 0, 0},
    {ORDER_withdraw_permit, "permit", NUMBER, 1, INT64_MAX},
    {ORDER_save_template, "template", NUMBER, 1, INT32_MAX},
    {ORDER_save_template, "name", NAME, 0, 100},
    {ORDER_save_template, "text", WORDS, 0, 0},
    {ORDER_remove_template, "template", NUMBER, 1, INT32_MAX},
    {ORDER_ask_identity, "reason", WORDS, 0, 0},
    {ORDER_ask_identity, "hours", NUMBER, 1, 168},
    {ORDER_approve_identity, "request", NUMBER, 1, INT64_MAX},
    {ORDER_allow_identity, "allowed", FLAG, 0, 0},
    {ORDER_look, "reason", WORDS, 0, 0},
    {ORDER_retry_notice, "event", NUMBER, 1, INT16_MAX},
    {ORDER_retry_notice, "all", FLAG, 0, 0},
    {ORDER_retry_notice, "reason", WORDS, 0, 0},
};

static bool login_fits (const char *text)
{
    char small[64];
    size_t len = strlen (text);
    if (len >= sizeof small)
        return false;
    for (size_t i = 0; i <= len; i++)
        small[i] = (char) (text[i] >= 'A' && text[i] <= 'Z' ? text[i] - 'A' + 'a' : text[i]);
    return login_valid ((struct view){small, len});
}

static bool number_fits (const struct argument *row, const json_t *value)
{
    const char *text = json_string_value (value);
    int64_t number = json_integer_value (value);
    if (text && (!*text || strspn (text, "0123456789") != strlen (text) || strlen (text) > 18))
        return false;
    if (text)
        number = strtoll (text, NULL, 10);
    return (text || json_is_integer (value)) && number >= row->least && number <= row->most;
}

static bool flag_read (json_t *arguments, const char *name, const json_t *value)
{
    static const struct {
        const char *word;
        bool means;
    } words[] = {{"yes", true}, {"true", true},   {"on", true},   {"1", true},
                 {"no", false}, {"false", false}, {"off", false}, {"0", false}};
    const char *text = json_string_value (value);
    for (size_t i = 0; text && i < array_len (words); i++)
        if (strcasecmp (words[i].word, text) == 0) {
            json_object_set_new (arguments, name, json_boolean (words[i].means));
            return true;
        }
    return json_is_boolean (value);
}

/* One that names no zone is UTC, as wherever programs write times. */
static bool moment_read (json_t *arguments, const char *name, const json_t *value)
{
    const char *text = json_string_value (value);
    uint64_t ms;
    struct tm tm;
    if (!text || !time_parse (view_of (text), 0, &ms))
        return false;
    time_t second = (time_t) (ms / 1000);
    if (!gmtime_r (&second, &tm) || tm.tm_year > 9999 - 1900)
        return false;
    json_object_set_new (arguments, name, json_string (instant_text_ms ((int64_t) ms)));
    return true;
}

static bool fits (json_t *arguments, const struct argument *row, const json_t *value)
{
    const char *text = json_string_value (value);
    struct view said = text ? view_of (text) : (struct view){0};
    switch (row->form) {
    case NAME: return text && name_plain (said, (size_t) row->most);
    case LOGIN: return text && login_fits (text);
    case CODE: return text && agency_code_valid (said);
    case KEY_NAME: return text && key_name_valid (said);
    case WORDS: return !said.len || !utf8_blank (said.at, said.len);
    case NUMBER: return number_fits (row, value);
    case FLAG: return flag_read (arguments, row->name, value);
    case MOMENT: return moment_read (arguments, row->name, value);
    }
    return false;
}

const char *argument_fault (enum order_id order, json_t *arguments)
{
    for (size_t i = 0; i < array_len (rows); i++) {
        const struct argument *row = &rows[i];
        const json_t *value = json_object_get (arguments, row->name);
        if (row->order == order && value && !json_is_null (value) && !fits (arguments, row, value))
            return row->name;
    }
    return NULL;
}
