/* http - an open-loop reporter: sends requests to aduan-web when they are due, whether or not the ones before are answered.
 *
 *     http PORT STAGES --ledger FILE [--photo FILE --share N] [--mix SUBMIT,TRACK,LIST] [--connections N]
 *
 * STAGES is RATE:SECONDS,... ; each is a straight ramp from the rate before to RATE, with "=" before it the rate itself.
 * Latency counts from the instant at which a request was due.  Each second is a line of JSON, the end of it all another.  FILE gets
 * the tracking number of everything that was accepted, one a line, for whoever counts them in the record.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "base/base.h"

#define STAGES_MOST   64
#define SOURCES       1000
#define ANSWER_MOST   65536 /* of what is kept of an answer; the rest is read and let go */
#define TIMEOUT_MS    30000
#define LATENCIES     4000000
#define NUMBERS       65536
#define NUMBER_LENGTH 14

enum operation { SUBMIT, TRACK, LIST, OPERATIONS };

struct stage {
    double from, to, seconds;
};

struct connection {
    int fd;
    bool open, busy, writing;
    bool used; /* it has carried an answer */
    enum operation operation;
    int64_t due; /* ns */
    struct buffer out, in;
    size_t sent, body_from, body_len, read;
    struct connection *next_idle;
};

/* A request that is due and has no connection yet. */
struct waiting {
    int64_t due;
    enum operation operation;
};

struct second {
    unsigned sent, good, shed, polite;
    unsigned failed, late, odd; /* of those that failed: too late, and with another status */
};

static struct {
    struct stage stages[STAGES_MOST];
    unsigned stage_count;
    uint16_t port;
    unsigned most, share, mix[OPERATIONS];
    struct buffer photo;
    FILE *ledger;
    int epoll;
    struct connection *connections, *idle;
    unsigned connection_count, open_count;
    struct waiting *queue;
    size_t queue_head, queue_tail, queue_room;
    uint32_t *latencies; /* us, of answers that were good */
    size_t latency_count;
    struct second second, all;
    size_t second_from; /* of latencies */
    char (*numbers)[NUMBER_LENGTH + 1];
    size_t number_count;
    uint64_t submitted;
} load;

/* ---- requests ---------------------------------------------------------------------------------- */

static const char *const words[] = {
    "lampu",   "jalan", "padam", "air",    "mati",    "sampah",  "menumpuk", "selokan", "tersumbat",
    "trotoar", "rusak", "pasar", "banjir", "sekolah", "petugas", "antre",    "malam",   "warga"};

static void text_make (struct buffer *out, const char *between)
{
    for (unsigned i = 0; i < 24; i++)
        buffer_format (out, "%s%s", i ? between : "",
                       words[randombytes_uniform (array_len (words))]);
}

static const struct {
    const char *name, *value;
} form[] = {{"class", "1"},
            {"location", "dekat pasar"},
            {"open", "2"},
            {"anonymous", "2"},
            {"place", "91.01.01"},
            {"contact_kind", "email"},
            {"contact", "warga@example.org"},
            {"category", "3"}};

static void body_plain (struct buffer *body, const char *token, int64_t created, const char *day)
{
    buffer_format (body, "token=%s&created=%lld&incident=%s&text=", token, (long long) created,
                   day);
    text_make (body, "+");
    for (size_t i = 0; i < array_len (form); i++)
        buffer_format (body, "&%s=%s", form[i].name, form[i].value);
    for (size_t i = 0; i < body->len; i++)
        if (body->at[i] == ' ')
            body->at[i] = '+';
}

static void part (struct buffer *body, const char *name, const char *value)
{
    buffer_format (body, "--part\r\nContent-Disposition: form-data; name=\"%s\"\r\n\r\n%s\r\n",
                   name, value);
}

static void body_parts (struct buffer *body, const char *token, int64_t created, const char *day)
{
    struct buffer text = {0};
    char number[24];

    snprintf (number, sizeof number, "%lld", (long long) created);
    text_make (&text, " ");
    buffer_add (&text, "", 1);
    part (body, "token", token);
    part (body, "created", number);
    part (body, "incident", day);
    part (body, "text", text.at);
    for (size_t i = 0; i < array_len (form); i++)
        part (body, form[i].name, form[i].value);
    buffer_format (
        body,
        "--part\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"a.jpg\"\r\nContent-Type: "
        "image/jpeg\r\n\r\n");
    buffer_add (body, load.photo.at, load.photo.len);
    /* so that no two are one file; below 0x80 they are no marks within the picture */
    for (size_t i = body->len - 16; i < body->len - 2; i++)
        body->at[i] = (char) randombytes_uniform (128);
    buffer_format (body, "\r\n--part--\r\n");
    buffer_free (&text);
}

static void submit_make (struct buffer *out)
{
    struct buffer body = {0};
    struct id token = id_random ();
    char day[16];
    time_t now = time (NULL);
    bool photo = load.share && ++load.submitted % load.share == 0;

    strftime (day, sizeof day, "%Y-%m-%d", gmtime (&now));
    (photo ? body_parts : body_plain) (&body, hex_text (token.at, 16), wall_ms () - 5000, day);
    buffer_format (
        out,
        "POST /report HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n",
        photo ? "multipart/form-data; boundary=part" : "application/x-www-form-urlencoded",
        body.len);
    buffer_add (out, body.at, body.len);
    buffer_free (&body);
}

static void request_make (struct connection *connection)
{
    buffer_clear (&connection->out);
    buffer_clear (&connection->in);
    connection->sent = connection->body_from = connection->read = 0;
    if (connection->operation == TRACK && load.number_count) {
        const char *number = load.numbers[randombytes_uniform (
            (uint32_t) (load.number_count < NUMBERS ? load.number_count : NUMBERS))];
        buffer_format (
            &connection->out,
            "POST /track HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            "Content-Length: %zu\r\n\r\nnumber=%s",
            strlen (number) + 7, number);
    } else if (connection->operation == LIST)
        buffer_format (&connection->out, "GET /reports?q=%s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
                       words[randombytes_uniform (array_len (words))]);
    else {
        connection->operation = SUBMIT;
        submit_make (&connection->out);
    }
}

/* ---- connections ------------------------------------------------------------------------------- */

static void ended (struct connection *connection, unsigned status, bool polite)
{
    int64_t took = (mono_ns () - connection->due) / 1000;

    if (status == 200) {
        load.second.good++;
        if (load.latency_count < LATENCIES)
            load.latencies[load.latency_count++] = (uint32_t) took;
    } else if (status == 429 || status == 503) {
        load.second.shed++;
        load.second.polite += polite;
    } else {
        load.second.failed++;
        load.second.late += took > (int64_t) TIMEOUT_MS * 1000;
        load.second.odd += status != 0;
    }
    connection->busy = false;
}

static void connection_close (struct connection *connection)
{
    close (connection->fd);
    connection->open = false;
    load.open_count--;
}

static void arm (struct connection *connection, bool write)
{
    struct epoll_event event = {.events = EPOLLIN | (write ? EPOLLOUT : 0), .data.ptr = connection};
    if (write != connection->writing)
        epoll_ctl (load.epoll, EPOLL_CTL_MOD, connection->fd, &event);
    connection->writing = write;
}

/* Each comes from one of a thousand addresses, as the public does. */
static bool connection_open (struct connection *connection)
{
    uint32_t nth = (uint32_t) (connection - load.connections) % SOURCES;
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons (load.port),
                                  .sin_addr.s_addr = htonl (INADDR_LOOPBACK)};
    struct sockaddr_in source = {.sin_family = AF_INET,
                                 .sin_addr.s_addr =
                                     htonl (0x7f010001 + (nth / 250 << 8) + nth % 250)};
    int one = 1;

    connection->fd = socket (AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (connection->fd < 0)
        return false;
    setsockopt (connection->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt (connection->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    if (bind (connection->fd, (const struct sockaddr *) &source, sizeof source) != 0 ||
        (connect (connection->fd, (const struct sockaddr *) &address, sizeof address) != 0 &&
         errno != EINPROGRESS)) {
        close (connection->fd);
        return false;
    }
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT, .data.ptr = connection};
    epoll_ctl (load.epoll, EPOLL_CTL_ADD, connection->fd, &event);
    connection->open = connection->writing = true;
    connection->used = false;
    load.open_count++;
    return true;
}

static void connection_start (struct connection *connection, int64_t due, enum operation operation)
{
    connection->due = due;
    connection->operation = operation;
    connection->busy = true;
    request_make (connection);
    if (!connection->open && !connection_open (connection)) {
        ended (connection, 0, false);
        connection->next_idle = load.idle;
        load.idle = connection;
        return;
    }
    arm (connection, true);
}

static void connection_idle (struct connection *connection)
{
    if (load.queue_head < load.queue_tail) {
        struct waiting next = load.queue[load.queue_head++ % load.queue_room];
        connection_start (connection, next.due, next.operation);
        return;
    }
    connection->next_idle = load.idle;
    load.idle = connection;
}

/* A kept connection that ends without a byte of an answer was closed before the request came: browsers say it again. */
static bool said_again (struct connection *connection)
{
    if (!connection->used || connection->in.len)
        return false;
    connection->sent = 0;
    return connection_open (connection);
}

static void connection_failed (struct connection *connection)
{
    bool busy = connection->busy;
    connection_close (connection);
    if (busy && !said_again (connection)) {
        ended (connection, 0, false);
        connection_idle (connection);
    }
}

static void number_keep (const struct connection *connection)
{
    static const char mark[] = "id=\"r_number\">";
    const char *at = memmem (connection->in.at, connection->in.len, mark, sizeof mark - 1);

    if (!at || at + sizeof mark + NUMBER_LENGTH > connection->in.at + connection->in.len)
        return;
    char *number = load.numbers[load.number_count++ % NUMBERS];
    memcpy (number, at + sizeof mark - 1, NUMBER_LENGTH);
    fprintf (load.ledger, "%s\n", number);
}

/* The header is there: how long the body is. */
static bool header_read (struct connection *connection)
{
    buffer_room (&connection->in, 1)[0] = '\0';
    const char *end = strstr (connection->in.at, "\r\n\r\n");
    const char *length = strcasestr (connection->in.at, "Content-Length:");

    if (!end)
        return false;
    connection->body_from = (size_t) (end - connection->in.at) + 4;
    connection->body_len = length && length < end ? strtoul (length + 15, NULL, 10) : 0;
    connection->read = connection->in.len - connection->body_from;
    return true;
}

static void on_readable (struct connection *connection)
{
    char piece[65536];
    ssize_t got;

    while ((got = read (connection->fd, piece, sizeof piece)) > 0) {
        if (connection->in.len < ANSWER_MOST)
            buffer_add (&connection->in, piece, (size_t) got);
        if (connection->body_from)
            connection->read += (size_t) got;
        else if (!header_read (connection))
            continue;
        if (connection->read < connection->body_len)
            continue;
        unsigned status = connection->in.len > 12 ? (unsigned) atoi (connection->in.at + 9) : 0;
        if (status == 200 && connection->operation == SUBMIT)
            number_keep (connection);
        connection->used = true;
        ended (connection, status, strcasestr (connection->in.at, "Retry-After:") != NULL);
        if (strcasestr (connection->in.at, "Connection: close"))
            connection_close (connection);
        connection_idle (connection);
        return;
    }
    if (got == 0 || (errno != EAGAIN && errno != EINTR))
        connection_failed (connection);
}

static void on_writable (struct connection *connection)
{
    while (connection->sent < connection->out.len) {
        ssize_t put = send (connection->fd, connection->out.at + connection->sent,
                            connection->out.len - connection->sent, MSG_NOSIGNAL);
        if (put < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (put < 0) {
            /* a server that turns a body away has answered before it was all sent */
            on_readable (connection);
            return;
        }
        connection->sent += (size_t) put;
    }
    arm (connection, false);
}

/* ---- time -------------------------------------------------------------------------------------- */

static void arrive (int64_t due)
{
    unsigned dice = randombytes_uniform (100), sum = 0;
    enum operation operation = SUBMIT;

    for (enum operation each = SUBMIT; each < OPERATIONS; each++) {
        sum += load.mix[each];
        if (dice < sum) {
            operation = each;
            break;
        }
    }
    load.second.sent++;
    if (load.idle) {
        struct connection *connection = load.idle;
        load.idle = connection->next_idle;
        connection_start (connection, due, operation);
    } else if (load.connection_count < load.most) {
        connection_start (&load.connections[load.connection_count++], due, operation);
    } else if (load.queue_tail - load.queue_head < load.queue_room) {
        load.queue[load.queue_tail++ % load.queue_room] = (struct waiting){due, operation};
    } else {
        load.second.failed++;
    }
}

static void turn (int64_t wait_ns)
{
    struct epoll_event events[256];
    int count =
        epoll_wait (load.epoll, events, 256,
                    wait_ns <= 0 ? 0 : (int) (wait_ns / 1000000 < 1 ? 1 : wait_ns / 1000000));

    for (int i = 0; i < count; i++) {
        struct connection *connection = events[i].data.ptr;
        if (connection->open && connection->busy && events[i].events & EPOLLOUT)
            on_writable (connection);
        if (connection->open && events[i].events & (EPOLLIN | EPOLLERR | EPOLLHUP))
            on_readable (connection);
    }
}

static void time_out (int64_t now)
{
    for (unsigned i = 0; i < load.connection_count; i++) {
        struct connection *connection = &load.connections[i];
        if (connection->open && connection->busy &&
            now - connection->due > (int64_t) TIMEOUT_MS * 1000000) {
            connection->used = false;
            connection_failed (connection);
        }
    }
}

static int by_size (const void *a, const void *b)
{
    const uint32_t *left = a, *right = b;
    return (*left > *right) - (*left < *right);
}

/* Of latencies from `from` on; ms. */
static double quantile (uint32_t *sorted, size_t count, double share)
{
    return count ? sorted[(size_t) ((double) (count - 1) * share)] / 1000.0 : 0;
}

static void say (const char *name, double at, const struct second *second, size_t from)
{
    size_t count = load.latency_count - from;
    uint32_t *sorted = xcalloc (count + 1, sizeof *sorted);

    memcpy (sorted, load.latencies + from, count * sizeof *sorted);
    qsort (sorted, count, sizeof *sorted, by_size);
    printf (
        "{\"%s\": %.0f, \"sent\": %u, \"good\": %u, \"shed\": %u, \"polite\": %u, \"failed\": %u, \"late\": %u, \"odd\": %u, \"p50\": %.2f, \"p95\": %.2f, "
        "\"p99\": %.2f, \"most\": %.2f}\n",
        name, at, second->sent, second->good, second->shed, second->polite, second->failed,
        second->late, second->odd, quantile (sorted, count, 0.5), quantile (sorted, count, 0.95),
        quantile (sorted, count, 0.99), quantile (sorted, count, 1));
    fflush (stdout);
    free (sorted);
}

static void second_over (double at)
{
    say ("second", at, &load.second, load.second_from);
    load.all.sent += load.second.sent, load.all.good += load.second.good,
        load.all.shed += load.second.shed;
    load.all.failed += load.second.failed, load.all.polite += load.second.polite;
    load.all.late += load.second.late, load.all.odd += load.second.odd;
    load.second = (struct second){0};
    load.second_from = load.latency_count;
}

static double rate_at (double at, double *ret_end)
{
    double begins = 0;
    for (unsigned i = 0; i < load.stage_count; i++) {
        const struct stage *stage = &load.stages[i];
        if (at < begins + stage->seconds)
            return stage->from + (stage->to - stage->from) * (at - begins) / stage->seconds;
        begins += stage->seconds;
    }
    *ret_end = begins;
    return -1;
}

static bool outstanding (void)
{
    for (unsigned i = 0; i < load.connection_count; i++)
        if (load.connections[i].busy)
            return true;
    return load.queue_head < load.queue_tail;
}

static void run (void)
{
    int64_t begun = mono_ns (), next = begun, said = begun, end;
    double over = 0;

    for (;;) {
        int64_t now = mono_ns ();
        double rate = 0;
        while (next <= now && (rate = rate_at ((double) (next - begun) / 1e9, &over)) >= 0) {
            if (rate > 0.01)
                arrive (next);
            next += (int64_t) (1e9 / (rate > 0.01 ? rate : 100));
        }
        if (now - said >= 1000000000) {
            said += 1000000000;
            second_over ((double) (said - begun) / 1e9);
            time_out (now);
        }
        if (rate < 0 && next <= now)
            break;
        turn (next - mono_ns ());
    }
    for (end = mono_ns () + (int64_t) TIMEOUT_MS * 1000000; outstanding () && mono_ns () < end;) {
        turn (10000000);
        if (mono_ns () - said >= 1000000000) {
            said += 1000000000;
            time_out (mono_ns ());
            second_over ((double) (said - begun) / 1e9);
        }
    }
    time_out (INT64_MAX);
    second_over ((double) (mono_ns () - begun) / 1e9);
    say ("all", over, &load.all, 0);
}

/* ---- the command line -------------------------------------------------------------------------- */

static void stages_read (const char *text)
{
    double rate = 0;

    while (*text) {
        char *end;
        bool flat = *text == '=';
        struct stage *stage = &load.stages[load.stage_count++];
        check (load.stage_count <= STAGES_MOST);
        stage->to = strtod (text + flat, &end);
        stage->from = flat ? stage->to : rate;
        check (*end == ':');
        stage->seconds = strtod (end + 1, &end);
        rate = stage->to;
        text = *end == ',' ? end + 1 : end;
    }
}

int main (int argc, char **argv)
{
    check (argc >= 3 && sodium_init () >= 0);
    load.port = (uint16_t) atoi (argv[1]);
    load.most = 2000;
    load.mix[SUBMIT] = 100;
    stages_read (argv[2]);
    for (int i = 3; i + 1 < argc; i += 2) {
        if (strcmp (argv[i], "--ledger") == 0)
            load.ledger = fopen (argv[i + 1], "we");
        else if (strcmp (argv[i], "--photo") == 0)
            check (file_read (argv[i + 1], 16 << 20, &load.photo.at, &load.photo.len) == 0);
        else if (strcmp (argv[i], "--share") == 0)
            load.share = (unsigned) atoi (argv[i + 1]);
        else if (strcmp (argv[i], "--connections") == 0)
            load.most = (unsigned) atoi (argv[i + 1]);
        else if (strcmp (argv[i], "--mix") == 0)
            check (sscanf (argv[i + 1], "%u,%u,%u", &load.mix[SUBMIT], &load.mix[TRACK],
                           &load.mix[LIST]) == 3);
    }
    check (load.ledger);
    load.epoll = epoll_create1 (EPOLL_CLOEXEC);
    load.connections = xcalloc (load.most, sizeof *load.connections);
    load.latencies = xcalloc (LATENCIES, sizeof *load.latencies);
    load.numbers = xcalloc (NUMBERS, sizeof *load.numbers);
    load.queue_room = 1000000;
    load.queue = xcalloc (load.queue_room, sizeof *load.queue);
    run ();
    fclose (load.ledger);
    return 0;
}
