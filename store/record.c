/* record.c - a decided complaint as PostgreSQL gets it: one array a column, one element a complaint. */
#include "array.h"
#include "domain/number.h"
#include "store.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#define NUMBER_BITS ((UINT64_C (1) << 60) - 1) /* domain/number.c: the id's last 60 */

/* The parameters of place_fresh.sql and place_complaints.sql, in their order. */
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
    COLUMNS
};
static const uint32_t column_types[COLUMNS] = {
    OID_UUID,  OID_INT8,  OID_TIMESTAMPTZ, OID_TIMESTAMPTZ, OID_TIMESTAMPTZ, OID_TIMESTAMPTZ,
    OID_INT4,  OID_INT4,  OID_INT4,        OID_INT4,        OID_INT4,        OID_INT2,
    OID_INT2,  OID_INT2,  OID_INT2,        OID_INT2,        OID_INT2,        OID_INT2,
    OID_TEXT,  OID_JSONB, OID_BYTEA,       OID_BYTEA,       OID_TEXT,        OID_TEXT,
    OID_TEXT,  OID_TEXT,  OID_TEXT,        OID_TEXT,        OID_INT4,        OID_INT4,
    OID_BYTEA, OID_BYTEA, OID_BYTEA,       OID_INT4,        OID_BYTEA,       OID_INT4,
    OID_BYTEA};
static struct array columns[COLUMNS]; /* kept from batch to batch; one thread composes */
static_assert (COLUMNS + 1 == RECORD_VALUES, "the first version comes behind the columns");

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

enum {
    FLAG_BIT_ANONYMOUS = 1,
    FLAG_BIT_SECRET = 2,
    FLAG_BIT_OVERSIGHT = 4,
    FLAG_BIT_DOUBTFUL = 8,
    FLAG_BIT_CONTACT = 16
};

/* Unset counts as yes (DOMAIN 4.3); the filter and rules may only tighten. */
static int64_t flags_of (const struct place *place)
{
    return (place->submit->anonymous != FLAG_NO ? FLAG_BIT_ANONYMOUS : 0) |
           (place->submit->secret != FLAG_NO || place->place->secret == FLAG_YES ? FLAG_BIT_SECRET
                                                                                 : 0) |
           (place->place->oversight == FLAG_YES ? FLAG_BIT_OVERSIGHT : 0) |
           (place->offer->doubtful == FLAG_YES ? FLAG_BIT_DOUBTFUL : 0) |
           (place->content->contact.len ? FLAG_BIT_CONTACT : 0);
}

/* Rungs 0 to 4 place a complaint: the first-answer clock starts.  5 and 6 leave it received with a
 * coordinator: the verification clock runs (DOMAIN 2.4). */
static bool is_placed (const struct msg_place *place)
{
    return place->rung <= 4 && place->agency != 0;
}

static void add_due (struct store *store, const struct place *place)
{
    int64_t received = (int64_t) place->offer->received;
    int zone = agency_zone (store, place->place->agency);
    uint32_t class = place->place->class;
    bool placed = is_placed (place->place);
    if (placed)
        array_null (&columns[VERIFY]);
    else
        array_time (&columns[VERIFY],
                    workday_due (received, store->limit_verify, zone, &store->calendar, NULL));
    if (placed)
        array_time (&columns[FIRST],
                    workday_due (received, store->limit_first, zone, &store->calendar, NULL));
    else
        array_null (&columns[FIRST]);
    array_time (&columns[RESOLVE],
                workday_due (received, store->limit_resolve[class], zone, &store->calendar, NULL));
}

static void add_record (const struct place *place)
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
    optional4 (&columns[CATEGORY], submit->category <= INT32_MAX ? (int64_t) submit->category : 0);
    array_int4 (&columns[RULES], (int64_t) decided->rules);
    array_int4 (&columns[REGISTRY], (int64_t) decided->registry);
    array_int2 (&columns[CHANNEL], submit->channel);
    optional2 (&columns[CLASS], decided->class);
    array_int2 (&columns[PRIORITY], decided->priority ? decided->priority : PRIORITY_NORMAL);
    array_int2 (&columns[RUNG], decided->agency ? (int64_t) decided->rung : 6);
    array_int2 (&columns[CONFIDENCE], (int64_t) decided->confidence);
    optional2 (&columns[LANGUAGE], submit->language);
    array_int2 (&columns[FLAGS], flags_of (place));
    array_view (&columns[REGION], decided->region);
    if (decided->record.len)
        array_json (&columns[DECISION], decided->record);
    else
        array_null (&columns[DECISION]);
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
    optional4 (&columns[LATITUDE], submit->latitude);
    optional4 (&columns[LONGITUDE], submit->longitude);
    array_view (&columns[RAW_TITLE], content->raw_title);
    array_view (&columns[RAW_BODY], content->raw_text);
    array_view (&columns[SEAL], content->seal);
    optional4 (&columns[SEAL_KEY], (int64_t) content->seal_key_id);
    array_view (&columns[CONTACT], content->contact);
    optional4 (&columns[CONTACT_KEY], (int64_t) content->contact_key_id);
    array_view (&columns[ATTACHMENTS], content->attachments);
}

static void add_id (const struct place *place)
{
    struct id id = place->offer->id;
    if (mutant (no_conflict)) /* a repeat becomes a second complaint */
        randombytes_buf (id.at + 6, sizeof id.at - 6);
    array_bytes (&columns[ID], id.at, sizeof id.at);
}

void record_values (struct store *store, struct place *const *places, unsigned count,
                    struct db_value values[RECORD_VALUES])
{
    static uint8_t version[8];
    for (int i = 0; i < COLUMNS; i++)
        array_begin (&columns[i], column_types[i]);
    for (unsigned i = 0; i < count; i++) {
        add_id (places[i]);
        add_record (places[i]);
        add_due (store, places[i]);
        add_words (places[i]);
    }
    for (int i = 0; i < COLUMNS; i++)
        values[i] = array_end (&columns[i]);
    values[COLUMNS] = value_int8 (version, store->version_base + 1);
}

void record_end (void)
{
    for (int i = 0; i < COLUMNS; i++)
        array_free (&columns[i]);
}
