/* The reader of a segment: records that were written, then wounded.  Whatever the wounds, a record that
 * is found is one that was written, where it was written; what no wound touched is found.
 *
 * The input: how many records, for each a length and its bytes; then wounds: two bytes of place, one of
 * value.  Tags are made here, for nobody can guess one. */
#include "fuzz.h"
#include "intake.h"
#include "segment.h"

#include <stdlib.h>
#include <string.h>

#define RECORDS_MOST 16
#define WOUNDS_MOST  64

struct written {
    uint32_t offset, len;
    bool wounded, found;
};

struct round {
    struct written records[RECORDS_MOST];
    unsigned count;
    struct buffer whole; /* as it was written */
};

static void found (void *owner, struct segment *segment, const struct head *head, uint32_t offset,
                   const char *bytes)
{
    struct round *round = owner;
    struct record_parts parts;
    const struct spool_record record = record_of_head (segment, head, offset, bytes);
    unsigned i = 0;
    while (i < round->count && round->records[i].offset != offset)
        i++;
    check (i < round->count && record.len == round->records[i].len && record.seq == i + 1);
    check (memcmp (round->whole.at + offset + HEAD_LEN, bytes, head->len) == 0);
    round->records[i].found = true;
    record_parse (bytes, head->len, &parts);
}

/* Writes the records that the input asks for; what is left of it. */
static struct view write_records (struct view input, const uint8_t key[SEGMENT_KEY],
                                  const struct segment *segment, struct round *round)
{
    unsigned most = (uint8_t) input.at[0] % (RECORDS_MOST + 1);
    memset (buffer_room (&round->whole, HEADER_LEN), 1, HEADER_LEN);
    round->whole.len = HEADER_LEN;
    input = (struct view){input.at + 1, input.len - 1};
    while (round->count < most && input.len && (uint8_t) input.at[0] < input.len) {
        struct written *record = &round->records[round->count++];
        *record =
            (struct written){.offset = (uint32_t) round->whole.len, .len = (uint8_t) input.at[0]};
        struct head head = {.len = record->len, .type = RECORD_DATA, .seq = round->count};
        segment_put (key, segment, &head, input.at + 1, &round->whole);
        input.at += 1 + record->len;
        input.len -= 1 + record->len;
    }
    return input;
}

static void wound (struct view input, struct round *round, char *image)
{
    for (unsigned n = 0; n < WOUNDS_MOST && input.len >= 3; n++) {
        size_t at = ((size_t) (uint8_t) input.at[0] << 8 | (uint8_t) input.at[1]);
        at %= round->whole.len;
        image[at] = input.at[2];
        for (unsigned i = 0; i < round->count; i++) {
            const struct written *record = &round->records[i];
            if (at >= record->offset && at < record->offset + segment_padded (record->len))
                round->records[i].wounded = true;
        }
        input.at += 3;
        input.len -= 3;
    }
}

int LLVMFuzzerTestOneInput (const uint8_t *at, size_t len)
{
    static const uint8_t key[SEGMENT_KEY] = {1, 2, 3};
    struct segment segment = {.id = {{4, 5, 6}}, .number = 1};
    struct round round = {.count = 0};
    uint32_t end = 0;
    if (len == 0)
        return 0;
    struct view rest = write_records ((struct view){(const char *) at, len}, key, &segment, &round);
    struct image image = {.at = xcalloc (round.whole.len, 1), .len = round.whole.len};
    memcpy (image.at, round.whole.at, round.whole.len);
    wound (rest, &round, image.at);
    for (image.used = image.len; image.used > HEADER_LEN && !image.at[image.used - 1];)
        image.used--;
    enum damage damage = segment_walk (key, &segment, &image, found, &round, &end);
    check (end <= image.len);
    for (unsigned i = 0; i < round.count; i++)
        check (round.records[i].found || round.records[i].wounded);
    fuzz_planted (damage == HOLED);
    free (image.at);
    buffer_free (&round.whole);
    return 0;
}
