/* digest.c - was it said before, under the same key, and was it the same?
 *
 *     bytes 0-15    of body and target, as every version has reckoned them
 *     bytes 16-27   of all that was said
 *     bytes 28-31   by which reckoning these are
 *
 * The digest is made once, when a submission is admitted, and goes with its record for ever: into the spool, the offers and
 * the row.  So a record of an earlier version, all of whose bytes are of body and target, stays the same in each replay.  A
 * repeat that comes right across a change of reckoning is compared by what both have reckoned, and by the manner of both.
 *
 * Who sends it may tell a hash of what he was told himself (`said`): sealing makes other bytes of the same words, and a
 * name that was looked up at the first try may be left as it was typed at the second.  The access code takes no part: it may be
 * drawn again, and the language and the door's doubt are not the reporter's words.
 */
#include "intake.h"

#include <sodium.h>
#include <string.h>

#define HALF 16 /* bytes of body and target */
#define MARK 4

static const uint8_t of_fields[MARK] = {'a', 'l', 'l', 1}, of_said[MARK] = {'a', 'l', 'l', 2};

/* Its length goes in with it, so that no two fields run into each other. */
static void put_view (crypto_generichash_state *state, struct view part)
{
    uint8_t len[4];
    for (unsigned i = 0; i < sizeof len; i++)
        len[i] = (uint8_t) (part.len >> (8 * i));
    crypto_generichash_update (state, len, sizeof len);
    crypto_generichash_update (state, (const uint8_t *) part.at, part.len);
}

static void put_number (crypto_generichash_state *state, uint64_t number)
{
    uint8_t bytes[8];
    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t) (number >> (8 * i));
    crypto_generichash_update (state, bytes, sizeof bytes);
}

static void put_fields (crypto_generichash_state *state, const struct msg_submit *submit,
                        const struct msg_content *content)
{
    const uint64_t numbers[] = {submit->class,
                                submit->category,
                                (uint64_t) submit->latitude,
                                (uint64_t) submit->longitude,
                                submit->priority ? submit->priority : PRIORITY_NORMAL,
                                submit->rating,
                                submit->consent,
                                content->seal.len > 0,
                                content->contact.len > 0};
    const struct view texts[] = {submit->place,  submit->location, submit->incident,
                                 submit->target, submit->parent,   submit->external};
    for (size_t i = 0; i < array_len (numbers); i++)
        put_number (state, numbers[i]);
    for (size_t i = 0; i < array_len (texts); i++)
        put_view (state, texts[i]);
}

/* Of a complaint an unset flag is yes; of other kinds it says nothing. */
static uint64_t flag_said (const struct msg_submit *submit, uint64_t flag)
{
    return flag || submit->kind != KIND_COMPLAINT ? flag : FLAG_YES;
}

void digest_make (const uint8_t id_key[ID_KEY_LEN], const struct msg_submit *submit,
                  const struct msg_content *content, uint8_t ret[NUMBER_DIGEST_LEN])
{
    const uint8_t *mark = submit->said.len ? of_said : of_fields;
    crypto_generichash_state state;
    uint8_t all[crypto_generichash_BYTES_MIN];

    number_digest (id_key, content->text, submit->target, ret);
    crypto_generichash_init (&state, id_key, ID_KEY_LEN, sizeof all);
    crypto_generichash_update (&state, mark, MARK);
    put_number (&state, submit->kind);
    put_number (&state, flag_said (submit, submit->anonymous));
    put_number (&state, flag_said (submit, submit->secret));
    put_view (&state, content->title);
    put_view (&state, content->text);
    put_view (&state, content->attachments);
    put_view (&state, submit->said);
    if (!submit->said.len)
        put_fields (&state, submit, content);
    crypto_generichash_final (&state, all, sizeof all);
    memcpy (ret + HALF, all, NUMBER_DIGEST_LEN - HALF - MARK);
    memcpy (ret + NUMBER_DIGEST_LEN - MARK, mark, MARK);
}

unsigned digest_manner (const struct msg_submit *submit, const struct msg_content *content)
{
    return (submit->secret == FLAG_NO ? MANNER_OPEN : 0) |
           (submit->anonymous == FLAG_NO ? MANNER_NAMED : 0) |
           (content->seal.len ? MANNER_IDENTITY : 0) | (content->contact.len ? MANNER_CONTACT : 0);
}

unsigned digest_manner_of (const struct record_parts *parts)
{
    struct wire_message submit = {0}, content = {0};
    struct wire_fault fault;
    unsigned manner = 0;

    if (wire_decode (parts->submit.at, parts->submit.len, &submit, &fault) == 0 &&
        wire_decode (parts->content.at, parts->content.len, &content, &fault) == 0 &&
        submit.type == WIRE_submit && content.type == WIRE_content)
        manner = digest_manner (&submit.submit, &content.content);
    wire_done (&submit);
    wire_done (&content);
    return manner;
}

bool digest_same (const uint8_t first[NUMBER_DIGEST_LEN], unsigned first_manner,
                  const uint8_t later[NUMBER_DIGEST_LEN], unsigned later_manner)
{
    const size_t marks = NUMBER_DIGEST_LEN - MARK;

    if (memcmp (first + marks, later + marks, MARK) == 0)
        return memcmp (first + HALF, later + HALF, marks - HALF) == 0;
    return memcmp (first, later, HALF) == 0 && first_manner == later_manner;
}
