/* open311_import.c - a request of an Open311 server as a submission. */
#include <string.h>
#include "domain/official.h"
#include "mapping.h"
#include "open311.h"
#include "wire/wire.h"

static struct view value (struct record *record, const char *name)
{
    struct view found = {"", 0};
    record_value (record, name, &found);
    return found;
}

static void put (struct buffer *text, struct view what)
{
    buffer_add (text, what.at, what.len);
    buffer_add (text, "", 1);
}

/* Of what says nothing the kind of matter is the text; a picture stays where it is, and is told of. */
static void fill_text (struct record *record, struct buffer *texts)
{
    struct view said = value (record, "description"), kind = value (record, "service_name"),
                picture = value (record, "media_url");
    struct buffer *text = &texts[TARGET_text];
    put (&texts[TARGET_title], said.len ? kind : (struct view){"", 0});
    if (utf8_blank (said.at, said.len))
        said = kind;
    buffer_add (text, said.at, said.len);
    if (picture.len)
        buffer_format (text, OFFICIAL_EARLIER "\nFoto: %.*s", (int) picture.len, picture.at);
    buffer_add (text, "", 1);
}

/* A point that is none, as "" or 0, is not said. */
static void fill_point (struct record *record, struct buffer *texts)
{
    struct view latitude = value (record, "lat"), longitude = value (record, "long");
    bool none =
        !latitude.len || !longitude.len || (view_is (latitude, "0") && view_is (longitude, "0"));
    put (&texts[TARGET_latitude], none ? (struct view){"", 0} : latitude);
    put (&texts[TARGET_longitude], none ? (struct view){"", 0} : longitude);
}

uint32_t open311_fill (void *source, struct record *record, struct buffer *texts,
                       const char **ret_field, const char **ret_why)
{
    const char *system = source;
    struct view id = value (record, "service_request_id"), status = value (record, "status");
    if (!id.len) { /* it has a token alone, and will have a number one day */
        *ret_field = "service_request_id";
        *ret_why = "there is none yet";
        return REJECT_MISSING;
    }
    if (official_is (status, "closed"))
        return MAPPING_SKIP;
    buffer_format (&texts[TARGET_key], "%s:%.*s", system, (int) id.len, id.at);
    buffer_add (&texts[TARGET_key], "", 1);
    put (&texts[TARGET_external], (struct view){texts[TARGET_key].at, texts[TARGET_key].len - 1});
    put (&texts[TARGET_channel], view_of (channel_word (CHANNEL_OPEN311)));
    put (&texts[TARGET_created], value (record, "requested_datetime"));
    put (&texts[TARGET_category], value (record, "service_code"));
    put (&texts[TARGET_location], value (record, "address"));
    fill_point (record, texts);
    fill_text (record, texts);
    return 0;
}
