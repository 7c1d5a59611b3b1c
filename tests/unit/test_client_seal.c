/* test_client_seal.c - identities and contacts are sealed before they leave libaduan. */
#include "client_peer.h"
#include <msgpack.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* ---- what is sealed -------------------------------------------------------------------------- */

static const msgpack_object *tag (const msgpack_object *map, uint64_t wanted)
{
    for (uint32_t i = 0; i < map->via.map.size; i++)
        if (map->via.map.ptr[i].key.via.u64 == wanted)
            return &map->via.map.ptr[i].val;
    return NULL;
}

static void assert_bytes (const msgpack_object *object, const char *text)
{
    assert_non_null (object);
    bool string = object->type == MSGPACK_OBJECT_STR;
    size_t len = string ? object->via.str.size : object->via.bin.size;
    assert_int_equal (len, strlen (text));
    assert_memory_equal (string ? object->via.str.ptr : object->via.bin.ptr, text, len);
}

/* Opens a box and unpacks it; the caller frees both. */
static char *open_box (struct view box, const uint8_t *public_key, const uint8_t *secret,
                       size_t step, msgpack_unpacked *ret)
{
    size_t padded = box.len - crypto_box_SEALBYTES, len;
    char *clear = xcalloc (1, padded);
    assert_int_equal (padded % step, 0);
    assert_int_equal (crypto_box_seal_open ((uint8_t *) clear, (const uint8_t *) box.at, box.len,
                                            public_key, secret),
                      0);
    assert_int_equal (sodium_unpad (&len, (const uint8_t *) clear, padded, step), 0);
    assert_int_equal (wire_scan (clear, len), 0);
    msgpack_unpacked_init (ret);
    assert_int_equal (msgpack_unpack_next (ret, clear, len, NULL), MSGPACK_UNPACK_SUCCESS);
    return clear;
}

static void identity_is_sealed (void **state)
{
    struct world world;
    struct aduan_submission submission = sample;
    struct aduan_identity identity = {.name = "Siti Contoh",
                                      .nik = "3374000000000001",
                                      .phone = "0800000000",
                                      .address = "Jalan Contoh 1"};
    struct aduan_contact contact = {.address = "siti@example.org",
                                    .language = ADUAN_LANGUAGE_EN,
                                    .message_id = "<1@example.org>",
                                    .code = "0123456789ABCDEFGHJKMNPQRS"};
    (void) state;
    world_begin (&world, "-a", 64); /* twice: the same bytes both times */
    world.peer.keys = true;
    crypto_box_keypair (world.peer.seal_public, world.peer.seal_secret);
    crypto_box_keypair (world.peer.contact_public, world.peer.contact_secret);
    submission.identity = &identity;
    submission.contact = &contact;
    assert_int_equal (aduan_submit (world.aduan, &submission, 5000, NULL), ADUAN_ACCEPTED);
    assert_int_equal (world.peer.heard, 2);
    assert_null (memmem (world.peer.content.at, world.peer.content.len, "Siti", 4));
    assert_null (memmem (world.peer.content.at, world.peer.content.len, "siti@", 5));

    struct wire_message message;
    struct wire_fault fault;
    assert_int_equal (wire_decode (world.peer.content.at, world.peer.content.len, &message, &fault),
                      0);
    assert_int_equal (message.content.seal_key_id, 3);
    assert_int_equal (message.content.contact_key_id, 4);
    assert_true (view_is (message.content.title, "Lampu padam"));
    msgpack_unpacked unpacked;
    char *clear = open_box (message.content.seal, world.peer.seal_public, world.peer.seal_secret,
                            512, &unpacked);
    assert_int_equal (tag (&unpacked.data, 1)->via.u64, 1);
    assert_bytes (tag (&unpacked.data, 2), "warga");
    assert_bytes (tag (&unpacked.data, 3), "form-1");
    const msgpack_object *who = tag (&unpacked.data, 4);
    assert_bytes (tag (who, 1), "Siti Contoh");
    assert_bytes (tag (who, 2), "3374000000000001");
    assert_bytes (tag (who, 3), "0800000000");
    assert_null (tag (who, 4));
    assert_bytes (tag (who, 5), "Jalan Contoh 1");
    msgpack_unpacked_destroy (&unpacked);
    free (clear);
    clear = open_box (message.content.contact, world.peer.contact_public, world.peer.contact_secret,
                      256, &unpacked);
    assert_bytes (tag (&unpacked.data, 4), "email");
    assert_bytes (tag (&unpacked.data, 5), "siti@example.org");
    assert_int_equal (tag (&unpacked.data, 6)->via.u64, LANGUAGE_EN);
    assert_bytes (tag (&unpacked.data, 7), "<1@example.org>");
    assert_null (tag (&unpacked.data, 8));
    assert_null (tag (&unpacked.data, 9));
    assert_bytes (tag (&unpacked.data, 11), "0123456789ABCDEFGHJKMNPQRS");
    msgpack_unpacked_destroy (&unpacked);
    free (clear);
    wire_done (&message);
    world_close (&world);
}

static void without_a_sealing_key_nothing_leaves (void **state)
{
    struct world world;
    struct aduan_submission submission = sample;
    struct aduan_submitted result;
    struct aduan_identity identity = {.name = "Siti Contoh"};
    (void) state;
    world_open (&world, "a", 64);
    submission.identity = &identity;
    assert_int_equal (aduan_submit (world.aduan, &submission, 5000, &result), ADUAN_REFUSED);
    assert_string_equal (result.field, "seal_key");
    assert_int_equal (world.peer.heard, 0);
    world_close (&world);
}

int main (void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test (identity_is_sealed),
        cmocka_unit_test (without_a_sealing_key_nothing_leaves),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
