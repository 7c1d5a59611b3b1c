/* client.h - the programs that come in by HTTP: who presents which token, and what it may do.
 *
 * The store keeps them (docs/channels.md, "Integrators").  aduan-web asks for the list as soon as its version is another, each
 * second, keeps the last one in a file and starts from it: so complaints of programs are taken with PostgreSQL away, and a
 * revocation holds within two seconds of when it can be read.
 */
#ifndef ADUAN_WEB_CLIENT_H
#define ADUAN_WEB_CLIENT_H

#include "base/base.h"

struct visit;
struct web;
struct clients;
struct tally;

#define CLIENT_HASH_BYTES   32 /* SHA-256 of a token's 32 bytes */
#define CLIENT_ACCOUNT_SIZE 65
#define CLIENTS_MOST        10000

struct client {
    uint8_t token_hash[CLIENT_HASH_BYTES];
    char account
        [CLIENT_ACCOUNT_SIZE]; /* the adapter for which it speaks: aduan_submission.account */
    uint32_t principal;        /* its number: the first argument of web_feed and web_own */
    char rights[40]; /* the adapter's, in the registry's words: "emergency,bulk"; "-": none */
    bool sandbox;    /* what it submits is judged and answered, and not kept: never submit it */
    bool expected_datetime; /* Open311: it understands one that is filled */
    uint32_t requests;      /* a minute */
    uint32_t submissions;   /* a day of UTC */
    int64_t until_ms;       /* wall_ms at which a replaced token ends; 0: none */
};

/* Starts from the file at `path` (its folder is made), then follows the list by web->query, on web->reactor.  Never NULL. */
struct clients *clients_new (struct web *web, const char *path);
/* What it asked ends with web->query, which must be closed before. */
void clients_destroy (struct clients **clients);

/* Is there any list, be it an old one?  Without one nobody is known, and nobody may be told that his token is wrong: 503. */
bool clients_there (const struct clients *clients);
/* Whose token it is, 64 hexadecimal digits as `make_token` told it; NULL: nobody's, or its time is over.  Takes the same time
 * whatever the token is.  Good until the reactor's next turn: keep a copy (struct client holds no pointer) while you wait. */
const struct client *client_find (struct clients *clients, const char *token);
/* The token behind "Authorization: Bearer"; "": none. */
const char *client_bearer (const char *authorization);

/* Counts a request, or a submission, of a client that was found: 0, or ms until there is room for it (429, http_later).  A
 * token's counts are those of limit.h, and outlive changes of the list; a repeat counts as well. */
int64_t client_request (struct clients *clients, const struct client *client);
int64_t client_submit (struct clients *clients, const struct client *client, struct tally *tally);
/* The same of a body of so many bytes, before it is read (limit_upload_token). */
int64_t client_upload (struct visit *visit, const struct client *client, size_t bytes);

/* How many there are, and the version of the list, for web_show. */
size_t clients_count (const struct clients *clients);
const char *clients_version (const struct clients *clients);

#endif
