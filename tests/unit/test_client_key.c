/* test_client_key.c - libaduan at a door of keys: who is not let in is told, and not taken for nobody. */
#include "client_peer.h"
#include "daemon/door.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- a door of keys --------------------------------------------------------------------------- */

struct guarded {
    struct world world;
    struct door *door;
    char server_key[41];
    struct link_keys own;
};

/* The door lets `key` in and nobody else. */
static void let_in (struct guarded *guarded, const char *key)
{
    struct principals *principals;
    char *line = xformat ("principal\t1\t%s\tadapter\twarga\t-\t-\n", key);
    assert_int_equal (principals_parse (line, strlen (line), &principals), 0);
    door_set_principals (guarded->door, &principals);
    free (line);
}

static void guarded_open (struct guarded *guarded)
{
    char folder[] = "/var/tmp/aduan-client-XXXXXX";
    struct world *world = &guarded->world;
    *guarded = (struct guarded){0};
    world->loop = world->peer.loop = aduan_loop_new ();
    world->peer.script = "a";
    assert_non_null (mkdtemp (folder));
    char *path = xformat ("%s/server.key", folder);
    assert_int_equal (keys_make (path, guarded->server_key), 0);
    struct reactor *reactor = client_reactor (world->loop);
    assert_int_equal (door_open (reactor, path, ROLE_ADAPTER, &guarded->door), 0);
    assert_int_equal (unlink (path) | rmdir (folder), 0);
    free (path);
    assert_int_equal (link_listen (reactor, "tcp://127.0.0.1:0", guarded->door, &peer_hooks,
                                   &world->peer, 64, 64, &world->peer.listener),
                      0);
    assert_int_equal (zmq_curve_keypair (guarded->own.public_key, guarded->own.secret_key), 0);
}

static void guarded_enter (struct guarded *guarded, const char *server_key)
{
    struct aduan_options options = {.loop = guarded->world.loop,
                                    .name = "warga",
                                    .intake = listener_endpoint (guarded->world.peer.listener),
                                    .intake_key = server_key,
                                    .public_key = guarded->own.public_key,
                                    .secret_key = guarded->own.secret_key};
    assert_int_equal (aduan_open (&options, &guarded->world.aduan), 0);
}

static void guarded_close (struct guarded *guarded)
{
    aduan_close (&guarded->world.aduan);
    listener_destroy (&guarded->world.peer.listener);
    door_destroy (&guarded->door);
    buffer_free (&guarded->world.peer.content);
    aduan_loop_free (&guarded->world.loop);
}

/* What was never said ends at once, with the key named; a key that is entered later is let in. */
static void a_key_that_is_not_known_is_told (void **state)
{
    struct guarded guarded;
    struct aduan_submitted result;
    char stranger[41], secret[41];
    (void) state;
    guarded_open (&guarded);
    assert_int_equal (zmq_curve_keypair (stranger, secret), 0);
    let_in (&guarded, stranger);
    guarded_enter (&guarded, guarded.server_key);
    int64_t began = mono_ms ();
    assert_int_equal (aduan_submit (guarded.world.aduan, &sample, 20000, &result), ADUAN_REFUSED);
    assert_in_range (mono_ms () - began, 0, 5000);
    assert_int_equal (result.refusal, ADUAN_REFUSAL_PRINCIPAL);
    assert_non_null (strstr (aduan_problem (), "the key of \"warga\" is not let in"));
    /* out of time before the next try: still not nobody */
    assert_int_equal (aduan_submit (guarded.world.aduan, &sample, 50, &result), ADUAN_REFUSED);
    let_in (&guarded, guarded.own.public_key);
    assert_int_equal (aduan_submit (guarded.world.aduan, &sample, 20000, &result), ADUAN_ACCEPTED);
    assert_int_equal (link_barred (guarded.world.aduan->lines[LINE_INTAKE].link), LINK_BAR_NONE);
    /* taken away from a live session: what was said may have been heard */
    let_in (&guarded, stranger);
    began = mono_ms ();
    assert_int_equal (aduan_submit (guarded.world.aduan, &sample, 20000, &result), ADUAN_UNKNOWN);
    assert_int_equal (aduan_submit (guarded.world.aduan, &sample, 50, &result), ADUAN_REFUSED);
    assert_in_range (mono_ms () - began, 0, 3000);
    guarded_close (&guarded);
}

/* A wrong key of the server looks like something that listens for a door which is down: it is told in
 * the log, and what waits goes on waiting. */
static void a_hung_up_handshake_is_told_and_waits (void **state)
{
    struct guarded guarded;
    char stranger[41], secret[41];
    (void) state;
    guarded_open (&guarded);
    let_in (&guarded, guarded.own.public_key);
    assert_int_equal (zmq_curve_keypair (stranger, secret), 0);
    guarded_enter (&guarded, stranger);
    const struct link *link = guarded.world.aduan->lines[LINE_INTAKE].link;
    until (&guarded.world, link_barred (link) == LINK_BAR_HANDSHAKE);
    assert_non_null (strstr (aduan_problem (), "the pinned key is not its public key"));
    assert_int_equal (aduan_submit (guarded.world.aduan, &sample, 300, NULL), ADUAN_UNSENT);
    guarded_close (&guarded);
}

/* A door that has no table yet says nothing of our key. */
static void a_door_without_a_table_bars_nobody (void **state)
{
    struct guarded guarded;
    (void) state;
    guarded_open (&guarded);
    guarded_enter (&guarded, guarded.server_key);
    const struct link *link = guarded.world.aduan->lines[LINE_INTAKE].link;
    assert_int_equal (aduan_submit (guarded.world.aduan, &sample, 2500, NULL), ADUAN_UNSENT);
    assert_int_equal (link_barred (link), LINK_BAR_NONE);
    guarded_close (&guarded);
}

int main (void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_key_that_is_not_known_is_told),
        cmocka_unit_test (a_hung_up_handshake_is_told_and_waits),
        cmocka_unit_test (a_door_without_a_table_bars_nobody),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
