/* admit.c - may this be taken in, and as what?  Pure: the same answer on every repeat.
 *
 * What a telephone has broken is cleaned, never refused: the raw bytes go along.  What a program
 * has got wrong is refused by code and field, so that its author can mend it.
 */
#include "intake.h"

#include <string.h>
#include "domain/incident.h"

#define AHEAD_MOST_MS 600000
#define TITLE_MOST    200
#define BODY_MOST     10000
#define FRAME_MOST    262144 /* bytes of either frame; what this version knows is below 220 KiB */
#define DEGREE        10000000
/* of a record, before its frames: id, digest, adapter, and the length of each */
#define RECORD_FIXED (sizeof (struct id) + NUMBER_DIGEST_LEN + 3 * sizeof (uint32_t))

static bool reject (struct admission *ret, enum reject code, const char *field)
{
    ret->reject = code;
    ret->field = field;
    return false;
}

static bool is_region (struct view code)
{
    static const size_t lengths[] = {2, 5, 8, 13};
    bool known = false;
    for (size_t i = 0; i < array_len (lengths); i++)
        known |= code.len == lengths[i];
    for (size_t i = 0; known && i < code.len; i++) {
        bool dot = i == 2 || i == 5 || i == 8;
        known = dot ? code.at[i] == '.' : code.at[i] >= '0' && code.at[i] <= '9';
    }
    return known;
}

/* What spans fields or depends on who says it. */
static bool check_fields (const struct principal *principal, int64_t now,
                          const struct msg_submit *submit, struct admission *ret)
{
    uint64_t bits;
    bool has_point = submit->latitude || submit->longitude;
    if (submit->key.len == 0)
        return reject (ret, REJECT_MISSING, "key");
    if (submit->created >= UINT64_C (1) << 48)
        return reject (ret, REJECT_VALUE, "created");
    if ((int64_t) submit->created > now + AHEAD_MOST_MS)
        return reject (ret, REJECT_AHEAD, "created");
    if (submit->place.len && !is_region (submit->place))
        return reject (ret, REJECT_VALUE, "place");
    if (submit->incident.len && !incident_valid (submit->incident, now, INCIDENT_ANYWHERE))
        return reject (ret, REJECT_VALUE, "incident");
    if (has_point &&
        (submit->latitude < -90 * (int64_t) DEGREE || submit->latitude > 90 * (int64_t) DEGREE))
        return reject (ret, REJECT_VALUE, "latitude");
    if (has_point &&
        (submit->longitude < -180 * (int64_t) DEGREE || submit->longitude > 180 * (int64_t) DEGREE))
        return reject (ret, REJECT_VALUE, "longitude");
    /* zero is absent on the wire: without a longitude a point is none, without a latitude it is on the equator */
    if (submit->latitude && !submit->longitude)
        return reject (ret, REJECT_MISSING, "longitude");
    if (submit->code_hash.len && submit->code_hash.len != CODE_HASH_LEN)
        return reject (ret, REJECT_VALUE, "code_hash");
    if (submit->category > INT32_MAX)
        return reject (ret, REJECT_VALUE, "category");
    if (submit->priority == PRIORITY_EMERGENCY && !principal->emergency)
        return reject (ret, REJECT_RIGHT, "priority");
    if (submit->kind == KIND_COMPLAINT)
        return true;
    if (submit->parent.len == 0)
        return reject (ret, REJECT_MISSING, "parent");
    if (number_parse (submit->parent, &bits) != 0)
        return reject (ret, REJECT_NUMBER, "parent");
    if ((submit->kind == KIND_RATING && submit->rating < 1) || submit->rating > 5)
        return reject (ret, REJECT_VALUE, "rating");
    if (submit->kind == KIND_CONSENT && !submit->consent)
        return reject (ret, REJECT_MISSING, "consent");
    if (submit->kind == KIND_FLAGS && !submit->anonymous && !submit->secret)
        return reject (ret, REJECT_MISSING, "anonymous");
    return true;
}

/* The text itself where it is clean, else what is left of it, in `room`. */
static struct view cleaned (struct view text, struct buffer *room)
{
    if (utf8_is_clean (text.at, text.len))
        return text;
    utf8_clean (text.at, text.len, room);
    return (struct view){room->at, room->len};
}

static bool is_longer (struct view text, size_t points)
{
    return text.len > points && utf8_count (text.at, text.len) > points;
}

/* What is kept of a content: what came, where nothing had to be cleaned. */
struct kept {
    struct view title, text, frame;
    struct buffer title_room, text_room, frame_room;
};

static void kept_done (struct kept *kept)
{
    buffer_free (&kept->title_room);
    buffer_free (&kept->text_room);
    buffer_free (&kept->frame_room);
}

/* Cleans title and body. */
static bool clean_content (const struct msg_submit *submit, const struct msg_content *content,
                           struct view content_frame, struct kept *kept, struct admission *ret)
{
    struct view title = cleaned (content->title, &kept->title_room),
                text = cleaned (content->text, &kept->text_room);
    bool title_changed = title.at != content->title.at, text_changed = text.at != content->text.at;
    bool needs_body = submit->kind <= KIND_COMPLETION || submit->kind == KIND_REOPENING;
    bool good = true;
    if (is_longer (text, BODY_MOST))
        good = reject (ret, REJECT_TOO_LONG, "text");
    else if (needs_body && utf8_blank (text.at, text.len))
        good = reject (ret, REJECT_EMPTY, "text");
    else if (is_longer (title, TITLE_MOST))
        good = reject (ret, REJECT_TOO_LONG, "title");
    else if (content->attachments.len % 32)
        good = reject (ret, REJECT_VALUE, "attachments");
    ret->cleaned = title_changed || text_changed;
    kept->title = title;
    kept->text = text;
    kept->frame = content_frame;
    if (good && ret->cleaned) {
        struct msg_content clean = *content;
        clean.title = title;
        clean.text = text;
        clean.raw_title = title_changed ? content->title : (struct view){NULL, 0};
        clean.raw_text = text_changed ? content->text : (struct view){NULL, 0};
        wire_encode (WIRE_content, &clean, &kept->frame_room);
        kept->frame = (struct view){kept->frame_room.at, kept->frame_room.len};
    }
    return good;
}

static void put_u32 (struct buffer *out, uint32_t number)
{
    buffer_add (out, &number, sizeof number);
}

void admit (const uint8_t id_key[ID_KEY_LEN], const struct principal *principal, int64_t now,
            const struct msg_submit *submit, struct view submit_frame,
            const struct msg_content *content, struct view content_frame, struct admission *ret)
{
    struct kept kept = {0};
    *ret = (struct admission){0};
    /* a newer peer's tags are kept, but a record must fit into any segment of the spool */
    if (submit_frame.len > FRAME_MOST || content_frame.len > FRAME_MOST)
        reject (ret, REJECT_TOO_LONG, submit_frame.len > FRAME_MOST ? "submit" : "content");
    else if (content->raw_title.len || content->raw_text.len)
        reject (ret, REJECT_RIGHT, content->raw_text.len ? "raw_text" : "raw_title");
    else if (check_fields (principal, now, submit, ret) &&
             clean_content (submit, content, content_frame, &kept, ret)) {
        ret->id = number_id (id_key, principal->name, submit->key, submit->created);
        struct msg_content clean = *content;
        clean.title = kept.title;
        clean.text = kept.text;
        digest_make (id_key, submit, &clean, ret->digest);
        ret->manner = (uint8_t) digest_manner (submit, content);
        buffer_room (&ret->bytes, RECORD_FIXED + submit_frame.len + kept.frame.len);
        buffer_add (&ret->bytes, ret->id.at, sizeof ret->id.at);
        buffer_add (&ret->bytes, ret->digest, sizeof ret->digest);
        put_u32 (&ret->bytes, principal->number);
        put_u32 (&ret->bytes, (uint32_t) submit_frame.len);
        put_u32 (&ret->bytes, (uint32_t) kept.frame.len);
        buffer_add (&ret->bytes, submit_frame.at, submit_frame.len);
        buffer_add (&ret->bytes, kept.frame.at, kept.frame.len);
    }
    kept_done (&kept);
}

bool record_parse (const char *at, size_t len, struct record_parts *ret)
{
    uint32_t numbers[3];
    const size_t fixed = RECORD_FIXED;
    if (len < fixed)
        return false;
    memcpy (ret->id.at, at, sizeof ret->id.at);
    ret->digest = (const uint8_t *) at + sizeof ret->id.at;
    memcpy (numbers, at + fixed - sizeof numbers, sizeof numbers);
    ret->adapter = numbers[0];
    if ((uint64_t) numbers[1] + numbers[2] != len - fixed)
        return false;
    ret->submit = (struct view){at + fixed, numbers[1]};
    ret->content = (struct view){at + fixed + numbers[1], numbers[2]};
    return true;
}
