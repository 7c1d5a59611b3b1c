/* record.c - a decided complaint as PostgreSQL gets it: one array a column, one element a complaint. */
#include "array.h"
#include "domain/number.h"
#include "domain/personal.h"
#include "store.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#define NUMBER_BITS ((UINT64_C (1) << 60) - 1) /* domain/number.c: the id's last 60 */

/* The columns of place_fresh.sql and place_complaints.sql, in their order. */
enum column {
    ID,
    NUMBER,
    RECEIVED,
    VERIFY,
    FIRST,
    RESOLVE,
    AGENCY,
    ADAPTER,
    CATEGORY,
    RULES,
    REGISTRY,
    CHANNEL,
    CLASS,
    PRIORITY,
    RUNG,
    CONFIDENCE,
    LANGUAGE,
    FLAGS,
    REGION,
    DECISION,
    DIGEST,
    CODE_HASH,
    TITLE,
    BODY,
    LOCATION,
    TARGET,
    EXTERNAL,
    INCIDENT,
    LATITUDE,
    LONGITUDE,
    RAW_TITLE,
    RAW_BODY,
    SEAL,
    SEAL_KEY,
    CONTACT,
    CONTACT_KEY,
    ATTACHMENTS,
    PLACE,
    WAKE,
    SENDER,
    COLUMNS
};
static const uint32_t column_types[COLUMNS] = {
    OID_UUID,  OID_INT8,  OID_TIMESTAMPTZ, OID_TIMESTAMPTZ, OID_TIMESTAMPTZ, OID_TIMESTAMPTZ,
    OID_INT4,  OID_INT4,  OID_INT4,        OID_INT4,        OID_INT4,        OID_INT2,
    OID_INT2,  OID_INT2,  OID_INT2,        OID_INT2,        OID_INT2,        OID_INT2,
    OID_TEXT,  OID_TEXT,  OID_BYTEA,       OID_BYTEA,       OID_TEXT,        OID_TEXT,
    OID_TEXT,  OID_TEXT,  OID_TEXT,        OID_TEXT,        OID_INT4,        OID_INT4,
    OID_BYTEA, OID_BYTEA, OID_BYTEA,       OID_INT4,        OID_BYTEA,       OID_INT4,
    OID_BYTEA, OID_TEXT,  OID_TIMESTAMPTZ, OID_BYTEA};
static struct array columns[COLUMNS]; /* kept from batch to batch; one thread composes */
static struct array help_ids, help_agencies, help_dues, help_priorities; /* supporters */
static struct array copy_ids, copy_agencies;
static_assert (COLUMNS + 1 + 6 == RECORD_CAREFUL,
               "the first version, supporters and copies come behind the columns");
static struct array born_ids, born_agencies, told_ids,
    told_agencies; /* the notices, by where they go */
static struct array leased_by, lease_ms, pair_principals,
    pair_agencies; /* the leases, and who may have them */

static void optional4 (struct array *array, int64_t number)
{
    if (number)
        array_int4 (array, number);
    else
        array_null (array);
}

static void optional2 (struct array *array, int64_t number)
{
    if (number)
        array_int2 (array, number);
    else
        array_null (array);
}

bool record_tells (const struct place *place)
{
    return place->content->contact.len > 0;
}

uint32_t record_priority (const struct place *place)
{
    return place->place->priority ? place->place->priority : PRIORITY_NORMAL;
}

/* Of a secret complaint, too: its reporter may say later that it is none. */
static bool is_personal (const struct msg_content *content)
{
    return personal_find (content->title) != 0 || personal_find (content->text) != 0;
}

/* Unset counts as yes (DOMAIN 4.3); the filter and rules may only tighten. */
static uint32_t flags_of (const struct place *place)
{
    return (place->submit->anonymous != FLAG_NO ? FLAG_BIT_ANONYMOUS : 0) |
           (place->submit->secret != FLAG_NO || place->place->secret == FLAG_YES ? FLAG_BIT_SECRET
                                                                                 : 0) |
           (!place->submit->secret && place->place->secret != FLAG_YES ? FLAG_BIT_UNSAID : 0) |
           (place->place->oversight == FLAG_YES ? FLAG_BIT_OVERSIGHT : 0) |
           (place->offer->doubtful == FLAG_YES ? FLAG_BIT_DOUBTFUL : 0) |
           (record_tells (place) ? FLAG_BIT_CONTACT : 0) |
           (unsigned) (place->place->asks & FLAG_ASKS) << FLAG_ASKS_SHIFT |
           (place->submit->doubt ? FLAG_BIT_DOUBT : 0) |
           (is_personal (place->content) ? FLAG_BIT_HELD : 0);
}

/* Rungs 0 to 4 place a complaint: the first-answer clock starts.  5 and 6 leave it received with a
 * coordinator: the verification clock runs (DOMAIN 2.4). */
static bool is_placed (const struct msg_place *place)
{
    return place->rung <= 4 && place->agency != 0;
}

/* The first moment at which timers have something to do: the earlier of its two clocks' warnings. */
static int64_t first_look (const struct place *place, const struct limits *limits,
                           const struct workday_calendar *calendar)
{
    uint32_t class = place->place->class;
    enum clock clock = place->due_first ? CLOCK_FIRST : CLOCK_VERIFY;
    int64_t first =
        workday_shift (place->due, -(int) limits_warn_left (limits, clock, class), calendar);
    int64_t second = workday_shift (
        place->due_resolve, -(int) limits_warn_left (limits, CLOCK_RESOLVE, class), calendar);
    return first < second ? first : second;
}

static void add_due (struct store *store, struct place *place)
{
    int64_t received = (int64_t) place->offer->received;
    int zone = agency_zone (store, place->place->agency);
    bool placed = is_placed (place->place);
    const struct workday_calendar *calendar = &store->counting.calendar.counts;
    const struct limits *limits =
        limits_find (&store->counting.limits, received, place->place->agency);
    enum clock clock = placed ? CLOCK_FIRST : CLOCK_VERIFY;
    uint32_t class = place->place->class;
    place->due = workday_due (received, limits_days (limits, clock, class), zone, calendar, NULL);
    place->due_first = placed ? place->due : 0;
    place->due_resolve =
        workday_due (received, limits_days (limits, CLOCK_RESOLVE, class), zone, calendar, NULL);
    array_time (&columns[WAKE], first_look (place, limits, calendar));
    array_time (&columns[placed ? FIRST : VERIFY], place->due);
    array_null (&columns[placed ? VERIFY : FIRST]);
    array_time (&columns[RESOLVE], place->due_resolve);
}

static uint64_t category_of (const struct place *place)
{
    return place->submit->category <= INT32_MAX ? place->submit->category : 0;
}

static void add_record (struct place *place)
{
    const struct msg_place *decided = place->place;
    const struct msg_submit *submit = place->submit;
    uint64_t bits = 0;
    for (int i = 8; i < 16; i++)
        bits = bits << 8 | place->offer->id.at[i];
    array_int8 (&columns[NUMBER], (int64_t) (bits & NUMBER_BITS));
    array_time (&columns[RECEIVED], (int64_t) place->offer->received);
    array_int4 (&columns[AGENCY], (int64_t) decided->agency);
    array_int4 (&columns[ADAPTER], (int64_t) place->offer->adapter);
    optional4 (&columns[CATEGORY], (int64_t) category_of (place));
    array_int4 (&columns[RULES], (int64_t) decided->rules);
    array_int4 (&columns[REGISTRY], (int64_t) decided->registry);
    array_int2 (&columns[CHANNEL], submit->channel);
    optional2 (&columns[CLASS], decided->class);
    array_int2 (&columns[PRIORITY], record_priority (place));
    array_int2 (&columns[RUNG], decided->agency ? (int64_t) decided->rung : 6);
    array_int2 (&columns[CONFIDENCE], (int64_t) decided->confidence);
    optional2 (&columns[LANGUAGE], submit->language);
    place->flags = flags_of (place);
    array_int2 (&columns[FLAGS], place->flags);
    array_view (&columns[REGION], decided->region);
    array_view (&columns[DECISION], decided->record);
    array_view (&columns[DIGEST], place->offer->digest);
    array_view (&columns[CODE_HASH], submit->code_hash);
}

/* The body's beginning stands in for a title that was not given: at most 200 characters, a line. */
static struct view title_of (const struct msg_content *content)
{
    if (content->title.len)
        return content->title;
    struct view title = content->text;
    size_t points = 0;
    for (size_t i = 0; i < title.len; i++) {
        points += (title.at[i] & 0xc0) != 0x80;
        if (points > 80 || title.at[i] == '\n') {
            title.len = i;
            break;
        }
    }
    return title;
}

/* As the reporter named it, only where it was decided otherwise. */
static void add_place (struct view named, struct view decided)
{
    bool same = named.len == decided.len &&
                (named.len == 0 || memcmp (named.at, decided.at, named.len) == 0);
    if (same)
        array_null (&columns[PLACE]);
    else
        array_bytes (&columns[PLACE], named.at ? named.at : "", named.len);
}

static void add_words (const struct place *place)
{
    const struct msg_submit *submit = place->submit;
    const struct msg_content *content = place->content;
    struct view title = title_of (content);
    array_bytes (&columns[TITLE], title.at, title.len);
    array_bytes (&columns[BODY], content->text.at, content->text.len);
    array_view (&columns[LOCATION], submit->location);
    array_view (&columns[TARGET], submit->target);
    array_view (&columns[EXTERNAL], submit->external);
    array_view (&columns[INCIDENT], submit->incident);
    if (submit->longitude) /* a latitude of 0 is the equator's */
        array_int4 (&columns[LATITUDE], submit->latitude);
    else
        array_null (&columns[LATITUDE]);
    optional4 (&columns[LONGITUDE], submit->longitude);
    array_view (&columns[RAW_TITLE], content->raw_title);
    array_view (&columns[RAW_BODY], content->raw_text);
    array_view (&columns[SEAL], content->seal);
    optional4 (&columns[SEAL_KEY], (int64_t) content->seal_key_id);
    array_view (&columns[CONTACT], content->contact);
    optional4 (&columns[CONTACT_KEY], (int64_t) content->contact_key_id);
    array_view (&columns[ATTACHMENTS], content->attachments);
    array_view (&columns[SENDER], submit->sender);
    add_place (submit->place, place->place->region);
}

struct words record_words (const struct place *place)
{
    return (struct words){.id = place->offer->id,
                          .title = title_of (place->content),
                          .body = place->content->text,
                          .location = place->submit->location,
                          .region = place->place->region,
                          .attachments = place->content->attachments,
                          .contact = place->content->contact,
                          .contact_key = place->content->contact_key_id,
                          .class = place->place->class,
                          .flags = place->flags,
                          .category = category_of (place),
                          .received = (int64_t) place->offer->received,
                          .due_first = place->due_first,
                          .due_resolve = place->due_resolve};
}

static void add_id (const struct place *place)
{
    struct id id = place->offer->id;
    if (mutant (no_conflict)) /* a repeat becomes a second complaint */
        randombytes_buf (id.at + 6, sizeof id.at - 6);
    array_bytes (&columns[ID], id.at, sizeof id.at);
}

static bool names (const struct wire_list *list, uint32_t count, uint64_t agency)
{
    for (uint32_t i = 0; i < count; i++)
        if (list->at[i] == agency)
            return true;
    return false;
}

bool record_helps (const struct place *place, uint32_t at)
{
    const struct wire_list *list = &place->place->supporters;
    uint64_t agency = list->at[at];
    return place->place->oversight != FLAG_YES && agency && agency <= INT32_MAX &&
           agency != place->place->agency && !names (list, at, agency);
}

/* Who has seen it beside the lead, from the start; of oversight content nobody. */
static void add_others (const struct place *place)
{
    const struct wire_list *copies = &place->place->copies;
    for (uint32_t i = 0; i < place->place->supporters.count; i++) {
        if (!record_helps (place, i))
            continue;
        array_bytes (&help_ids, place->offer->id.at, sizeof place->offer->id.at);
        array_int4 (&help_agencies, (int64_t) place->place->supporters.at[i]);
        array_time (&help_dues, place->due);
        array_int2 (&help_priorities, record_priority (place));
    }
    for (uint32_t i = 0; place->place->oversight != FLAG_YES && i < copies->count; i++) {
        if (copies->at[i] > INT32_MAX || names (copies, i, copies->at[i]))
            continue;
        array_bytes (&copy_ids, place->offer->id.at, sizeof place->offer->id.at);
        array_int4 (&copy_agencies, (int64_t) copies->at[i]);
    }
}

static const struct {
    struct array *array;
    uint32_t type;
} others[] = {{&help_ids, OID_UUID},         {&help_agencies, OID_INT4},
              {&help_dues, OID_TIMESTAMPTZ}, {&help_priorities, OID_INT2},
              {&copy_ids, OID_UUID},         {&copy_agencies, OID_INT4}};

static struct array *const notices[] = {&born_ids, &born_agencies, &told_ids, &told_agencies};
static struct array *const leases[] = {&leased_by, &lease_ms, &pair_principals, &pair_agencies};

/* Each pair of principal and agency is judged once. */
static void add_lease (const struct place *place)
{
    struct standing *standing = place->standing;
    if (!standing) {
        array_null (&leased_by);
        array_null (&lease_ms);
        return;
    }
    array_int4 (&leased_by, (int64_t) standing->pull->principal);
    array_int4 (&lease_ms, standing->pull->lease);
    if (!standing->judged) {
        array_int4 (&pair_principals, (int64_t) standing->pull->principal);
        array_int4 (&pair_agencies, (int64_t) standing->agency);
    }
    standing->judged = true;
}

/* What a claim has room for is born in its dispatch, the rest goes into the outbox. */
static void add_notice (struct place *place, unsigned room)
{
    if (!record_tells (place))
        return;
    place->carried = born_ids.count < room;
    array_bytes (place->carried ? &born_ids : &told_ids, place->offer->id.at,
                 sizeof place->offer->id.at);
    array_int4 (place->carried ? &born_agencies : &told_agencies, (int64_t) place->place->agency);
}

void record_values (struct store *store, struct place *const *places, unsigned count,
                    const struct claim *claim, struct db_value values[RECORD_VALUES])
{
    static uint8_t version[8];
    for (int i = 0; i < COLUMNS; i++)
        array_begin (&columns[i], column_types[i]);
    for (unsigned i = 0; i < array_len (others); i++)
        array_begin (others[i].array, others[i].type);
    for (unsigned i = 0; i < array_len (notices); i++)
        array_begin (notices[i], i % 2 ? OID_INT4 : OID_UUID);
    for (unsigned i = 0; i < array_len (leases); i++)
        array_begin (leases[i], OID_INT4);
    for (unsigned i = 0; i < count; i++) {
        places[i]->carried = false;
        add_id (places[i]);
        add_record (places[i]);
        add_due (store, places[i]);
        add_words (places[i]);
        add_others (places[i]);
        add_notice (places[i], claim ? claim->room : 0);
        add_lease (places[i]);
    }
    for (int i = 0; i < COLUMNS; i++)
        values[i] = array_end (&columns[i]);
    values[COLUMNS] = value_int8 (version, store->version_base + 1);
    for (unsigned i = 0; i < array_len (others); i++)
        values[COLUMNS + 1 + i] = array_end (others[i].array);
    values[RECORD_CAREFUL] = claim ? value_id (&claim->dispatch) : (struct db_value){0};
    for (unsigned i = 0; i < array_len (notices); i++)
        values[RECORD_CAREFUL + 1 + i] = array_end (notices[i]);
    for (unsigned i = 0; i < array_len (leases); i++)
        values[RECORD_CAREFUL + 1 + array_len (notices) + i] = array_end (leases[i]);
}

void record_end (void)
{
    for (int i = 0; i < COLUMNS; i++)
        array_free (&columns[i]);
    for (unsigned i = 0; i < array_len (others); i++)
        array_free (others[i].array);
    for (unsigned i = 0; i < array_len (notices); i++)
        array_free (notices[i]);
    for (unsigned i = 0; i < array_len (leases); i++)
        array_free (leases[i]);
}
