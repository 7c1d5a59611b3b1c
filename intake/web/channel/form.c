/* form.c - the report form.
 *
 *     GET /report -> form, with a token -> POST /report -> places and agencies by their names -> photos -> intake -> receipt.c
 *
 * The token is drawn with the form; key and access code derive from it.  So a form that is sent twice - a lost answer, a second
 * press - is one complaint, with one receipt; where it says something else than at first, first.c tells so.  What is not right comes back with all that was typed, and
 * photos that are stored already are named in it by their handles (handle.h): none is sent twice over a bad connection.
 *
 *   TAKEN -> NAMING (what was typed as a place or an agency is looked for) -> STORING (photos, one after the other) -> SENDING
 *
 * With aduan-query away names are left as they were typed, and the router reads them; with the content store full the report goes
 * without its photos, and the receipt says so.
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "../handle.h"
#include "../limit.h"
#include "../repeat.h"
#include "../story.h"
#include "first.h"
#include "base/decimal.h"
#include "domain/incident.h"

#define TEXT_MOST  3000 /* signs, of our forms (DOMAIN 9 #14); the wire takes 10,000 */
#define SMALL_MOST 400
#define FOUND_MOST "8"
#define PLACE_MOST 500  /* bytes of the place, in his words and as typed, together: the wire's */
#define HASTE_MS   2000 /* nobody reads and fills the form in less */

struct report {
    struct drawn drawn;
    uint8_t digests[FILES_MOST * DIGEST_BYTES];
    unsigned file_count;
    size_t field; /* of the form, the next one that may be a photo */
    bool photos_lost;
    bool quiet; /* no news of it go to its contact: limit_contact */
    char place[14], target[65];
    char *location;
    int64_t latitude, longitude;
    uint64_t category;
    json_t *faults; /* {field, why} */
};

static void report_free (void *work)
{
    struct report *report = work;

    json_decref (report->faults);
    free (report->location);
    sodium_memzero (&report->drawn, sizeof report->drawn);
    free (report);
}

/* ---- the form, empty or as it was typed ------------------------------------------------------- */

static const char *const kept_fields[] = {
    "text",         "class",   "category", "place_q", "place",      "place_name",
    "location",     "point",   "incident", "open",    "anonymous",  "name",
    "contact_kind", "contact", "target_q", "target",  "target_name"};

static void today (const struct web *web, char ret[11])
{
    snprintf (ret, 11, "%s", day_text (wall_ms () + web->zone * INT64_C (3600000)));
}

/* By which way news are to go: what has an @ is a mail address, whatever was chosen beside it. */
static const char *contact_kind (const struct visit *visit)
{
    return notices_way (visit->web, visit_said (visit, "contact"),
                        visit_said (visit, "contact_kind"));
}

static void form_render (struct visit *visit)
{
    struct report *report = visit->work;
    char day[11];

    category_choose (visit, visit_said (visit, "category"));
    notices_offer (visit, contact_kind (visit));
    today (visit->web, day);
    visit_value (visit, "today", day);
    visit_value (visit, "day_first", INCIDENT_FIRST);
    drawn_show (visit, &report->drawn);
    receipt_here (visit);
    handles_show (visit, &report->drawn, report->digests, report->file_count);
    if (json_array_size (report->faults)) {
        size_t at;
        json_t *fault;
        char key[40];
        json_object_set (visit->values, "faults", report->faults);
        json_array_foreach (report->faults, at, fault) {
            snprintf (key, sizeof key, "bad_%s",
                      json_string_value (json_object_get (fault, "field")));
            json_object_set (visit->values, key, json_object_get (fault, "why"));
        }
    }
    visit_page (visit,
                visit->fault                       ? visit->fault
                : json_array_size (report->faults) ? 422
                                                   : 200,
                "form");
}

static void form_shown (struct visit *visit)
{
    form_render (visit);
}

/* The form needs categories; where they cannot be read it does without. */
static void form_show_again (struct visit *visit)
{
    for (size_t i = 0; i < array_len (kept_fields); i++)
        if (http_form (visit->request, kept_fields[i]))
            visit_value (visit, kept_fields[i], visit_said (visit, kept_fields[i]));
    visit_wait (visit);
    category_ask (visit, form_shown);
    visit_came (visit, form_shown);
}

static struct report *report_new (struct visit *visit)
{
    struct report *report = xcalloc (1, sizeof *report);

    report->faults = json_array ();
    visit->work = report;
    visit->work_free = report_free;
    return report;
}

static void form_show (struct visit *visit)
{
    struct report *report = report_new (visit);
    const char *target = http_query (visit->request, "to");
    char day[11];

    drawn_new (&report->drawn);
    today (visit->web, day);
    visit_value (visit, "incident", day);
    visit_value (visit, "class", "1");
    visit_value (visit, "anonymous", "2");
    if (target && strlen (target) <= SMALL_MOST)
        visit_value (visit, "target_q", target);
    visit_wait (visit);
    category_ask (visit, form_shown);
    visit_came (visit, form_shown);
}

/* ---- what was typed --------------------------------------------------------------------------- */

static void fault_say (struct report *report, const char *field, const char *why)
{
    json_array_append_new (report->faults, json_pack ("{s:s, s:s}", "field", field, "why", why));
}

/* A day that has begun where the form is shown, and none of a calendar that nobody has. */
static bool day_right (const struct web *web, const char *day)
{
    return incident_valid (view_of (day), wall_ms (), web->zone);
}

/* "-6.9825, 110.4093", as telephones and maps show a place. */
static bool point_read (const char *text, int64_t *ret_latitude, int64_t *ret_longitude)
{
    const char *first = text + strspn (text, " "), *second;
    size_t first_len = strcspn (first, " ,;"), second_len;

    second = first + first_len + strspn (first + first_len, " ,;");
    second_len = strcspn (second, " ");
    return !second[second_len + strspn (second + second_len, " ")] &&
           degree_parse ((struct view){first, first_len}, 90, ret_latitude) &&
           degree_parse ((struct view){second, second_len}, 180, ret_longitude);
}

static void contact_check (struct visit *visit, struct report *report)
{
    const char *contact = visit_said (visit, "contact");
    bool mail = strcmp (contact_kind (visit), "email") == 0;

    if (*contact && !notices_go (visit->web, contact_kind (visit))) {
        fault_say (report, "contact", "contact_off");
        return;
    }
    if (*contact && mail && !address_valid (view_of (contact)))
        fault_say (report, "contact", "contact_email");
    if (*contact && !mail && !phone_valid (view_of (contact)))
        fault_say (report, "contact", "contact_phone");
}

static void report_check (struct visit *visit, struct report *report)
{
    const char *text = visit_said (visit, "text"), *class = visit_said (visit, "class");
    const char *incident = visit_said (visit, "incident"), *point = visit_said (visit, "point");
    const char *category = visit_said (visit, "category");
    bool matter = strcmp (class, "1") == 0; /* a complaint is about something that happened */

    if (utf8_blank (text, strlen (text)))
        fault_say (report, "text", "text_empty");
    else if (utf8_count (text, strlen (text)) > TEXT_MOST)
        fault_say (report, "text", "text_long");
    if (!matter && strcmp (class, "4") != 0 && strcmp (class, "5") != 0)
        fault_say (report, "class", "class");
    if (!*visit_said (visit, "place") && !*visit_said (visit, "place_q") &&
        !*visit_said (visit, "location") && !*point)
        fault_say (report, "place_q", "place_empty");
    if (*category && !decimal_parse (view_of (category), INT32_MAX, &report->category))
        fault_say (report, "category", "category");
    if (*point && !point_read (point, &report->latitude, &report->longitude))
        fault_say (report, "point", "point");
    if ((*incident || matter) && !day_right (visit->web, incident))
        fault_say (report, "incident", *incident ? "incident" : "incident_empty");
    if (strcmp (visit_said (visit, "open"), "1") != 0 &&
        strcmp (visit_said (visit, "open"), "2") != 0)
        fault_say (report, "open", "open_empty");
    contact_check (visit, report);
}

/* ---- sending ---------------------------------------------------------------------------------- */

/* He may have seen a stricter receipt of this report, after its form was sent with a stricter choice in between. */
static bool is_hidden (struct visit *visit, const char *number)
{
    proof_read (visit);
    return strcmp (visit->number, number) == 0 && visit->receipt &&
           !(visit->receipt & RECEIPT_PUBLIC);
}

static unsigned receipt_contact (const char *kind)
{
    return RECEIPT_CONTACT | (strcmp (kind, "email") == 0 ? RECEIPT_EMAIL
                              : strcmp (kind, "sms") == 0 ? RECEIPT_SMS
                                                          : RECEIPT_WHATSAPP);
}

static void accepted (struct visit *visit, const struct aduan_submitted *result)
{
    const struct report *report = visit->work;
    bool public = strcmp (visit_said (visit, "open"), "1") == 0 &&
                  !(result->repeated && is_hidden (visit, result->number));

    receipt_take (
        visit, result->number, report->drawn.token.code,
        (public ? RECEIPT_PUBLIC : 0) |
            (*visit_said (visit, "contact") ? receipt_contact (contact_kind (visit)) : 0) |
            (report->quiet && !result->repeated ? RECEIPT_QUIET : 0) | /* the first one stands */
            (report->photos_lost ? RECEIPT_PHOTOS_LOST : 0));
    receipt_give (visit);
}

static void away (struct visit *visit)
{
    http_later (visit->request, LATER_MS);
    visit_value (visit, "away", "yes");
    visit_fail (visit, 503, "away");
    form_show_again (visit);
}

/* The field of the form that says what intake found at fault; another one is our own mistake, and stands at the words. */
static const char *field_named (const char *field)
{
    static const char *const names[][2] = {{"incident", "incident"},  {"location", "location"},
                                           {"place", "place_q"},      {"latitude", "point"},
                                           {"longitude", "point"},    {"class", "class"},
                                           {"category", "category"},  {"target", "target_q"},
                                           {"attachments", "photos"}, {"anonymous", "anonymous"},
                                           {"secret", "open"},        {"contact", "contact"},
                                           {"seal", "name"}};

    for (size_t i = 0; i < array_len (names); i++)
        if (strcmp (field, names[i][0]) == 0)
            return names[i][1];
    return "text";
}

static void on_sent (struct visit *visit, const struct aduan_submitted *result)
{
    struct report *report = visit->work;
    bool conflict = result->result == ADUAN_REJECTED && result->reject == ADUAN_REJECT_CONFLICT;

    if (result->result == ADUAN_ACCEPTED) {
        accepted (visit, result);
    } else if (conflict && *result->number) {
        first_take (visit, &report->drawn, result, report->digests, report->file_count, away);
    } else if (conflict) { /* of an intake that tells no number yet */
        fault_say (report, "text", "sent_already");
        form_show_again (visit);
    } else if (result->result == ADUAN_REJECTED && strcmp (result->field, "attachments") == 0) {
        report->file_count = 0; /* or the form would name them for ever */
        fault_say (report, "photos", "file_expired");
        form_show_again (visit);
    } else if (result->result == ADUAN_REJECTED) {
        log_limited (LOG_WARNING, "the form's submission was rejected: %s, field %s",
                     aduan_reject_word (result->reject),
                     log_text (result->field, strlen (result->field)));
        fault_say (report, field_named (result->field), "rejected");
        form_show_again (visit);
    } else {
        away (visit);
    }
}

/* Why a person should see it before an agency does; each way of doubting counts by itself.  Refused it would be lost. */
static uint32_t why_doubted (struct visit *visit, const struct report *report)
{
    bool flood =
        limit_flood (visit->web->limits, view_of (visit_said (visit, "text")), &visit->tally);
    bool source = limit_doubted (visit);
    bool trap = *visit_said (visit, "website");
    bool haste = report->drawn.created + HASTE_MS > (uint64_t) wall_ms ();

    metric_add_by (web_doubted_total, ADUAN_DOUBT_TRAP - 1, trap);
    metric_add_by (web_doubted_total, ADUAN_DOUBT_HASTE - 1, haste);
    metric_add_by (web_doubted_total, ADUAN_DOUBT_FLOOD - 1, flood);
    metric_add_by (web_doubted_total, ADUAN_DOUBT_SOURCE - 1, source);
    return trap     ? ADUAN_DOUBT_TRAP
           : flood  ? ADUAN_DOUBT_FLOOD
           : source ? ADUAN_DOUBT_SOURCE
           : haste  ? ADUAN_DOUBT_HASTE
                    : 0;
}

/* What he said in the form itself: names that are looked up at one try and left as they were typed at the next are the same. */
static void report_said (struct visit *visit, bool named, uint8_t ret[ADUAN_SAID_SIZE])
{
    static const char *const fields[] = {"class",    "category", "place_q",  "place",
                                         "place_as", "location", "point",    "incident",
                                         "target_q", "target",   "target_as"};
    const struct report *report = visit->work;
    const char *contact = visit_said (visit, "contact");
    struct view parts[array_len (fields) + 3];
    size_t count = 0;

    for (size_t i = 0; i < array_len (fields); i++)
        parts[count++] = view_of (visit_said (visit, fields[i]));
    parts[count++] = view_of (named ? visit_said (visit, "name") : "");
    parts[count++] = view_of (contact);
    parts[count++] = view_of (*contact ? contact_kind (visit) : "");
    repeat_said (visit->web, "web", report->drawn.token.key, parts, count, ret);
}

static void report_send (struct visit *visit)
{
    struct report *report = visit->work;
    uint8_t said[ADUAN_SAID_SIZE];
    const char *name = visit_said (visit, "name"), *contact = visit_said (visit, "contact");
    bool named = strcmp (visit_said (visit, "anonymous"), "1") == 0;
    struct aduan_identity identity = {.name = name};
    struct aduan_contact news = {.kind = contact_kind (visit),
                                 .address = contact,
                                 .language =
                                     visit->english ? ADUAN_LANGUAGE_EN : ADUAN_LANGUAGE_ID};
    news.quiet = report->quiet =
        *contact && limit_contact (visit->web->limits, news.kind, contact, &visit->tally);
    struct aduan_submission submission = {
        .account = "web",
        .key = report->drawn.token.key,
        .code = report->drawn.token.code,
        .created = report->drawn.created,
        .channel = ADUAN_CHANNEL_WEB,
        .complaint_class = (uint32_t) atoi (visit_said (visit, "class")),
        .category = (uint32_t) report->category,
        .place = report->place,
        .location = report->location,
        .latitude = report->latitude,
        .longitude = report->longitude,
        .incident = visit_said (visit, "incident"),
        .target = report->target,
        .anonymous = named ? ADUAN_FLAG_NO : ADUAN_FLAG_YES,
        .secret = strcmp (visit_said (visit, "open"), "1") == 0 ? ADUAN_FLAG_NO : ADUAN_FLAG_YES,
        .language = news.language,
        .text = visit_said (visit, "text"),
        .attachments = report->digests,
        .attachments_len = report->file_count * DIGEST_BYTES,
        .identity = named && *name ? &identity : NULL,
        .contact = *contact ? &news : NULL,
        .doubt = why_doubted (visit, report),
        .said = said,
    };
    report_said (visit, named, said);
    visit_send (visit, &submission, on_sent);
}

/* ---- photos ----------------------------------------------------------------------------------- */

static void photos_store (struct visit *visit);

static void on_stored (void *owner, enum content_result result, const uint8_t *digest)
{
    struct visit *visit = owner;
    struct report *report = visit->work;

    if (result == CONTENT_DONE)
        memcpy (report->digests + DIGEST_BYTES * report->file_count++, digest, DIGEST_BYTES);
    else if (result == CONTENT_ROOM || result == CONTENT_STOPPED)
        report->photos_lost = true;
    else
        fault_say (report, "photos", content_key (result));
    photos_store (visit);
}

static void photos_store (struct visit *visit)
{
    struct report *report = visit->work;

    while (report->field < http_field_count (visit->request)) {
        size_t at = report->field++;
        if (!brought_file (visit->request, at))
            continue;
        if (report->file_count == FILES_MOST) {
            fault_say (report, "photos", "file_many");
            break;
        }
        brought_draft (visit->web->content, visit->request, at, on_stored, visit);
        return;
    }
    if (json_array_size (report->faults))
        form_show_again (visit);
    else
        report_send (visit);
}

/* ---- names of places and agencies ------------------------------------------------------------- */

/* The only one that was found counts; of several the sender chooses.  None: that is a fault where `absent` says so. */
static void name_settle (struct visit *visit, const char *rows, const char *field, char *ret,
                         size_t size, const char *absent)
{
    struct report *report = visit->work;
    const json_t *found = json_object_get (visit->values, rows), *first;
    size_t count = json_array_size (found);

    if (!json_is_array (found))
        return; /* nobody could be asked, or it was not */
    first = json_object_get (json_array_get (found, 0), "code");
    if (count == 1 && json_is_string (first))
        snprintf (ret, size, "%s", json_string_value (first));
    else if (count || absent)
        fault_say (report, field, count ? "choose" : absent);
}

/* As much as a proxy lets through and any other form takes; here more came because a fault is told at its field.  One by itself is judged
 * by what it is. */
static bool files_fit (const struct visit *visit)
{
    size_t bytes = 0, count = 0;

    for (size_t i = 0; i < http_field_count (visit->request); i++)
        if (brought_file (visit->request, i)) {
            bytes += http_field (visit->request, i)->value.len;
            count++;
        }
    return count <= 1 || bytes <= BODY_FILES - FORM_MOST;
}

static void names_found (struct visit *visit)
{
    struct report *report = visit->work;
    const char *place = visit_said (visit, "place_q"), *location = visit_said (visit, "location");

    visit->fault = 0; /* names that nobody looked up are read by the router */
    name_settle (visit, "places", "place_q", report->place, sizeof report->place,
                 *location || report->latitude ? NULL : "place_none");
    name_settle (visit, "agencies", "target_q", report->target, sizeof report->target,
                 "target_none");
    report->location = *report->place || !*place
                           ? xstrdup (location)
                           : xformat ("%s%s%s", location, *location ? ", " : "", place);
    if (strlen (report->location) > PLACE_MOST)
        fault_say (report, "location", "location_long");
    if (files_fit (visit)) {
        photos_store (visit);
    } else {
        fault_say (report, "photos", "files_large");
        form_show_again (visit);
    }
}

/* What was chosen before counts; what was typed and is to stay so is not looked for. */
static void name_look (struct visit *visit, const char *field, const char *rows, const char *query)
{
    char typed[24], name[24];
    snprintf (typed, sizeof typed, "%s_as", field);
    snprintf (name, sizeof name, "%s_q", field);
    const char *words = visit_said (visit, name);

    if (!*visit_said (visit, field) && !*visit_said (visit, typed) && *words &&
        strlen (words) <= SMALL_MOST && aduan_is_up (visit->web->query))
        visit_ask (visit, rows, query, json_pack ("[s, s]", words, FOUND_MOST), false, names_found);
}

static void names_look (struct visit *visit)
{
    struct report *report = visit->work;

    snprintf (report->place, sizeof report->place, "%s", visit_said (visit, "place"));
    snprintf (report->target, sizeof report->target, "%s", visit_said (visit, "target"));
    visit_wait (visit);
    name_look (visit, "place", "places", "web_regions");
    name_look (visit, "target", "agencies", "web_agencies");
    visit_came (visit, names_found);
}

static void form_take (struct visit *visit)
{
    struct report *report = report_new (visit);
    enum drawn_age age = drawn_read (visit, &report->drawn);

    if (age == DRAWN_NONE) {
        visit_refuse (visit, 400, "form");
        return;
    }
    report->file_count = handles_named (visit, &report->drawn, report->digests);
    int64_t wait = limit_report (visit);
    if (wait) { /* the form as it was typed, with its token: it is the same report later */
        visit_later (visit, wait);
        visit_value (visit, "often", "yes");
        visit_fail (visit, 429, "often");
        form_show_again (visit);
        return;
    }
    if (age == DRAWN_OLD) {
        drawn_new (&report->drawn);
        fault_say (report, "send", "form_old");
    }
    report_check (visit, report);
    names_look (visit);
}

/* ---- what the script asks while one types ------------------------------------------------------ */

static void found_say (struct visit *visit)
{
    if (visit->fault)
        http_json (visit->request, visit->fault, json_object_get (visit->values, "none"));
    else {
        http_say (visit->request, "Cache-Control", "public, max-age=3600");
        http_json (visit->request, 200, json_object_get (visit->values, "found"));
    }
}

static void find (struct visit *visit, const char *query)
{
    const char *words = http_query (visit->request, "q");

    if (!words || strlen (words) < 2 || strlen (words) > SMALL_MOST) {
        json_t *none = json_array ();
        http_json (visit->request, 200, none);
        json_decref (none);
        return;
    }
    json_object_set_new (visit->values, "none", json_array ());
    visit_ask (visit, "found", query, json_pack ("[s, s]", words, FOUND_MOST), false, found_say);
}

static void find_places (struct visit *visit)
{
    find (visit, "web_regions");
}

static void find_agencies (struct visit *visit)
{
    find (visit, "web_agencies");
}

/* ---- the first page ---------------------------------------------------------------------------- */

static void home_shown (struct visit *visit)
{
    json_t *row;
    size_t at;

    visit->fault = 0; /* without a list it is still the way in */
    json_array_foreach (json_object_get (visit->values, "reports"), at, row)
        story_titled (row);
    visit_page (visit, 200, "home");
}

static void home_show (struct visit *visit)
{
    proof_read (visit);
    visit_value (visit, "follows", *visit->number ? visit->number : NULL);
    visit_wait (visit);
    if (aduan_is_up (visit->web->query))
        visit_ask (visit, "reports", "web_list",
                   json_pack ("[s, s, s, s, s, s]", "", "", "", "", "", "5"), false, home_shown);
    visit_came (visit, home_shown);
}

static void privacy_show (struct visit *visit)
{
    visit_page (visit, 200, "privacy");
}

static const struct route routes[] = {
    {HTTP_GET, "/", home_show, 0, false},
    {HTTP_GET, "/privacy", privacy_show, 0, false},
    {HTTP_GET, "/report", form_show, 0, false},
    {HTTP_POST, "/report", form_take, BODY_TOLD, false},
    {HTTP_GET, "/regions", find_places, 0, false},
    {HTTP_GET, "/agencies", find_agencies, 0, false},
};

const struct inlet inlet_form = {"form", routes, array_len (routes), page_refuse,
                                 COUNTED_BY_SOURCE};
