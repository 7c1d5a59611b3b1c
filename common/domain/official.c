/* official.c - writes and reads the words of the table *Laporan Ringkas*. */
#include "domain/official.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "domain/lifecycle.h"

#define AGENCY_PAGE 3 /* enum channel on the wire */

enum kind { TEXT, CLASS, CHANNEL, TYPE, STATUS, WHY, EARLY, LATE };

static const struct {
    enum kind kind;
    const char *key, *heading;
} columns[OFFICIAL_COLUMNS] = {
#define COLUMN(name, kind, key, heading)     [OFFICIAL_##name] = {kind, key, heading},
#define OWN_COLUMN(name, kind, key, heading) [OFFICIAL_##name] = {kind, key, heading},
#include "domain/official.def"
};

struct numbered {
    unsigned number;
    const char *label;
};
static const struct numbered classes[] = {
#define CLASS_LABEL(number, label) {number, label},
#include "domain/official.def"
};
static const struct numbered channels[] = {
#define CHANNEL_LABEL(number, label) {number, label},
#include "domain/official.def"
};

static const struct {
    enum state state;
    const char *ended_by, *label;
} statuses[] = {
#define STATUS_LABEL(state, ended_by, label) {STATE_##state, ended_by, label},
#include "domain/official.def"
};

static const struct {
    const char *word, *sentence;
} reasons[] = {
#define REASON_LABEL(word, sentence) {word, sentence},
#include "domain/official.def"
};

const char *official_heading (enum official_column column)
{
    return columns[column].heading;
}

/* ---- reading --------------------------------------------------------------------------------- */

static bool is_space (char sign)
{
    return sign == ' ' || sign == '\t' || sign == '\r' || sign == '\n';
}

static char small (char sign)
{
    return sign >= 'A' && sign <= 'Z' ? (char) (sign - 'A' + 'a') : sign;
}

static struct view trimmed (struct view said)
{
    /* what spreadsheets put in place of a blank */
    while (said.len >= 2 && memcmp (said.at, "\xc2\xa0", 2) == 0)
        said.at += 2, said.len -= 2;
    while (said.len && is_space (*said.at))
        said.at++, said.len--;
    while (said.len && is_space (said.at[said.len - 1]))
        said.len--;
    return said;
}

bool official_is (struct view said, const char *word)
{
    said = trimmed (said);
    while (said.len && *word) {
        bool gap = is_space (*said.at);
        if (gap ? *word != ' ' : small (*said.at) != small (*word))
            return false;
        while (gap && said.len > 1 && is_space (said.at[1]))
            said.at++, said.len--;
        said.at++, said.len--, word++;
    }
    return !said.len && !*word;
}

static unsigned number_of (struct view said, const struct numbered *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (official_is (said, rows[i].label))
            return rows[i].number;
    return 0;
}

uint32_t official_class (struct view said)
{
    return number_of (said, classes, array_len (classes));
}

uint32_t official_channel (struct view said)
{
    static const char page[] = "website -";
    uint32_t found = number_of (said, channels, array_len (channels));
    struct view start = trimmed (said);
    if (found || start.len < sizeof page - 1)
        return found;
    start.len = sizeof page - 1;
    return official_is (start, page) ? AGENCY_PAGE : 0;
}

unsigned official_state (struct view said)
{
    for (size_t i = 0; i < array_len (statuses); i++)
        if (official_is (said, statuses[i].label))
            return statuses[i].state;
    return 0;
}

bool official_type (struct view said, bool *ret_anonymous, bool *ret_secret)
{
    *ret_anonymous = *ret_secret = false;
    while (said.len) {
        size_t len = 0;
        while (len < said.len && !strchr (",;/&+", said.at[len]))
            len++;
        struct view word = trimmed ((struct view){said.at, len});
        *ret_anonymous = *ret_anonymous || official_is (word, "anonim");
        *ret_secret = *ret_secret || official_is (word, "rahasia");
        bool both =
            official_is (word, "anonim dan rahasia") || official_is (word, "anonim rahasia");
        *ret_anonymous = *ret_anonymous || both;
        *ret_secret = *ret_secret || both;
        if (word.len && !both && !official_is (word, "anonim") && !official_is (word, "rahasia") &&
            !official_is (word, "-") && !official_is (word, "normal"))
            return false;
        len += len < said.len;
        said = (struct view){said.at + len, said.len - len};
    }
    return true;
}

/* ---- writing --------------------------------------------------------------------------------- */

static const char *label_of (const char *number, const struct numbered *rows, size_t count)
{
    for (size_t i = 0; number && i < count; i++)
        if (rows[i].number == strtoul (number, NULL, 10))
            return rows[i].label;
    return "";
}

static const char *status_of (const char *state, const char *ended_by)
{
    const char *first = "";
    for (size_t i = 0; state && i < array_len (statuses); i++) {
        if (statuses[i].state != strtoul (state, NULL, 10))
            continue;
        if (!ended_by || strcmp (statuses[i].ended_by, ended_by) == 0)
            return statuses[i].label;
        if (!*first)
            first = statuses[i].label;
    }
    return first;
}

static const char *sentence_of (const char *reason)
{
    for (size_t i = 0; reason && i < array_len (reasons); i++)
        if (strcmp (reasons[i].word, reason) == 0)
            return reasons[i].sentence;
    return "";
}

/* What a body of an old system has behind OFFICIAL_EARLIER, by what stands before it; NULL: nothing. */
static const char *earlier (const char *body, const char *mark)
{
    const char *found = body ? strstr (body, OFFICIAL_EARLIER) : NULL;
    found = found ? strstr (found, mark) : NULL;
    return found ? found + strlen (mark) : NULL;
}

static void text_cell (struct buffer *out, const char *body, enum kind kind)
{
    const char *cut = body ? strstr (body, OFFICIAL_EARLIER) : NULL,
               *later = earlier (body, OFFICIAL_EDITED);
    if (kind == LATE && later) {
        csv_cell (out, later);
        return;
    }
    char *own = xstrndup (body ? body : "", cut ? (size_t) (cut - body) : body ? strlen (body) : 0);
    csv_cell (out, own);
    free (own);
}

/* Of what has ended, the sentence of its reason. */
static const char *why_of (official_value_fn *value, void *row)
{
    const char *state = value (row, columns[OFFICIAL_status].key);
    return state && strtoul (state, NULL, 10) >= STATE_archived
               ? sentence_of (value (row, columns[OFFICIAL_reason].key))
               : "";
}

static void cell (struct buffer *out, enum official_column column, official_value_fn *value,
                  void *row)
{
    static const char *const types[] = {"", "Anonim", "Rahasia", "Anonim, Rahasia"};
    const char *said = value (row, columns[column].key);
    switch (columns[column].kind) {
    case TEXT: csv_cell (out, said ? said : ""); break;
    case CLASS: csv_cell (out, label_of (said, classes, array_len (classes))); break;
    case CHANNEL: csv_cell (out, label_of (said, channels, array_len (channels))); break;
    case TYPE: csv_cell (out, types[said ? strtoul (said, NULL, 10) & 3 : 0]); break;
    case STATUS:
        csv_cell (out, status_of (said, value (row, columns[OFFICIAL_ended_by].key)));
        break;
    case WHY: csv_cell (out, said ? said : why_of (value, row)); break;
    case EARLY: text_cell (out, said, EARLY); break;
    case LATE:
        if (said)
            csv_cell (out, said);
        else
            text_cell (out, value (row, columns[OFFICIAL_text].key), LATE);
        break;
    }
}

void official_line (struct buffer *out, official_value_fn *value, void *row, char between)
{
    for (int i = 0; i < OFFICIAL_COLUMNS; i++) {
        if (i)
            buffer_add (out, &between, 1);
        cell (out, (enum official_column) i, value, row);
    }
    buffer_add (out, CSV_END, sizeof CSV_END - 1);
}

void official_head (struct buffer *out, const struct official_block *block, char between)
{
    const struct {
        const char *name, *value;
    } lines[] = {{"Nama Instansi", block->agency},
                 {"Tanggal Generate", block->made},
                 {"Periode Masuk", block->period},
                 {"Pengelola", block->by}};
    buffer_add (out, CSV_MARK, sizeof CSV_MARK - 1);
    for (size_t i = 0; i < array_len (lines); i++) {
        csv_cell (out, lines[i].name);
        buffer_add (out, &between, 1);
        csv_cell (out, lines[i].value);
        buffer_add (out, CSV_END, sizeof CSV_END - 1);
    }
    for (int i = 0; i < OFFICIAL_COLUMNS; i++) {
        if (i)
            buffer_add (out, &between, 1);
        csv_cell (out, columns[i].heading);
    }
    buffer_add (out, CSV_END, sizeof CSV_END - 1);
}
