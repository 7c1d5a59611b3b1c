/* contact.c - opens one sealed contact for one send.
 *
 * Called by claim.c just before a letter is composed.  Keys are read from their file each time and
 * wiped at once: a key that was destroyed is gone with the next notice, and none lies about in memory.
 * The clear text lives in sodium_malloc memory (locked, kept out of core dumps) until contact_done.
 * Limit: libcurl copies the recipient into memory of its own, which we cannot wipe.
 */
#include <msgpack.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include "notifier.h"

#define CONTACT_VERSION 1
#define CONTACT_PAD     256

enum contact_tag {
    CONTACT_TAG_VERSION = 1,
    CONTACT_TAG_ADAPTER,
    CONTACT_TAG_KEY,
    CONTACT_TAG_KIND,
    CONTACT_TAG_ADDRESS,
    CONTACT_TAG_LANGUAGE,
    CONTACT_TAG_MESSAGE_ID,
    CONTACT_TAG_REFERENCES,
    CONTACT_TAG_ANSWERED,
    CONTACT_TAG_QUIET,
    CONTACT_TAG_CODE,
    CONTACT_TAG_OWN,
    CONTACT_TAG_LOST,
    CONTACT_TAG_CUT,
};

/* The secret key of a number, into 32 bytes of the caller's, who wipes them. */
static int key_read (const char *keys, uint64_t key_id, uint8_t *ret_secret)
{
    char *path = xformat ("%s/contact-%llu.key", keys, (unsigned long long) key_id);
    char *text = NULL;
    size_t len = 0;

    int fail = file_read (path, 256, &text, &len);
    free (path);
    if (fail)
        return FAIL_ABSENT;
    while (len && (text[len - 1] == '\n' || text[len - 1] == ' '))
        text[--len] = '\0';
    fail = len == 2 * crypto_box_SECRETKEYBYTES
               ? hex_parse (text, ret_secret, crypto_box_SECRETKEYBYTES)
               : FAIL_MALFORMED;
    sodium_memzero (text, len);
    free (text);
    return fail ? FAIL_CORRUPT : 0;
}

static struct view text_of (const msgpack_object *object)
{
    if (object->type == MSGPACK_OBJECT_STR)
        return (struct view){object->via.str.ptr, object->via.str.size};
    if (object->type == MSGPACK_OBJECT_BIN)
        return (struct view){object->via.bin.ptr, object->via.bin.size};
    return (struct view){NULL, 0};
}

static uint32_t number_of (const msgpack_object *object)
{
    bool fits =
        object->type == MSGPACK_OBJECT_POSITIVE_INTEGER && object->via.u64 <= (uint64_t) INT32_MAX;
    return fits ? (uint32_t) object->via.u64 : 0;
}

static uint32_t language_read (const msgpack_object *object)
{
    if (object->type == MSGPACK_OBJECT_POSITIVE_INTEGER)
        return object->via.u64 < LANGUAGE_LAST ? (uint32_t) object->via.u64 : 0;
    struct view word = text_of (object);
    for (uint32_t value = 1; value < LANGUAGE_LAST; value++)
        if (word.at && view_is (word, language_word (value)))
            return value;
    return 0;
}

/* The map; views stay in the bytes that were unpacked (msgpack-c does not copy str and bin). */
static int contact_read (const msgpack_object *map, struct contact *contact)
{
    bool version = false;

    if (map->type != MSGPACK_OBJECT_MAP)
        return FAIL_CORRUPT;
    for (uint32_t i = 0; i < map->via.map.size; i++) {
        const msgpack_object *key = &map->via.map.ptr[i].key, *value = &map->via.map.ptr[i].val;
        if (key->type != MSGPACK_OBJECT_POSITIVE_INTEGER)
            return FAIL_CORRUPT;
        switch (key->via.u64) {
        case CONTACT_TAG_VERSION:
            version =
                value->type == MSGPACK_OBJECT_POSITIVE_INTEGER && value->via.u64 == CONTACT_VERSION;
            break;
        case CONTACT_TAG_KIND: contact->kind = text_of (value); break;
        case CONTACT_TAG_ADDRESS: contact->address = text_of (value); break;
        case CONTACT_TAG_LANGUAGE: contact->language = language_read (value); break;
        case CONTACT_TAG_MESSAGE_ID: contact->message_id = text_of (value); break;
        case CONTACT_TAG_REFERENCES: contact->references = text_of (value); break;
        case CONTACT_TAG_ANSWERED:
            contact->answered = value->type == MSGPACK_OBJECT_POSITIVE_INTEGER && value->via.u64;
            break;
        case CONTACT_TAG_QUIET:
            contact->quiet = value->type == MSGPACK_OBJECT_POSITIVE_INTEGER && value->via.u64;
            break;
        case CONTACT_TAG_CODE: contact->code = text_of (value); break;
        case CONTACT_TAG_OWN:
            contact->own = value->type == MSGPACK_OBJECT_POSITIVE_INTEGER && value->via.u64;
            break;
        case CONTACT_TAG_LOST: contact->lost = number_of (value); break;
        case CONTACT_TAG_CUT: contact->cut = number_of (value); break;
        default: break; /* unknown tags are skipped, as everywhere on the wire */
        }
    }
    return version && contact->address.len ? 0 : FAIL_CORRUPT;
}

static int contact_parse (const uint8_t *at, size_t padded, struct contact *contact)
{
    size_t len = 0;

    if (sodium_unpad (&len, at, padded, CONTACT_PAD) != 0)
        return FAIL_CORRUPT;
    if (wire_scan (at, len) != 0) /* msgpack-c allocates what a length field claims */
        return FAIL_CORRUPT;
    msgpack_unpacked unpacked;
    msgpack_unpacked_init (&unpacked);
    int fail = FAIL_CORRUPT;
    if (msgpack_unpack_next (&unpacked, (const char *) at, len, NULL) == MSGPACK_UNPACK_SUCCESS)
        fail = contact_read (&unpacked.data, contact);
    msgpack_unpacked_destroy (&unpacked);
    return fail;
}

int contact_open (const char *keys, uint64_t key_id, struct view sealed, struct contact *ret)
{
    uint8_t secret[crypto_box_SECRETKEYBYTES], public[crypto_box_PUBLICKEYBYTES];

    if (sealed.len <= crypto_box_SEALBYTES || sealed.len > CONTACT_MAX)
        return FAIL_CORRUPT;
    int fail = key_read (keys, key_id, secret);
    if (fail) {
        sodium_memzero (secret, sizeof secret);
        return fail;
    }
    struct contact contact = {.memory = sodium_malloc (sealed.len)};
    check (contact.memory != NULL);
    crypto_scalarmult_base (public, secret);
    if (crypto_box_seal_open (contact.memory, (const uint8_t *) sealed.at, sealed.len, public,
                              secret) != 0)
        fail = FAIL_CORRUPT;
    sodium_memzero (secret, sizeof secret);
    if (fail == 0)
        fail = contact_parse (contact.memory, sealed.len - crypto_box_SEALBYTES, &contact);
    if (fail) {
        contact_done (&contact);
        return fail;
    }
    *ret = contact;
    return 0;
}

void contact_done (struct contact *contact)
{
    sodium_free (contact->memory);
    *contact = (struct contact){0};
}
