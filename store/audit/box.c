/* box.c - the clear text of a box: whose it says it is, and what is in it.
 *
 * A msgpack map {1: version, 2: adapter, 3: key, 4: {1: name, 2: nik, 3: phone, 4: email, 5: address, 6: envelope}},
 * padded to 512 (common/client/seal.c).  A sealed box has no sender, so it names its own complaint: adapter and
 * idempotency key, from which with the moment in the complaint's id that id is made anew.
 *
 * The clear text is read in place and never copied: msgpack-c is not asked, which would allocate.
 */
#include "domain/number.h"
#include "identity.h"

#include <stdio.h>
#include <string.h>

#define VERSION  1
#define STEP     512
#define BOX_MOST 131072

static const char *const fields[] = {NULL, "name", "nik", "phone", "email", "address", "envelope"};

/* What is left of the clear text. */
struct reading {
    const uint8_t *at, *end;
    bool broken;
};

static uint64_t read_number (struct reading *reading, unsigned bytes)
{
    uint64_t number = 0;
    if ((size_t) (reading->end - reading->at) < bytes)
        reading->broken = true;
    for (unsigned i = 0; !reading->broken && i < bytes; i++)
        number = number << 8 | *reading->at++;
    return number;
}

static uint64_t read_uint (struct reading *reading)
{
    uint64_t first = read_number (reading, 1);
    if (first < 0x80)
        return first;
    if (first >= 0xcc && first <= 0xcf)
        return read_number (reading, 1U << (first - 0xcc));
    reading->broken = true;
    return 0;
}

static uint64_t read_map (struct reading *reading)
{
    uint64_t first = read_number (reading, 1);
    if (first >= 0x80 && first <= 0x8f)
        return first & 15;
    if (first == 0xde)
        return read_number (reading, 2);
    reading->broken = true;
    return 0;
}

/* Text or bytes, as they lie there. */
static struct view read_view (struct reading *reading)
{
    uint64_t first = read_number (reading, 1), len = 0;
    if (first >= 0xa0 && first <= 0xbf)
        len = first & 31;
    else if (first >= 0xd9 && first <= 0xdb)
        len = read_number (reading, 1U << (first - 0xd9));
    else if (first >= 0xc4 && first <= 0xc6)
        len = read_number (reading, 1U << (first - 0xc4));
    else
        reading->broken = true;
    if (reading->broken || len > (uint64_t) (reading->end - reading->at)) {
        reading->broken = true;
        return (struct view){0};
    }
    struct view view = {(const char *) reading->at, (size_t) len};
    reading->at += len;
    return view;
}

/* Bytes that are no printable text are shown as what they are not: nothing in an envelope drives a terminal. */
static void put_text (struct view text, bool json)
{
    bool whole = utf8_valid (text.at, text.len);
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = (uint8_t) text.at[i];
        if (json && (byte == '"' || byte == '\\'))
            printf ("\\%c", byte);
        else if (json && (byte < ' ' || byte == 127 || (!whole && byte > 126)))
            printf ("\\u%04x", byte);
        else if (byte == '\n' || (byte >= ' ' && byte != 127 && (whole || byte < 127)))
            putchar (byte);
        else
            printf ("\\x%02x", byte);
    }
}

static void put_fields (struct reading *reading, uint64_t count, bool json)
{
    for (uint64_t i = 0; i < count && !reading->broken; i++) {
        uint64_t tag = read_uint (reading);
        struct view value = read_view (reading);
        if (reading->broken || tag == 0 || tag >= array_len (fields))
            continue;
        printf (json ? "%s\"%s\": \"" : "%s%s: ", json && i ? ", " : "", fields[tag]);
        put_text (value, json);
        printf (json ? "\"" : "\n");
    }
}

static uint64_t created_of (const struct id *id)
{
    uint64_t ms = 0;
    for (int i = 0; i < 6; i++)
        ms = ms << 8 | id->at[i];
    return ms;
}

/* NULL where it is this complaint's, and `reading` stands at the identity. */
static const char *judge (struct reading *reading, const struct claim *claim)
{
    struct view adapter = {0}, key = {0};
    uint64_t version = 0, count = read_map (reading);
    for (uint64_t i = 0; i < count && i < 3 && !reading->broken; i++) {
        uint64_t tag = read_uint (reading);
        if (tag == 1)
            version = read_uint (reading);
        else if (tag == 2)
            adapter = read_view (reading);
        else if (tag == 3)
            key = read_view (reading);
        else
            reading->broken = true;
    }
    if (!reading->broken && version != VERSION)
        return "its clear text is of another version than this program's";
    if (reading->broken || count != 4 || read_uint (reading) != 4)
        return "its clear text is no identity";
    if (!view_is (adapter, claim->adapter))
        return "IT IS ANOTHER COMPLAINT'S: it names another adapter; somebody has put it there";
    struct id made = number_id (claim->id_key, claim->adapter, key, created_of (&claim->complaint));
    if (!id_equal (&made, &claim->complaint))
        return "IT IS ANOTHER COMPLAINT'S: it names another key; somebody has put it there";
    return NULL;
}

const char *box_print (const struct offline *offline, struct view box, const struct claim *claim,
                       bool json)
{
    size_t len = 0;
    if (box.len <= crypto_box_SEALBYTES || box.len > BOX_MOST)
        return "it is no sealed box";
    size_t room = box.len - crypto_box_SEALBYTES;
    uint8_t *clear = sodium_malloc (room);
    check (clear);
    const char *wrong = NULL;
    if (crypto_box_seal_open (clear, (const uint8_t *) box.at, box.len, offline->public_key,
                              offline->secret) != 0)
        wrong = "it does not open with this key: it was sealed to another, or changed";
    else if (sodium_unpad (&len, clear, room, STEP) != 0)
        wrong = "its clear text is no identity";
    struct reading reading = {clear, clear + len, false};
    if (!wrong)
        wrong = judge (&reading, claim);
    if (!wrong) {
        printf ("%s", json ? "{" : "");
        put_fields (&reading, read_map (&reading), json);
        printf ("%s", json ? "}\n" : "");
        if (reading.broken)
            wrong = "its end is missing";
    }
    sodium_free (clear);
    return wrong;
}
