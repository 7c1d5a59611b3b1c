/* whatsapp_read.c - a payload of Meta's, taken apart: pure, whatever the bytes are. */
#include <math.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include "base/decimal.h"
#include "whatsapp.h"

#define VALUES_MOST  60000
#define PLACE_DEGREE 1e7

/* A NUL in somebody's words, which jansson does not take, must not keep the whole batch out. */
json_t *whatsapp_read (struct view body)
{
    struct buffer copy = {0};
    json_t *payload;

    buffer_add (&copy, body.at, body.len);
    for (size_t i = 0; i + 6 <= copy.len; i++)
        if (copy.at[i] == '\\') {
            if (strncmp (copy.at + i + 1, "u0000", 5) == 0)
                memcpy (copy.at + i + 1, "ufffd", 5);
            i++;
        }
    payload = http_json_read ((struct view){copy.at, copy.len}, VALUES_MOST);
    if (copy.len)
        sodium_memzero (copy.at, copy.len);
    buffer_free (&copy);
    return payload;
}

void whatsapp_walk (const json_t *payload, whatsapp_message_fn *message, whatsapp_state_fn *state,
                    void *owner)
{
    size_t at, nth, one;
    json_t *entry, *change, *said;

    json_array_foreach (json_object_get (payload, "entry"), at, entry)
        json_array_foreach (json_object_get (entry, "changes"), nth, change) {
            const json_t *value = json_object_get (change, "value");
            json_array_foreach (json_object_get (value, "messages"), one, said)
                message (owner, value, said);
            json_array_foreach (json_object_get (value, "statuses"), one, said)
                state (owner, said);
        }
}

/* ---- a message ----------------------------------------------------------------------------------- */

static const char *text_at (const json_t *value, const char *a, const char *b)
{
    value = json_object_get (value, a);
    return json_string_value (b ? json_object_get (value, b) : value);
}

/* The words of a message, whatever it is; NULL: it has none. */
static const char *words_of (const json_t *said, const char *type)
{
    const json_t *interactive = json_object_get (said, "interactive");
    const char *words = text_at (said, type, "caption");

    if (strcmp (type, "text") == 0)
        words = text_at (said, "text", "body");
    else if (strcmp (type, "button") == 0)
        words = text_at (said, "button", "text");
    else if (strcmp (type, "interactive") == 0) {
        words = text_at (interactive, "button_reply", "title");
        if (!words)
            words = text_at (interactive, "list_reply", "title");
    }
    return words;
}

static void place_take (const json_t *said, struct message *message)
{
    const json_t *place = json_object_get (said, "location");
    double latitude = json_number_value (json_object_get (place, "latitude"));
    double longitude = json_number_value (json_object_get (place, "longitude"));
    const char *name = text_at (place, "name", NULL), *address = text_at (place, "address", NULL);

    if (latitude < -90 || latitude > 90 || longitude < -180 || longitude > 180)
        return;
    message->latitude = llround (latitude * PLACE_DEGREE);
    message->longitude = llround (longitude * PLACE_DEGREE);
    message->wordless = !name && !address;
    buffer_format (&message->text, "%.200s%s%.300s", name ? name : "Lokasi", address ? ", " : "",
                   address ? address : "");
}

/* Of each kind what Meta calls it, and whether it is a file. */
static const struct media_kind {
    const char *type;
    const char *without; /* words where it has none */
} media_kinds[] = {
    {"image", "(foto tanpa teks)"}, {"document", "(dokumen tanpa teks)"},
    {"audio", "(pesan suara)"},     {"video", "(video tanpa teks)"},
    {"sticker", "(stiker)"},
};

bool whatsapp_may_be_film (const json_t *said)
{
    const char *type = text_at (said, "type", NULL),
               *mime = text_at (said, "document", "mime_type");
    return type && (strcmp (type, "video") == 0 ||
                    (strcmp (type, "document") == 0 && mime && strncmp (mime, "video/", 6) == 0));
}

/* False: nothing in it is somebody's word - a reaction, a note of Meta's own. */
static bool words_take (const json_t *said, struct message *message, char ret_media[WHATSAPP_MEDIA])
{
    const char *type = text_at (said, "type", NULL), *words = type ? words_of (said, type) : NULL;

    for (size_t i = 0; type && i < array_len (media_kinds); i++) {
        const char *id = text_at (said, media_kinds[i].type, "id");
        if (strcmp (type, media_kinds[i].type) != 0)
            continue;
        if (id && strlen (id) < WHATSAPP_MEDIA &&
            id[strspn (id, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-")] ==
                '\0')
            snprintf (ret_media, WHATSAPP_MEDIA, "%s", id);
        else
            message->lost++;
        message->wordless = !words;
        words = words ? words : media_kinds[i].without;
    }
    if (type && strcmp (type, "location") == 0)
        place_take (said, message);
    if (words)
        buffer_format (&message->text, "%s", words);
    buffer_add (&message->text, "", 1);
    return !utf8_blank (message->text.at, message->text.len - 1);
}

static void sender_take (const json_t *value, const json_t *said, struct message *message)
{
    const char *from = text_at (said, "from", NULL), *name;
    const json_t *contacts = json_object_get (value, "contacts");

    message_from (message, from);
    message->phone = xstrdup (from);
    if (phone_valid (view_of (from))) {
        message->kind = "whatsapp";
        message->address = xformat ("+%.20s", from + (*from == '+'));
    }
    for (size_t i = 0; i < json_array_size (contacts); i++) {
        const json_t *contact = json_array_get (contacts, i);
        const char *id = text_at (contact, "wa_id", NULL);
        name = text_at (contact, "profile", "name");
        if (id && name && strcmp (id, from) == 0 && !message->name)
            message->name = xstrndup (name, strnlen (name, 250));
    }
    char *whole = json_dumps (said, JSON_COMPACT);
    buffer_add (&message->envelope, whole, strnlen (whole, 65536));
    sodium_memzero (whole, strlen (whole));
    free (whole);
}

struct message *whatsapp_message (struct web *web, const json_t *value, const json_t *said,
                                  char ret_media[WHATSAPP_MEDIA])
{
    const char *id = text_at (said, "id", NULL), *from = text_at (said, "from", NULL),
               *stamp = text_at (said, "timestamp", NULL);
    uint64_t sent = 0;

    if (!stamp || !decimal_parse (view_of (stamp), INT32_MAX * UINT64_C (1000), &sent))
        sent = 0;
    sent *= 1000;
    *ret_media = '\0';
    if (!id || !*id || strlen (id) > 256 || !from || !*from || strlen (from) > 24)
        return NULL;
    struct message *message = message_new (web, WHATSAPP_ACCOUNT, ADUAN_CHANNEL_WHATSAPP);
    message_named (message, view_of (id), sent);
    sender_take (value, said, message);
    if (words_take (said, message, ret_media))
        return message;
    message_free (message);
    return NULL;
}

/* ---- a delivery state ---------------------------------------------------------------------------- */

bool whatsapp_state_read (const json_t *said, const uint8_t *reply_key, struct whatsapp_state *ret)
{
    const char *token = text_at (said, "biz_opaque_callback_data", NULL),
               *state = text_at (said, "status", NULL);
    json_int_t code = json_integer_value (
        json_object_get (json_array_get (json_object_get (said, "errors"), 0), "code"));

    *ret = (struct whatsapp_state){.code = code > 0 && code <= INT32_MAX ? (uint64_t) code : 0};
    if (!token || !state || token_notice (reply_key, view_of (token), &ret->notice) != 0)
        return false;
    if (strcmp (state, "delivered") == 0 || strcmp (state, "read") == 0)
        ret->outcome = TOLD_DELIVERED;
    else if (strcmp (state, "failed") == 0)
        ret->outcome = TOLD_REFUSED; /* Meta has given it up */
    return ret->outcome != 0;
}
