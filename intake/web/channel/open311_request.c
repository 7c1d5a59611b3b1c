/* open311_request.c - a request comes in.
 *
 *   KEY -> SERVICE (web_categories) -> STORING (photos) -> SEEN? (web_own, by the name of what is said) -> SENDING
 *                                                            | within a day: its number, nothing is sent
 *                                                            `-> older: MAY? (web_case) -> a word on that case, or a case anew
 *
 * Clients name no key of a repeat, and send the same again after a time-out, and again every half hour: so its name is what it
 * says (repeat.h).  With aduan-query away it is taken all the same; then a repeat on another day is a case of its own.
 */
#include <math.h>
#include <sodium.h>
#include <stdlib.h>
#include <strings.h>
#include "open311_photo.h"
#include "../limit.h"
#include "../repeat.h"
#include "domain/incident.h"
#include "domain/number.h"

#define TEXT_MOST    10000 /* signs: the wire's */
#define TITLE_MOST   200
#define ADDRESS_MOST 500 /* bytes */

struct taking {
    struct photos photos;
    uint32_t category, class;
    bool secret, anonymous;
    int64_t latitude, longitude;
    char place[14], incident[11];
    const char *title;
    struct buffer text, address;
    char name[REPEAT_NAME_SIZE], code[ADUAN_CODE_SIZE];
    char number[ADUAN_NUMBER_SIZE]; /* of the case that was found by this name */
    uint32_t kind;
    bool quiet; /* no news of it go to its contact: limit_contact */
};

static void taking_free (void *more)
{
    struct taking *taking = more;

    buffer_free (&taking->text);
    buffer_free (&taking->address);
    sodium_memzero (taking->code, sizeof taking->code);
    free (taking);
}

static struct taking *taking_of (struct visit *visit)
{
    return open311_of (visit)->more;
}

static const char *account_of (struct visit *visit)
{
    const struct open311 *open311 = open311_of (visit);
    return open311->known ? open311->client.account : "open311";
}

static bool is_tried (struct visit *visit)
{
    const struct open311 *open311 = open311_of (visit);
    return open311->test || (open311->known && open311->client.sandbox);
}

/* ---- the answer -------------------------------------------------------------------------------- */

/* What a client should know of how it was taken; NULL: nothing. */
static const char *notice_of (struct visit *visit)
{
    const struct taking *taking = taking_of (visit);

    return is_tried (visit)      ? web_word (visit, "open311_tried")
           : taking->photos.lost ? web_word (visit, "open311_photos_lost")
           : taking->quiet       ? web_word (visit, "open311_quiet")
                                 : NULL;
}

static void answer (struct visit *visit, const char *number)
{
    json_t *request = json_object (), *tree = json_array ();

    open311_say (request, "service_request_id", number);
    open311_say (request, "service_notice", notice_of (visit));
    open311_say (request, "account_id", NULL);
    json_array_append_new (tree, request);
    open311_answer (visit, 200, "service_requests", tree);
}

static void on_sent (struct visit *visit, const struct aduan_submitted *result)
{
    struct taking *taking = taking_of (visit);
    bool again = taking->kind != ADUAN_KIND_COMPLAINT;

    taking->quiet = taking->quiet && !result->repeated; /* the first one stands */
    if (result->result == ADUAN_ACCEPTED ||
        (again && result->result == ADUAN_REJECTED && result->reject == ADUAN_REJECT_CONFLICT))
        answer (visit, again ? taking->number : result->number);
    else
        open311_unsent (visit, result);
}

/* ---- sending ----------------------------------------------------------------------------------- */

static const char *form_or (struct visit *visit, const char *name)
{
    const char *text = open311_form (visit, name);
    return text ? text : "";
}

/* The same words on a later day have a key of that day. */
static void later_key (struct visit *visit, char ret[REPEAT_NAME_SIZE])
{
    char day[24];

    snprintf (day, sizeof day, "%llu", (unsigned long long) repeat_created ());
    const struct view parts[] = {view_of ("again"), view_of (taking_of (visit)->name),
                                 view_of (day)};
    repeat_name (visit->web, account_of (visit), parts, array_len (parts), ret);
}

static bool is_named (struct visit *visit)
{
    return open311_form (visit, "first_name") || open311_form (visit, "last_name");
}

/* Where news of it go; an address that nothing can be sent to is kept with the identity alone. */
static struct aduan_contact contact_of (struct visit *visit)
{
    const char *email = form_or (visit, "email"), *phone = form_or (visit, "phone");
    struct aduan_contact contact = {.language =
                                        visit->english ? ADUAN_LANGUAGE_EN : ADUAN_LANGUAGE_ID};

    if (address_valid (view_of (email))) {
        contact.kind = "email";
        contact.address = email;
    } else if (phone_valid (view_of (phone))) {
        contact.kind = "sms";
        contact.address = phone;
    }
    return contact;
}

/* What only the sealed part holds: which account and device of the client's it came from.  The caller's; NULL: nothing. */
static char *envelope_of (struct visit *visit)
{
    const char *account = form_or (visit, "account_id"), *device = form_or (visit, "device_id");

    if (!*account && !*device)
        return NULL;
    json_t *said = json_pack ("{s:s, s:s}", "account_id", account, "device_id", device);
    char *text = json_dumps (said, JSON_COMPACT);
    json_decref (said);
    return text;
}

static void request_send (struct visit *visit)
{
    struct taking *taking = taking_of (visit);
    char key[REPEAT_NAME_SIZE];
    char *name =
        xformat ("%s%s%s", form_or (visit, "first_name"),
                 open311_form (visit, "first_name") && open311_form (visit, "last_name") ? " " : "",
                 form_or (visit, "last_name"));
    char *envelope = envelope_of (visit);
    struct aduan_contact contact = contact_of (visit);
    contact.quiet = taking->quiet =
        contact.address && taking->kind == ADUAN_KIND_COMPLAINT &&
        limit_contact (visit->web->limits, contact.kind, contact.address, &visit->tally);
    struct aduan_identity identity = {
        .name = name,
        .phone = form_or (visit, "phone"),
        .email = form_or (visit, "email"),
        .envelope = envelope,
        .envelope_len = envelope ? strlen (envelope) : 0,
    };
    bool later = taking->kind != ADUAN_KIND_COMPLAINT;
    bool known = *name || *identity.phone || *identity.email || envelope;

    snprintf (key, sizeof key, "%s", taking->name);
    if (later)
        later_key (visit, key);
    struct aduan_submission submission = {
        .account = account_of (visit),
        .kind = taking->kind,
        .key = key,
        .code = taking->code,
        .created = repeat_created (),
        .channel = ADUAN_CHANNEL_OPEN311,
        .text = taking->text.at,
        .attachments = taking->photos.digests,
        .attachments_len = taking->photos.count * DIGEST_BYTES,
    };
    if (later)
        submission.parent = taking->number;
    else {
        submission.complaint_class = taking->class;
        submission.category = taking->category;
        submission.place = taking->place;
        submission.location = taking->address.len ? taking->address.at : NULL;
        submission.latitude = taking->latitude;
        submission.longitude = taking->longitude;
        submission.incident = taking->incident;
        submission.anonymous = taking->anonymous ? ADUAN_FLAG_YES : ADUAN_FLAG_NO;
        submission.secret = taking->secret ? ADUAN_FLAG_YES : ADUAN_FLAG_NO;
        submission.language = contact.language;
        submission.external = taking->name;
        submission.title = taking->title;
        submission.identity = known ? &identity : NULL;
        submission.contact = contact.address ? &contact : NULL;
        if (!open311_of (visit)->known && /* whoever has a key has an account that answers for it */
            limit_flood (visit->web->limits, (struct view){taking->text.at, taking->text.len},
                         &visit->tally)) {
            submission.doubt = ADUAN_DOUBT_FLOOD;
            metric_add_by (web_doubted_total, ADUAN_DOUBT_FLOOD - 1, 1);
        }
    }
    visit_send (visit, &submission, on_sent);
    free (name);
    free (envelope);
}

/* What is judged and not kept has a number that nobody has. */
static void request_try (struct visit *visit)
{
    char number[ADUAN_NUMBER_SIZE];
    uint64_t bits;

    randombytes_buf (&bits, sizeof bits);
    number_of_bits (bits >> 4, number);
    answer (visit, number);
}

static void request_submit (struct visit *visit)
{
    struct open311 *open311 = open311_of (visit);
    int64_t wait = open311->known
                       ? client_submit (visit->web->clients, &open311->client, &visit->tally)
                       : limit_report (visit);

    if (wait) {
        http_later (visit->request, wait);
        visit_refuse (visit, 429, "open311_often");
    } else
        request_send (visit);
}

/* ---- has it been said before? ------------------------------------------------------------------ */

static bool may (const json_t *row, const char *word)
{
    const json_t *one;
    size_t at;

    json_array_foreach (json_object_get (row, "may"), at, one)
        if (strcmp (json_string_value (one), word) == 0)
            return true;
    return false;
}

/* It is a day old and more: news of that case, as far as it takes any; else a case of its own. */
static void older_came (struct visit *visit)
{
    struct taking *taking = taking_of (visit);
    const json_t *row = json_object_get (visit->values, "case");

    visit->fault = 0;
    taking->kind = may (row, "reopen")  ? ADUAN_KIND_REOPENING
                   : may (row, "reply") ? ADUAN_KIND_REPLY
                                        : ADUAN_KIND_COMPLAINT;
    request_submit (visit);
}

static void own_came (struct visit *visit)
{
    struct taking *taking = taking_of (visit);
    const json_t *row = json_array_get (json_object_get (visit->values, "own"), 0);
    const char *number = json_string_value (json_object_get (row, "number"));
    const char *received = json_string_value (json_object_get (row, "received"));
    uint64_t at;
    char hash[65];

    visit->fault =
        0; /* nobody could be asked: then it is taken, and by its key it is one of this day */
    if (!number || !received || !time_parse (view_of (received), 0, &at)) {
        request_submit (visit);
        return;
    }
    snprintf (taking->number, sizeof taking->number, "%s", number);
    if (wall_ms () - (int64_t) at < REPEAT_WINDOW_MS)
        answer (visit, number);
    else if (proof_hash (taking->code, hash))
        visit_ask (visit, "case", "web_case", json_pack ("[s, s]", number, hash), true, older_came);
}

static void request_look (struct visit *visit)
{
    struct open311 *open311 = open311_of (visit);
    struct taking *taking = taking_of (visit);
    char principal[16];

    if (is_tried (visit)) {
        request_try (visit);
        return;
    }
    visit_wait (visit);
    if (open311->known && aduan_is_up (visit->web->query)) {
        snprintf (principal, sizeof principal, "%u", open311->client.principal);
        visit_ask (visit, "own", "web_own", json_pack ("[s, s]", principal, taking->name), false,
                   own_came);
    }
    visit_came (visit, own_came);
}

/* All that is said, but for what may differ between two tries of the same. */
static void name_make (struct visit *visit)
{
    struct taking *taking = taking_of (visit);
    char category[16], point[48];
    const char *reporter[] = {"email", "phone", "first_name", "last_name", "account_id"};
    struct view parts[REPEAT_PARTS] = {
        {taking->text.at, taking->text.len - 1},
        {taking->address.at, taking->address.len ? taking->address.len - 1 : 0},
        view_of (taking->title ? taking->title : ""),
        view_of (taking->place),
        view_of (taking->incident),
        view_of (taking->secret ? "secret" : ""),
        view_of (taking->anonymous ? "anonymous" : ""),
        {(const char *) taking->photos.digests, (size_t) taking->photos.count * DIGEST_BYTES},
    };
    size_t count = 8;

    snprintf (category, sizeof category, "%u %u", taking->category, taking->class);
    snprintf (point, sizeof point, "%lld %lld", (long long) taking->latitude,
              (long long) taking->longitude);
    parts[count++] = view_of (category);
    parts[count++] = view_of (point);
    for (size_t i = 0; i < array_len (reporter); i++)
        parts[count++] = view_of (form_or (visit, reporter[i]));
    repeat_name (visit->web, account_of (visit), parts, count, taking->name);
    repeat_code (visit->web, account_of (visit), taking->name, taking->code);
}

static void photos_came (struct visit *visit)
{
    struct taking *taking = taking_of (visit);

    if (taking->photos.fault) {
        visit_refuse (visit, 400, taking->photos.fault);
        return;
    }
    name_make (visit);
    request_look (visit);
}

/* ---- what is said ------------------------------------------------------------------------------ */

/* The words; a request without any says what its service is called. */
static bool text_read (struct visit *visit, struct taking *taking, const json_t *category)
{
    const char *name = json_string_value (json_object_get (category, "name"));
    const char *said = form_or (visit, "description");

    if (utf8_blank (said, strlen (said)))
        said = name ? name : form_or (visit, "service_code");
    words_normal (view_of (said), &taking->text);
    links_add (visit, &taking->text);
    bool good = utf8_count (taking->text.at, taking->text.len) <= TEXT_MOST;
    buffer_add (&taking->text, "", 1);
    if (!good)
        open311_refuse (visit, 400, "open311_description_long", NULL);
    return good;
}

static void categories_came (struct visit *visit)
{
    struct taking *taking = taking_of (visit);
    const json_t *categories = json_object_get (visit->values, "categories");
    const char *code = open311_form (visit, "service_code");
    const json_t *category = open311_category (categories, code);

    visit->fault = 0; /* with nobody to ask the number stands, and the router judges it */
    if (categories && !category) {
        open311_refuse (visit, 404, "open311_service", code);
        return;
    }
    if (json_is_true (json_object_get (category, "private")))
        taking->secret = true;
    if (text_read (visit, taking, category))
        photos_store (visit, &taking->photos, photos_came);
}

/* R33-74-01-1001, or with the registry's dots. */
static bool region_read (const char *said, char ret[14])
{
    size_t len = 0;

    said += *said == 'R' || *said == 'r';
    for (; *said && len < 13; said++)
        ret[len++] = *said == '-' ? '.' : *said;
    ret[len] = '\0';
    return !*said && len >= 2 && strspn (ret, "0123456789.") == len && len != 3 &&
           ret[len - 1] != '.';
}

/* Where it is: a point, an address, or a region; false, and answered.  An id that is no region's is kept as words. */
static bool place_read (struct visit *visit, struct taking *taking)
{
    const char *latitude = open311_form (visit, "lat"), *longitude = open311_form (visit, "long");
    const char *address = open311_form (visit, "address_string"),
               *region = open311_form (visit, "address_id");

    if (region && !region_read (region, taking->place)) {
        taking->place[0] = '\0';
        address = address ? address : region;
    }
    if (address) {
        words_normal (view_of (address), &taking->address);
        buffer_add (&taking->address, "", 1);
    }
    if (taking->address.len > ADDRESS_MOST + 1)
        open311_refuse (visit, 400, "open311_address_long", NULL);
    else if ((latitude || longitude) &&
             !(latitude && longitude &&
               open311_point (latitude, longitude, &taking->latitude, &taking->longitude)))
        open311_refuse (visit, 400, "open311_point", NULL);
    else if (!latitude && !address && !region)
        open311_refuse (visit, 400, "open311_place", NULL);
    else
        return true;
    return false;
}

/* A day that has begun here; false, and answered: it is none. */
static bool incident_read (struct visit *visit, struct taking *taking)
{
    const char *said = open311_attribute (visit, "INCIDENT");
    int64_t at;
    char moment[21];

    if (!said)
        return true;
    if (open311_moment_read (said, &at) && at <= wall_ms ()) {
        open311_moment (at + visit->web->zone * 3600000LL, moment);
        memcpy (taking->incident, moment, 10);
    }
    if (incident_valid (view_of (taking->incident), wall_ms (), visit->web->zone))
        return true;
    open311_refuse (visit, 400, "open311_incident", said);
    return false;
}

/* 1 yes, 0 no, -1 not said. */
static int answer_read (const char *said)
{
    if (!said)
        return -1;
    return strcasecmp (said, "yes") == 0 || strcasecmp (said, "true") == 0 ||
           strcmp (said, "1") == 0;
}

/* What clients ask for is published, as what they show is; whoever gives his name is not anonymous, unless he says so. */
static void flags_read (struct visit *visit, struct taking *taking)
{
    const char *class = open311_attribute (visit, "CLASS"),
               *title = open311_attribute (visit, "title");
    int secret = answer_read (open311_attribute (visit, "SECRET"));
    int anonymous = answer_read (open311_attribute (visit, "ANONYMOUS"));

    if (anonymous < 0)
        anonymous = answer_read (open311_form (visit, "public_anonymity_required"));
    taking->secret = secret > 0;
    taking->anonymous = anonymous < 0 ? !is_named (visit) : anonymous > 0;
    taking->class = class && strcmp (class, "aspiration") == 0     ? ADUAN_CLASS_ASPIRATION
                    : class && strcmp (class, "info_request") == 0 ? ADUAN_CLASS_INFO_REQUEST
                                                                   : ADUAN_CLASS_COMPLAINT;
    if (title && utf8_count (title, strlen (title)) <= TITLE_MOST)
        taking->title = title;
}

void open311_request_take (struct visit *visit)
{
    struct open311 *open311 = open311_of (visit);
    struct taking *taking = xcalloc (1, sizeof *taking);
    const char *code = open311_form (visit, "service_code");

    open311->more = taking;
    open311->more_free = taking_free;
    taking->kind = ADUAN_KIND_COMPLAINT;
    if (!open311_key (visit, true))
        return;
    if (!code)
        open311_refuse (visit, 400, "open311_missing", "service_code");
    else if (!open311_code_number (code, &taking->category))
        open311_refuse (visit, 404, "open311_service", code);
    else if (place_read (visit, taking) && incident_read (visit, taking)) {
        flags_read (visit, taking);
        visit_wait (visit);
        if (aduan_is_up (visit->web->query))
            visit_ask (visit, "categories", "web_categories", json_array (), false,
                       categories_came);
        visit_came (visit, categories_came);
    }
}
