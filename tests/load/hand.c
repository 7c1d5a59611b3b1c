/* hand - the store's own statements driven by hand: what they can carry with nothing in front.
 *
 *     hand FOLDER CONNINFO SECONDS CONNECTIONS BATCH
 *
 * FOLDER/agencies as for drive.  Each connection has a thread and a share of the agencies: it places
 * BATCH complaints, leases what is ready, answers it, and closes the dispatches that both made;
 * every statement is one durable transaction.  One JSON line at the end.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/log.h"
#include "array.h"

enum sql_id {
#define SQL_STATEMENT(name, parameters, text) SQL_##name,
#include "statements.inc"
#undef SQL_STATEMENT
    SQL_STATEMENTS
};
static const struct {
    const char *name;
    int parameters;
    const char *text;
} statements[SQL_STATEMENTS] = {
#define SQL_STATEMENT(name, parameters, text) {#name, parameters, text},
#include "statements.inc"
#undef SQL_STATEMENT
};

#define HANDS_MOST    8
#define AGENCIES_MOST 4096
#define TEXT_LEN      1024
#define PLACE_VALUES  55 /* parameters of place_fresh.sql */
#define PLACE_NOTICES 46 /* where those of the notices begin */

struct leased {
    uint8_t id[16];
    int64_t agency, version;
};

struct hand {
    unsigned number;
    PGconn *connection;
    struct array arrays[48];
    struct leased leased[8192];
    unsigned leased_count;
    struct id dispatches[64]; /* made, not closed */
    int64_t dispatch_sizes[64];
    unsigned dispatch_count;
    bool work[AGENCIES_MOST]; /* by agency number: what the store would not call empty */
    uint64_t lives;
};

static struct hand hands[HANDS_MOST];
static unsigned hand_count, batch;
static int64_t ends;
static uint32_t agencies[AGENCIES_MOST], categories[AGENCIES_MOST];
static char places[AGENCIES_MOST][14];
static unsigned agency_count;
static int32_t principal;
static char text[TEXT_LEN + 1];
static const char decision[] =
    "{\"owner\":101,\"rung\":3,\"sure\":950,\"rungs\":[{\"r\":1,\"v\":\"no_target\"},{\"r\":3,\"v\":"
    "\"category_place\",\"function\":12,\"region\":\"90.12\"}],\"best\":[[101,950],[201,500],[1,100]]}";

static PGresult *run (struct hand *hand, enum sql_id id, const struct db_value *values)
{
    const char *at[PLACE_VALUES];
    int lens[PLACE_VALUES], binary[PLACE_VALUES];
    for (int i = 0; i < statements[id].parameters; i++) {
        at[i] = values[i].at;
        lens[i] = (int) values[i].len;
        binary[i] = values[i].binary;
    }
    PGresult *result = PQexecPrepared (hand->connection, statements[id].name,
                                       statements[id].parameters, at, lens, binary, 1);
    if (PQresultStatus (result) != PGRES_TUPLES_OK && PQresultStatus (result) != PGRES_COMMAND_OK) {
        fprintf (stderr, "%s: %s", statements[id].name, PQerrorMessage (hand->connection));
        exit (1);
    }
    return result;
}

/* Zipf's ranks among this connection's own agencies, roughly: the square of an even draw. */
static unsigned draw_agency (const struct hand *hand)
{
    double share = (double) (id_random ().at[0] + 256 * id_random ().at[1]) / 65536.0;
    unsigned own = agency_count / hand_count;
    return (unsigned) (share * share * own) * hand_count + hand->number;
}

/* A dispatch for `count` notices that a statement is about to make. */
static const struct id *new_dispatch (struct hand *hand, unsigned count)
{
    check (hand->dispatch_count < array_len (hand->dispatches));
    hand->dispatches[hand->dispatch_count] = id_random ();
    hand->dispatch_sizes[hand->dispatch_count] = count;
    return &hand->dispatches[hand->dispatch_count++];
}

/* The columns of place_fresh.sql, in its order; types as the store says them. */
static void place (struct hand *hand)
{
    static const uint32_t types[37] = {
        OID_UUID,  OID_INT8,  OID_TIMESTAMPTZ, OID_TIMESTAMPTZ, OID_TIMESTAMPTZ, OID_TIMESTAMPTZ,
        OID_INT4,  OID_INT4,  OID_INT4,        OID_INT4,        OID_INT4,        OID_INT2,
        OID_INT2,  OID_INT2,  OID_INT2,        OID_INT2,        OID_INT2,        OID_INT2,
        OID_TEXT,  OID_TEXT,  OID_BYTEA,       OID_BYTEA,       OID_TEXT,        OID_TEXT,
        OID_TEXT,  OID_TEXT,  OID_TEXT,        OID_TEXT,        OID_INT4,        OID_INT4,
        OID_BYTEA, OID_BYTEA, OID_BYTEA,       OID_INT4,        OID_BYTEA,       OID_INT4,
        OID_BYTEA};
    static const int present[37] = {1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1,
                                    1, 1, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0};
    struct array *arrays = hand->arrays;
    int64_t now = wall_ms ();
    for (int c = 0; c < 37; c++)
        array_begin (&arrays[c], types[c]);
    for (unsigned i = 0; i < batch; i++) {
        struct id id = id_random ();
        unsigned agency = draw_agency (hand);
        uint64_t bits = 0;
        hand->work[agencies[agency]] = true;
        for (int b = 0; b < 6; b++)
            id.at[b] = (uint8_t) (now >> (40 - 8 * b));
        for (int b = 8; b < 16; b++)
            bits = bits << 8 | id.at[b];
        const int64_t numbers[37] = {[1] = (int64_t) (bits >> 4),
                                     [6] = agencies[agency],
                                     [7] = 1,
                                     [8] = categories[agency],
                                     [10] = 1,
                                     [11] = 1,
                                     [12] = 1,
                                     [13] = 3,
                                     [14] = 3,
                                     [15] = 950,
                                     [17] = 17,
                                     [35] = 1};
        for (int c = 0; c < 37; c++) {
            if (!present[c])
                array_null (&arrays[c]);
            else if (types[c] == OID_UUID)
                array_bytes (&arrays[c], id.at, 16);
            else if (types[c] == OID_TIMESTAMPTZ)
                array_time (&arrays[c], now + (c > 2 ? 432000000 : 0));
            else if (types[c] == OID_INT8)
                array_int8 (&arrays[c], numbers[c]);
            else if (types[c] == OID_INT4)
                array_int4 (&arrays[c], numbers[c]);
            else if (types[c] == OID_INT2)
                array_int2 (&arrays[c], numbers[c]);
            else if (c == 18)
                array_view (&arrays[c], view_of (places[agency]));
            else if (c == 19)
                array_view (&arrays[c], view_of (decision));
            else if (c == 20)
                array_bytes (&arrays[c], id.at, 16);
            else if (c == 34)
                array_bytes (&arrays[c], text, 304);
            else
                array_view (&arrays[c], (struct view){text, c == 22 ? 180 : TEXT_LEN});
        }
    }
    /* no PULL waits: nothing is leased at once; nobody else is told, and the place is as named */
    struct db_value values[PLACE_VALUES] = {0};
    struct db_value *notices = values + PLACE_NOTICES;
    uint8_t base[8];
    for (int c = 0; c < 37; c++)
        values[c] = array_end (&arrays[c]);
    values[38] = values[4]; /* looked at when the first answer is due */
    values[39] = value_int8 (base, 1);
    notices[0] = value_id (new_dispatch (hand, batch));
    notices[1] = values[0];
    notices[2] = values[6];
    array_begin (&arrays[37], OID_UUID);
    array_begin (&arrays[38], OID_INT4);
    notices[3] = array_end (&arrays[37]);
    notices[4] = array_end (&arrays[38]);
    check (statements[SQL_place_fresh].parameters == PLACE_VALUES);
    PQclear (run (hand, SQL_place_fresh, values));
}

/* As many PULLs as agencies with work make groups of 64, each for all that is ready up to the batch. */
static void lease (struct hand *hand)
{
    struct array *arrays = hand->arrays;
    uint8_t base[8];
    for (int i = 0; i < 5; i++)
        array_begin (&arrays[i], OID_INT4);
    unsigned named = 0, pulls = 0;
    for (unsigned a = hand->number; a < agency_count; a += hand_count) {
        if (!hand->work[agencies[a]])
            continue;
        if (named++ % 64 == 0)
            pulls++;
        hand->work[agencies[a]] = false;
        array_int4 (&arrays[0], pulls);
        array_int4 (&arrays[1], agencies[a]);
    }
    for (unsigned i = 0; i < pulls; i++) {
        array_int4 (&arrays[2], 2 * batch / pulls + 1);
        array_int4 (&arrays[3], 60000);
        array_int4 (&arrays[4], principal);
    }
    struct db_value values[7] = {0}; /* no sessions: workers */
    for (int i = 0; i < 5; i++)
        values[i] = array_end (&arrays[i]);
    values[5] = value_int8 (base, 1);
    PGresult *result = run (hand, SQL_lease_assignments, values);
    hand->leased_count = 0;
    for (int row = 0; row < PQntuples (result) && hand->leased_count < array_len (hand->leased);
         row++) {
        struct leased *leased = &hand->leased[hand->leased_count];
        if (PQgetisnull (result, row, 1)) {
            hand->work[result_int (result, row, 2)] = true;
            continue;
        }
        hand->leased_count++;
        memcpy (leased->id, PQgetvalue (result, row, 1), 16);
        leased->agency = result_int (result, row, 2);
        leased->version = result_int (result, row, 3);
    }
    PQclear (result);
}

static void answer (struct hand *hand, const struct leased *from, unsigned count)
{
    static const uint32_t types[11] = {OID_INT4, OID_UUID, OID_INT4, OID_INT8, OID_UUID, OID_INT2,
                                       OID_TEXT, OID_INT8, OID_BOOL, OID_INT4, OID_BOOL};
    static const char no = 0;
    struct array *arrays = hand->arrays;
    uint8_t base[8];
    for (int c = 0; c < 11; c++)
        array_begin (&arrays[c], types[c]);
    for (unsigned i = 0; i < count; i++) {
        const struct leased *leased = &from[i];
        struct id key = id_random ();
        array_int4 (&arrays[0], principal);
        array_bytes (&arrays[1], leased->id, 16);
        array_int4 (&arrays[2], leased->agency);
        array_int8 (&arrays[3], leased->version);
        array_bytes (&arrays[4], key.at, 16);
        array_int2 (&arrays[5], 7);
        array_view (&arrays[6], view_of ("Sudah ditindaklanjuti oleh petugas kami, terima kasih."));
        array_int8 (&arrays[7], 60000);
        array_bool (&arrays[8], true);
        array_int4 (&arrays[9], i + 1);
        array_bool (&arrays[10], true); /* as in the store: read when it was placed */
    }
    struct db_value values[15] = {0}; /* nobody closes */
    for (int c = 0; c < 8; c++)
        values[c] = array_end (&arrays[c]);
    values[8] = value_int8 (base, 1);
    values[9] = (struct db_value){&no, 1, true};
    values[11] = value_id (new_dispatch (hand, count));
    values[12] = array_end (&arrays[8]);
    values[13] = array_end (&arrays[9]);
    values[14] = array_end (&arrays[10]);
    PGresult *result = run (hand, SQL_act_ordinary, values);
    for (int row = 0; row < PQntuples (result); row++)
        hand->lives += result_int (result, row, 1) == 1;
    PQclear (result);
}

static void tell (struct hand *hand)
{
    array_begin (&hand->arrays[0], OID_UUID);
    array_begin (&hand->arrays[1], OID_INT4);
    for (unsigned i = 0; i < hand->dispatch_count; i++) {
        array_bytes (&hand->arrays[0], hand->dispatches[i].at, 16);
        array_int4 (&hand->arrays[1], hand->dispatch_sizes[i]);
    }
    struct db_value values[] = {array_end (&hand->arrays[0]), array_end (&hand->arrays[1])};
    PGresult *result = run (hand, SQL_close_sent, values);
    check (PQntuples (result) == (int) hand->dispatch_count);
    PQclear (result);
    hand->dispatch_count = 0;
}

static void *work (void *with)
{
    struct hand *hand = with;
    while (mono_ms () < ends) {
        place (hand);
        lease (hand);
        for (unsigned i = 0; i < hand->leased_count; i += batch)
            answer (hand, &hand->leased[i],
                    hand->leased_count - i < batch ? hand->leased_count - i : batch);
        tell (hand);
    }
    return NULL;
}

static void read_agencies (const char *folder)
{
    char *path = xformat ("%s/agencies", folder);
    FILE *file = fopen (path, "r");
    check (file);
    while (agency_count < AGENCIES_MOST &&
           fscanf (file, "%" SCNu32 " %" SCNu32 " %13s", &agencies[agency_count],
                   &categories[agency_count], places[agency_count]) == 3)
        check (agencies[agency_count++] < AGENCIES_MOST);
    fclose (file);
    free (path);
}

static void hand_open (struct hand *hand, unsigned number, const char *conninfo)
{
    hand->number = number;
    hand->connection = PQconnectdb (conninfo);
    check (PQstatus (hand->connection) == CONNECTION_OK);
    for (int i = 0; i < SQL_STATEMENTS; i++)
        PQclear (PQprepare (hand->connection, statements[i].name, statements[i].text, 0, NULL));
    PGresult *result =
        PQexec (hand->connection, "select principal_id from principal where role = 2 limit 1");
    check (PQntuples (result) == 1);
    principal = atoi (PQgetvalue (result, 0, 0));
    PQclear (result);
}

int main (int argc, char **argv)
{
    pthread_t threads[HANDS_MOST];
    uint64_t lives = 0;
    log_open ("hand", LOG_WARNING);
    if (argc != 6) {
        fprintf (stderr, "usage: hand FOLDER CONNINFO SECONDS CONNECTIONS BATCH\n");
        return 64;
    }
    hand_count = (unsigned) atoi (argv[4]);
    batch = (unsigned) atoi (argv[5]);
    check (hand_count >= 1 && hand_count <= HANDS_MOST && batch >= 1 && batch <= 1000);
    read_agencies (argv[1]);
    for (size_t i = 0; i < TEXT_LEN; i++)
        text[i] = (char) ('a' + id_random ().at[0] % 26);
    for (unsigned i = 0; i < hand_count; i++)
        hand_open (&hands[i], i, argv[2]);
    int64_t began = mono_ns ();
    ends = mono_ms () + atoll (argv[3]) * 1000;
    for (unsigned i = 0; i < hand_count; i++)
        check (pthread_create (&threads[i], NULL, work, &hands[i]) == 0);
    for (unsigned i = 0; i < hand_count; i++)
        pthread_join (threads[i], NULL);
    for (unsigned i = 0; i < hand_count; i++) {
        lives += hands[i].lives;
        PQfinish (hands[i].connection);
        for (size_t a = 0; a < array_len (hands[i].arrays); a++)
            array_free (&hands[i].arrays[a]);
    }
    double seconds = (double) (mono_ns () - began) / 1e9;
    printf ("{\"connections\": %u, \"batch\": %u, \"lives\": %" PRIu64 ", \"lives_s\": %.0f}\n",
            hand_count, batch, lives, (double) lives / seconds);
    return 0;
}
