/* seal.c - identity and contact: clear only here, only until the sealing key is known.
 *
 * Each becomes a msgpack map that also names its version, adapter and idempotency key (a sealed box
 * has no sender: this stops one from being moved to another complaint), is padded to a fixed step so
 * that its length tells nothing, and is sealed with crypto_box_seal.  Clear bytes lie in sodium_malloc
 * memory - locked, kept out of core dumps, wiped when freed.  RELIABILITY 5.3.
 *
 *   identity   {1: version, 2: adapter, 3: key, 4: {1: name, 2: nik, 3: phone, 4: email, 5: address,
 *              6: envelope}}                                          padded to 512
 *   contact    {1: version, 2: adapter, 3: key, 4: kind, 5: address, 6: language, 7: message_id,
 *              8: references, 9: answered, 10: quiet, 11: code, 12: own, 13: lost, 14: cut}
 *              padded to 256
 */
#include <msgpack.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include "client/client.h"

#define SEAL_VERSION  1
#define IDENTITY_STEP 512
#define CONTACT_STEP  256
#define IDENTITY_MOST (131072 / IDENTITY_STEP * IDENTITY_STEP - IDENTITY_STEP)
#define CONTACT_MOST  (4096 / CONTACT_STEP * CONTACT_STEP - CONTACT_STEP)

/* One of the two, clear and padded. */
struct clear {
    char *at; /* sodium_malloc; NULL: there is none */
    size_t len, room;
};

struct unsealed {
    struct clear identity, contact;
    struct msg_content content; /* its views point into `bytes` */
    char *bytes;
};

/* ---- packing --------------------------------------------------------------------------------- */

static int put (void *into, const char *at, size_t len)
{
    struct clear *clear = into;
    if (len > clear->room - clear->len)
        return -1; /* what is over its limit is refused when the packing is done */
    if (len)
        memcpy (clear->at + clear->len, at, len);
    clear->len += len;
    return 0;
}

static int pack_bytes (msgpack_packer *packer, const void *at, size_t len)
{
    return msgpack_pack_bin (packer, len) != 0 || msgpack_pack_bin_body (packer, at, len) != 0;
}

static int pack_text (msgpack_packer *packer, struct view text)
{
    if (!utf8_valid (text.at, text.len))
        return pack_bytes (packer, text.at, text.len);
    return msgpack_pack_str (packer, text.len) != 0 ||
           msgpack_pack_str_body (packer, text.at, text.len) != 0;
}

static int pack_head (msgpack_packer *packer, uint32_t fields, const char *adapter, struct view key)
{
    return msgpack_pack_map (packer, 3 + fields) != 0 || msgpack_pack_uint8 (packer, 1) != 0 ||
           msgpack_pack_uint8 (packer, SEAL_VERSION) != 0 || msgpack_pack_uint8 (packer, 2) != 0 ||
           pack_text (packer, view_of (adapter)) != 0 || msgpack_pack_uint8 (packer, 3) != 0 ||
           pack_bytes (packer, key.at, key.len) != 0;
}

/* Those of `values` that are there, by tag. */
static int pack_fields (msgpack_packer *packer, const struct view *values, uint8_t first,
                        uint8_t count)
{
    for (uint8_t i = 0; i < count; i++)
        if (values[i].len && (msgpack_pack_uint8 (packer, (uint8_t) (first + i)) != 0 ||
                              pack_text (packer, values[i]) != 0))
            return -1;
    return 0;
}

static uint32_t count_said (const struct view *values, size_t count)
{
    uint32_t said = 0;
    for (size_t i = 0; i < count; i++)
        said += values[i].len != 0;
    return said;
}

static void clear_open (struct clear *clear, size_t most)
{
    clear->at = sodium_malloc (most);
    check (clear->at);
    clear->room = most;
}

static void clear_wipe (struct clear *clear)
{
    sodium_free (clear->at);
    *clear = (struct clear){0};
}

static int clear_pad (struct clear *clear, size_t step)
{
    size_t padded;
    if (sodium_pad (&padded, (uint8_t *) clear->at, clear->len, step, clear->room) != 0)
        return FAIL_TOO_LONG;
    clear->len = padded;
    return 0;
}

static size_t sum_of (const struct view *values, size_t count, size_t step, size_t most)
{
    size_t sum = 512; /* the head: adapter, key, tags, lengths, and the padding's last step */
    for (size_t i = 0; i < count; i++)
        sum += values[i].len < most ? values[i].len + 8 : most;
    sum = (sum / step + 1) * step;
    return sum < most ? sum : most;
}

static int pack_identity (struct clear *clear, const char *adapter, struct view key,
                          const struct aduan_identity *from)
{
    const struct view values[] = {view_said (from->name), view_said (from->nik),
                                  view_said (from->phone), view_said (from->email),
                                  view_said (from->address)};
    struct view envelope = {from->envelope, from->envelope_len};
    const struct view all[] = {values[0], values[1], values[2], values[3], values[4], envelope};
    clear_open (clear, sum_of (all, array_len (all), IDENTITY_STEP, IDENTITY_MOST));
    msgpack_packer packer;
    msgpack_packer_init (&packer, clear, put);
    if (pack_head (&packer, 1, adapter, key) != 0 || msgpack_pack_uint8 (&packer, 4) != 0 ||
        msgpack_pack_map (&packer, count_said (all, array_len (all))) != 0 ||
        pack_fields (&packer, values, 1, array_len (values)) != 0)
        return FAIL_TOO_LONG;
    if (envelope.len && (msgpack_pack_uint8 (&packer, 6) != 0 ||
                         pack_bytes (&packer, envelope.at, envelope.len) != 0))
        return FAIL_TOO_LONG;
    return clear_pad (clear, IDENTITY_STEP);
}

/* 0 is absent. */
static int pack_number (msgpack_packer *packer, uint8_t tag, uint32_t number)
{
    return number != 0 &&
           (msgpack_pack_uint8 (packer, tag) != 0 || msgpack_pack_uint32 (packer, number) != 0);
}

/* `own`: it is where he reported from. */
static int pack_contact (struct clear *clear, const char *adapter, struct view key,
                         const struct aduan_contact *from, bool own)
{
    const struct view who[] = {view_said (from->kind && *from->kind ? from->kind : "email"),
                               view_said (from->address)};
    const struct view mail[] = {view_said (from->message_id), view_said (from->references)};
    const struct view code = view_said (from->code);
    const struct view all[] = {who[0], who[1], mail[0], mail[1], code};
    uint32_t fields = 1 + count_said (all, array_len (all)) + (from->answered != 0) +
                      (from->quiet != 0) + own + (from->lost != 0) + (from->cut != 0);
    clear_open (clear, sum_of (all, array_len (all), CONTACT_STEP, CONTACT_MOST));
    uint32_t language = from->language ? from->language : LANGUAGE_ID;
    msgpack_packer packer;
    msgpack_packer_init (&packer, clear, put);
    if (pack_head (&packer, fields, adapter, key) != 0 ||
        pack_fields (&packer, who, 4, array_len (who)) != 0 ||
        msgpack_pack_uint8 (&packer, 6) != 0 || msgpack_pack_uint32 (&packer, language) != 0 ||
        pack_fields (&packer, mail, 7, array_len (mail)) != 0)
        return FAIL_TOO_LONG;
    if (pack_number (&packer, 9, from->answered != 0) ||
        pack_number (&packer, 10, from->quiet != 0) || pack_fields (&packer, &code, 11, 1) != 0 ||
        pack_number (&packer, 12, own) || pack_number (&packer, 13, from->lost) ||
        pack_number (&packer, 14, from->cut))
        return FAIL_TOO_LONG;
    return clear_pad (clear, CONTACT_STEP);
}

/* ---- keeping and closing --------------------------------------------------------------------- */

/* The content's views, copied: the caller's may be gone before the key comes. */
static void keep_content (struct unsealed *unsealed, const struct msg_content *content)
{
    const struct view *from[] = {&content->title, &content->text, &content->attachments};
    struct view *to[] = {&unsealed->content.title, &unsealed->content.text,
                         &unsealed->content.attachments};
    size_t len = 0;
    for (size_t i = 0; i < array_len (from); i++)
        len += from[i]->len;
    char *at = unsealed->bytes = xcalloc (1, len + 1);
    for (size_t i = 0; i < array_len (from); i++) {
        if (!from[i]->len)
            continue;
        *to[i] = (struct view){at, from[i]->len};
        memcpy (at, from[i]->at, from[i]->len);
        at += from[i]->len;
    }
}

struct unsealed *unsealed_new (const char *adapter, struct view key,
                               const struct aduan_identity *identity,
                               const struct aduan_contact *contact, bool own,
                               const struct msg_content *content, const char **ret_field)
{
    struct unsealed *unsealed = xcalloc (1, sizeof *unsealed);
    *ret_field = NULL;
    if (identity && pack_identity (&unsealed->identity, adapter, key, identity) != 0)
        *ret_field = "seal";
    if (contact && contact->address && *contact->address &&
        pack_contact (&unsealed->contact, adapter, key, contact, own) != 0)
        *ret_field = "contact";
    if (*ret_field) {
        unsealed_free (&unsealed);
        return NULL;
    }
    keep_content (unsealed, content);
    return unsealed;
}

/* Appends the sealed box to `out`; false where the key is none. */
static bool seal (const struct clear *clear, struct view key, struct buffer *out)
{
    if (key.len != crypto_box_PUBLICKEYBYTES)
        return false;
    size_t len = clear->len + crypto_box_SEALBYTES;
    uint8_t *room = (uint8_t *) buffer_room (out, len);
    if (crypto_box_seal (room, (const uint8_t *) clear->at, clear->len, (const uint8_t *) key.at) !=
        0)
        return false;
    out->len += len;
    return true;
}

enum aduan_result aduan_contact_seal (struct aduan *aduan, const struct aduan_contact *contact,
                                      char **ret, uint64_t *ret_key)
{
    const struct link *link = aduan->lines[LINE_INTAKE].link;
    struct view key = link ? link_welcome (link)->contact_key : (struct view){0};
    struct clear clear = {0};
    struct buffer box = {0};
    if (!contact->address || !*contact->address || !contact_right (contact))
        return ADUAN_REFUSED;
    bool packed = pack_contact (&clear, aduan->name, (struct view){"", 0}, contact, false) == 0;
    bool sealed = packed && seal (&clear, key, &box);
    clear_wipe (&clear);
    if (sealed) {
        *ret = xcalloc (2 * box.len + 1, 1);
        sodium_bin2hex (*ret, 2 * box.len + 1, (const uint8_t *) box.at, box.len);
        *ret_key = link_welcome (link)->contact_key_id;
    }
    buffer_free (&box);
    return sealed ? ADUAN_DONE : packed ? ADUAN_UNSENT : ADUAN_REFUSED;
}

int unsealed_close (struct unsealed **held, const struct msg_welcome *welcome, struct buffer *out)
{
    struct unsealed *unsealed = *held;
    struct buffer boxes = {0};
    int result = 0;
    size_t contact_at = 0;
    if (unsealed->identity.at && !seal (&unsealed->identity, welcome->seal_key, &boxes))
        result = FAIL_ABSENT;
    contact_at = boxes.len;
    if (unsealed->contact.at && !seal (&unsealed->contact, welcome->contact_key, &boxes))
        result = FAIL_ABSENT;
    if (result == 0 && contact_at) {
        unsealed->content.seal = (struct view){boxes.at, contact_at};
        unsealed->content.seal_key_id = welcome->seal_key_id;
    }
    if (result == 0 && boxes.len > contact_at) {
        unsealed->content.contact = (struct view){boxes.at + contact_at, boxes.len - contact_at};
        unsealed->content.contact_key_id = welcome->contact_key_id;
    }
    if (result == 0)
        wire_encode (WIRE_content, &unsealed->content, out);
    buffer_free (&boxes);
    unsealed_free (held);
    return result;
}

void unsealed_free (struct unsealed **held)
{
    struct unsealed *unsealed = *held;
    if (!unsealed)
        return;
    clear_wipe (&unsealed->identity);
    clear_wipe (&unsealed->contact);
    free (unsealed->bytes);
    free (unsealed);
    *held = NULL;
}
