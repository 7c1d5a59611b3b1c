/* test_db.c - a database that goes at the worst moment: an answer has come, its reader asks again,
 * more is under way than the socket took, and nobody is there.  libpq closes the descriptor within
 * one of these calls.
 *
 * The server is a thread that speaks as much of PostgreSQL's protocol (version 3.0) as a statement
 * without results needs.  Whose turn it is two semaphores say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "db/db.h"

#define BYTES(text) (text), sizeof (text) - 1
#define WELCOME     "R\0\0\0\10\0\0\0\0" READY
#define READY       "Z\0\0\0\5I"
#define PREPARED    "1\0\0\0\4t\0\0\0\12\0\1\0\0\0\21n\0\0\0\4" READY
#define DONE        "2\0\0\0\4n\0\0\0\4C\0\0\0\15SELECT 0\0" READY

struct server {
    char folder[64], path[108];
    int listener;
    pthread_t thread;
    sem_t asked, gone;
};

static void answer (int client, const char *bytes, size_t len)
{
    char asked[4096];
    assert_true (read (client, asked, sizeof asked) > 0);
    assert_int_equal (write (client, bytes, len), len);
}

/* Two connections: the first goes when it has answered one of two, the second is served. */
static void *serve (void *with)
{
    struct server *server = with;
    for (int connection = 0; connection < 2; connection++) {
        int client = accept (server->listener, NULL, NULL);
        answer (client, BYTES (WELCOME));
        answer (client, BYTES (PREPARED));
        sem_wait (&server->asked);
        answer (client, BYTES (DONE));
        close (client);
        sem_post (&server->gone);
    }
    return NULL;
}

static void server_start (struct server *server, void *(*serves) (void *) )
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf (server->folder, sizeof server->folder, "/tmp/aduan-db-XXXXXX");
    assert_non_null (mkdtemp (server->folder));
    snprintf (server->path, sizeof server->path, "%s/.s.PGSQL.5432", server->folder);
    memcpy (address.sun_path, server->path, sizeof address.sun_path);
    server->listener = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal (bind (server->listener, (struct sockaddr *) &address, sizeof address), 0);
    assert_int_equal (listen (server->listener, 2), 0);
    sem_init (&server->asked, 0, 0);
    sem_init (&server->gone, 0, 0);
    assert_int_equal (pthread_create (&server->thread, NULL, serves, server), 0);
}

static void server_stop (struct server *server)
{
    pthread_join (server->thread, NULL);
    close (server->listener);
    unlink (server->path);
    rmdir (server->folder);
}

struct client {
    struct server server;
    struct db *db;
    int ups, downs, done, unknown;
};

static void at_answer (void *with, const struct db_answer *answer);

static void ask (struct client *client, size_t len)
{
    static const char bytes[1 << 22];
    struct db_value value = {bytes, len, true};
    struct db_unit *unit = db_begin (client->db, at_answer, client);
    db_add (unit, 0, &value, 1);
    db_end (unit);
}

/* The next unit at once, as every program's lanes do. */
static void at_answer (void *with, const struct db_answer *answer)
{
    struct client *client = with;
    client->done += answer->outcome == DB_DONE;
    client->unknown += answer->outcome == DB_UNKNOWN;
    if (answer->outcome == DB_DONE)
        ask (client, 1);
}

static void at_up (void *owner, struct db *db)
{
    struct client *client = owner;
    client->db = db;
    client->ups++;
    ask (client, 1);
    ask (client, 1 << 22); /* more than a socket takes: the rest waits for room */
}

static void at_down (void *owner, struct db *db)
{
    struct client *client = owner;
    (void) db;
    client->downs++;
}

static void test_gone_between_answer_and_question (void **state)
{
    static const struct db_statement statement = {"keep", 1, "select from bytes ($1)"};
    struct client client = {0};
    char conninfo[128];

    (void) state;
    server_start (&client.server, serve);
    snprintf (conninfo, sizeof conninfo, "host=%s user=nobody dbname=none", client.server.folder);
    struct reactor *reactor = reactor_new ();
    struct db_options options = {.name = "test",
                                 .conninfo = conninfo,
                                 .statements = &statement,
                                 .statement_count = 1,
                                 .up = at_up,
                                 .down = at_down,
                                 .owner = &client};
    struct db *db = db_new (reactor, &options);
    int64_t deadline = mono_ms () + 20000;
    for (int waited = 0; client.downs < 2 && mono_ms () < deadline;) {
        reactor_turn (reactor, 100);
        for (; waited < client.ups; waited++) {
            sem_post (&client.server.asked);
            sem_wait (&client.server.gone);
        }
    }
    assert_int_equal (client.ups, 2);
    assert_int_equal (client.downs, 2);
    assert_int_equal (client.done, 2);
    assert_int_equal (client.unknown, 4); /* the large one and the one asked after the answer */
    db_destroy (&db);
    server_stop (&client.server);
    reactor_destroy (&reactor);
}

/* ---- lazily ---------------------------------------------------------------------------------- */

#define PARSED   "1\0\0\0\4"
#define EXECUTED "2\0\0\0\4n\0\0\0\4C\0\0\0\15SELECT 0\0"
#define REFUSED  "E\0\0\0\14C23505\0\0"

/* Reads until a sync; writes the names under which texts came and were bound: "P name;B name;". */
static void hear (int client, char *heard, size_t room)
{
    *heard = 0;
    for (;;) {
        unsigned char head[5], body[512];
        assert_int_equal (recv (client, head, 5, MSG_WAITALL), 5);
        size_t len = (size_t) head[3] << 8 | head[4];
        assert_in_range (len, 4, sizeof body);
        if (len > 4)
            assert_int_equal (recv (client, body, len - 4, MSG_WAITALL), len - 4);
        size_t at = strlen (heard);
        if (head[0] == 'P')
            snprintf (heard + at, room - at, "P %s;", (char *) body);
        else if (head[0] == 'B') /* portal, then statement */
            snprintf (heard + at, room - at, "B %s;", (char *) body + strlen ((char *) body) + 1);
        else if (head[0] == 'S')
            return;
    }
}

static void *serve_lazily (void *with)
{
    struct server *server = with;
    char heard[256];
    int client = accept (server->listener, NULL, NULL);

    answer (client, BYTES (WELCOME));
    hear (client, heard, sizeof heard);
    assert_string_equal (heard, "");
    assert_int_equal (write (client, BYTES (READY)), sizeof (READY) - 1);
    hear (client, heard,
          sizeof heard); /* the first of two is refused: the second's text is skipped */
    assert_string_equal (heard, "P first;B first;P second;B second;");
    hear (client, heard, sizeof heard); /* which the unit behind it did not rely on */
    assert_string_equal (heard, "P ;B ;");
    assert_int_equal (write (client, BYTES (PARSED REFUSED READY PARSED EXECUTED READY)),
                      sizeof (PARSED REFUSED READY PARSED EXECUTED READY) - 1);
    hear (client, heard, sizeof heard);
    assert_string_equal (heard, "B first;P second;B second;B second;");
    assert_int_equal (write (client, BYTES (EXECUTED PARSED EXECUTED EXECUTED READY)),
                      sizeof (EXECUTED PARSED EXECUTED EXECUTED READY) - 1);
    hear (client, heard, sizeof heard);
    assert_string_equal (heard, "B second;");
    assert_int_equal (write (client, BYTES (EXECUTED READY)), sizeof (EXECUTED READY) - 1);
    close (client);
    return NULL;
}

struct lazy {
    struct db *db;
    int failed, done, results;
    bool over;
};

static void on_lazy (void *with, const struct db_answer *answer);

static void use (struct lazy *lazy, const unsigned *statements, unsigned count)
{
    struct db_unit *unit = db_begin (lazy->db, on_lazy, lazy);
    for (unsigned i = 0; i < count; i++)
        db_add (unit, statements[i], NULL, 0);
    db_end (unit);
}

static void on_lazy (void *with, const struct db_answer *answer)
{
    struct lazy *lazy = with;

    if (answer->outcome == DB_FAILED) {
        assert_int_equal (answer->failed, 0);
        lazy->failed++;
        return;
    }
    lazy->over = answer->outcome == DB_UNKNOWN;
    lazy->done += answer->outcome == DB_DONE;
    lazy->results += (int) answer->count;
    if (lazy->done == 1 && !lazy->over)
        use (lazy, (const unsigned[]){0, 1, 1}, 3);
    else if (lazy->done == 2 && !lazy->over)
        use (lazy, (const unsigned[]){1}, 1);
}

static void at_lazy_up (void *owner, struct db *db)
{
    struct lazy *lazy = owner;
    lazy->db = db;
    use (lazy, (const unsigned[]){0, 1}, 2);
    use (lazy, (const unsigned[]){1}, 1);
}

static void test_prepared_when_first_used (void **state)
{
    static const struct db_statement statements[] = {{"first", 0, "select 1"},
                                                     {"second", 0, "select 2"}};
    struct server server = {0};
    struct lazy lazy = {0};
    char conninfo[128];

    (void) state;
    server_start (&server, serve_lazily);
    snprintf (conninfo, sizeof conninfo, "host=%s user=nobody dbname=none", server.folder);
    struct reactor *reactor = reactor_new ();
    struct db_options options = {.name = "test",
                                 .conninfo = conninfo,
                                 .statements = statements,
                                 .statement_count = 2,
                                 .lazy = true,
                                 .up = at_lazy_up,
                                 .owner = &lazy};
    struct db *db = db_new (reactor, &options);
    int64_t deadline = mono_ms () + 20000;
    while (lazy.done < 3 && mono_ms () < deadline)
        reactor_turn (reactor, 100);
    assert_int_equal (lazy.failed, 1);
    assert_int_equal (lazy.done, 3);
    assert_int_equal (lazy.results, 1 + 3 + 1);
    db_destroy (&db);
    server_stop (&server);
    reactor_destroy (&reactor);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_gone_between_answer_and_question),
        cmocka_unit_test (test_prepared_when_first_used),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
