/* remedy.c - an order was refused: because of what, why, and what would do instead. */
#include <stdlib.h>
#include <string.h>
#include "cli.h"

struct remedy {
    const char *order, *argument; /* order NULL: of any */
    enum text_key text;
};

/* What the argument at fault must be like; those of one order first. */
static const struct remedy values[] = {
    {"make_key", "name", TEXT_remedy_key_name},
    {"make_key", "role", TEXT_remedy_key_role},
    {"make_token", "name", TEXT_remedy_client},
    {"set_webhook", "name", TEXT_remedy_client},
    {"permit", "person", TEXT_remedy_reader},
    {"permit", "agency", TEXT_remedy_reader},
    {NULL, "login", TEXT_remedy_login},
    {NULL, "name", TEXT_remedy_name},
    {NULL, "code", TEXT_remedy_code},
    {NULL, "role", TEXT_remedy_role},
    {NULL, "language", TEXT_remedy_language},
    {NULL, "until", TEXT_remedy_until},
    {NULL, "named", TEXT_remedy_named},
    {NULL, "held", TEXT_remedy_flag},
    {NULL, "allowed", TEXT_remedy_flag},
    {NULL, "liaison_closes", TEXT_remedy_flag},
    {NULL, "hours", TEXT_remedy_hours},
    {NULL, "sandbox", TEXT_remedy_flag},
    {NULL, "expected", TEXT_remedy_flag},
    {NULL, "url", TEXT_remedy_url},
    {NULL, "events", TEXT_remedy_events},
    {NULL, "from", TEXT_remedy_from},
    {NULL, "webhook", TEXT_remedy_number},
    {NULL, "requests", TEXT_remedy_requests},
    {NULL, "submissions", TEXT_remedy_submissions},
    {NULL, "days", TEXT_remedy_days},
    {NULL, "route_depth", TEXT_remedy_depth},
    {NULL, "verify_at", TEXT_remedy_verify_at},
    {NULL, "kind", TEXT_remedy_kind},
    {NULL, "function", TEXT_remedy_function},
    {NULL, "region", TEXT_remedy_region},
    {NULL, "flags", TEXT_remedy_flags},
    {NULL, "zone", TEXT_remedy_zone},
    {NULL, "key", TEXT_remedy_key},
    {NULL, "agencies", TEXT_remedy_agencies},
    {NULL, "rights", TEXT_remedy_rights},
    {NULL, "level", TEXT_remedy_level},
    {NULL, "reason", TEXT_remedy_reason},
    {NULL, "permit", TEXT_remedy_number},
    {NULL, "template", TEXT_remedy_number},
    {NULL, "request", TEXT_remedy_number},
    {NULL, "approver", TEXT_remedy_approver},
    {NULL, "text", TEXT_remedy_words},
    {NULL, "password", TEXT_remedy_password},
    {NULL, "new_password", TEXT_remedy_short},
    {NULL, "new_password_known", TEXT_remedy_known},
    {NULL, "new_password_plain", TEXT_remedy_plain},
    {NULL, "new_password_own", TEXT_remedy_own},
};

/* Where to look for what is there and yours. */
static const struct remedy absents[] = {
    {NULL, "agency", TEXT_remedy_no_agency},   {NULL, "agencies", TEXT_remedy_no_agency},
    {NULL, "parent", TEXT_remedy_no_agency},   {NULL, "successor", TEXT_remedy_no_agency},
    {NULL, "person", TEXT_remedy_no_person},   {NULL, "deputy", TEXT_remedy_no_person},
    {NULL, "approver", TEXT_remedy_no_person}, {NULL, "login", TEXT_remedy_no_person},
    {NULL, "name", TEXT_remedy_no_key},        {NULL, "token", TEXT_remedy_no_token},
};

static enum text_key find_remedy (const struct remedy *remedies, size_t count, const char *order,
                                  const char *argument)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp (remedies[i].argument, argument) == 0 &&
            (!remedies[i].order || strcmp (remedies[i].order, order) == 0))
            return remedies[i].text;
    return TEXT_none;
}

static enum text_key remedy_of (const char *order, const struct aduan_ordered *ordered)
{
    if (ordered->reason == ADUAN_REASON_VALUE)
        return find_remedy (values, array_len (values), order, ordered->detail);
    if (ordered->reason == ADUAN_REASON_ABSENT)
        return find_remedy (absents, array_len (absents), order, ordered->detail);
    return TEXT_none;
}

/* ` "VALUE"` as it was said; "" where nothing was, or where it is secret.  The caller frees it. */
static char *said_of (const json_t *arguments, const char *argument)
{
    const char *text = json_text (arguments, argument);
    bool secret = strcmp (argument, "password") == 0 || strcmp (argument, "new_password") == 0 ||
                  strcmp (argument, "token") == 0;
    return *text && !secret ? xformat (" \"%s\"", text) : xstrdup ("");
}

/* The thing, the value, why not, and what would do. */
void remedy_say (int status, const char *name, const json_t *arguments,
                 const struct aduan_ordered *ordered)
{
    bool logs_in = strcmp (name, "login") == 0 && ordered->reason == ADUAN_REASON_SESSION;
    enum text_key key = remedy_of (name, ordered);
    char *why = logs_in ? xformat ("%s: %s", aduan_reason_word (ordered->reason),
                                   text_of (TEXT_why_login))
                        : reason_said (ordered->reason, ordered->refusal),
         *said = said_of (arguments, ordered->detail),
         *remedy = key ? xformat (".  %s", text_of (key)) : xstrdup ("");
    complain (status, *ordered->detail ? TEXT_order_refused_by : TEXT_order_refused, "order", name,
              "what", ordered->detail, "said", said, "why", why, "remedy", remedy, NULL);
    free (why);
    free (said);
    free (remedy);
}
