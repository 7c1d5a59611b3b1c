/* oversight_find.c - marks who and what stands where, then weighs each deed by what is around it. */
#include "memo.h"
#include "oversight_inside.h"

#include <string.h>

#define ACT_REACH                                                                                  \
    10 /* words between an act and the official who did it; a break counts as two more */
#define ACCUSED_REACH  25 /* words: who is named so near misconduct is taken to be accused of it */
#define STRANGER_REACH 4  /* words between misconduct by name and the stranger who did it */
#define ABOUT_REACH    6
#define DEED_REACH     5 /* words between the parts of a deed, all together */
#define PARTS_REACH    3 /* and of an act */
#define FAR            255

enum {
    MARK_ABOUT = 1,  /* somebody asks */
    MARK_BESIDE = 2, /* the last word before a place */
    MARK_CALL = 4,   /* the last word before who shall help */
    MARK_HELP = 8    /* the first word behind him */
};

struct finding {
    const struct oversight *oversight;
    const struct text *text;
    unsigned words, known;
    uint32_t lists[TEXT_WORDS_MOST][2]; /* slots, by stem and by spelling; 0: unknown */
    uint32_t begins[TEXT_WORDS_MOST];   /* bit set: a phrase of that kind may begin here; IN_DEED */
    uint8_t person[TEXT_WORDS_MOST];    /* the kind of who is named with this word */
    uint8_t marks[TEXT_WORDS_MOST];
    /* of what denies: how many words it has, at the first of them and at the last */
    uint8_t denial[TEXT_WORDS_MOST], denial_end[TEXT_WORDS_MOST];
    uint16_t last[ROWS_MOST]
                 [OVERSIGHT_PARTS]; /* where a part of a deed or act stood last, from 1 */
    unsigned clause;                /* where it begins */
    bool marked;                    /* person, marks and denials are told */
};

/* ---- words ----------------------------------------------------------------------------------- */

static struct view spelling_of (const struct finding *finding, unsigned at)
{
    const struct word *word = &finding->text->words[at];
    return (struct view){finding->text->folded.at + word->at, word->len};
}

/* The slot of a spelling without what clings to it. */
static uint32_t without_clitic (const struct oversight *oversight, struct view spelling)
{
    static const char *const clitics[] = {"nya", "lah", "kah", "ku", "mu"};
    for (size_t i = 0; i < array_len (clitics); i++) {
        size_t len = strlen (clitics[i]);
        if (spelling.len < len + 3 ||
            memcmp (spelling.at + spelling.len - len, clitics[i], len) != 0)
            continue;
        return oversight_slot (oversight,
                               oversight_key (text_hash (spelling.at, spelling.len - len), true));
    }
    return 0;
}

/* What a spelling stands for. */
struct known {
    uint64_t key;
    uint32_t lists[2]; /* slots, by stem and by spelling; 0: unknown */
    uint32_t begins;   /* as in struct vocable, of both */
};

static _Thread_local struct known words_known[MEMO_WORDS];

static void look_up (const struct oversight *oversight, uint64_t stem, uint64_t form,
                     uint32_t lists[2])
{
    lists[0] = oversight_slot (oversight, oversight_key (stem, false));
    lists[1] = oversight_slot (oversight, oversight_key (form, true));
}

static void learn (const struct finding *finding, unsigned at, struct known *ret)
{
    const struct oversight *oversight = finding->oversight;
    const struct word *word = &finding->text->words[at];
    look_up (oversight, word->stem, word->form, ret->lists);
    if (ret->lists[1] == 0)
        ret->lists[1] = without_clitic (oversight, spelling_of (finding, at));
    uint32_t slip = 0;
    if (!ret->lists[0] && !ret->lists[1] && !(word->flags & WORD_NUMBER))
        slip = slips_find (oversight->slips, spelling_of (finding, at));
    if (slip)
        look_up (oversight, oversight->spelt[slip - 1].stem, oversight->spelt[slip - 1].form,
                 ret->lists);
    for (unsigned list = 0; list < 2; list++)
        if (ret->lists[list])
            ret->begins |= oversight->vocables[ret->lists[list] - 1].begins;
}

static void know (struct finding *finding)
{
    for (unsigned at = 0; at < finding->words; at++) {
        uint64_t key = memo_key (finding->oversight->owner, finding->text->words[at].form);
        struct known *known = &words_known[key % MEMO_WORDS];
        if (known->key != key) {
            *known = (struct known){.key = key};
            learn (finding, at, known);
        }
        memcpy (finding->lists[at], known->lists, sizeof known->lists);
        finding->begins[at] = known->begins;
    }
}

/* The members that a word has in a role, by its stem (list 0) or spelling (1): the first, and behind the last. */
static const struct member *members_of (const struct finding *finding, unsigned at, unsigned list,
                                        enum role role, const struct member **ret_end)
{
    const struct oversight *oversight = finding->oversight;
    if (finding->lists[at][list] == 0)
        return *ret_end = NULL;
    const struct vocable *vocable = &oversight->vocables[finding->lists[at][list] - 1];
    *ret_end = oversight->members + vocable->from[role + 1];
    return oversight->members + vocable->from[role];
}

/* Does it go on with what stands side by side? */
static bool is_part (const struct finding *finding, unsigned at, unsigned row, unsigned part)
{
    const struct member *member, *end;
    for (unsigned list = 0; list < 2; list++)
        for (member = members_of (finding, at, list, ROLE_LATER, &end); member < end; member++)
            if (member->row == row && member->part == part)
                return true;
    return false;
}

static bool is_break (const struct finding *finding, unsigned at)
{
    return finding->text->words[at].flags & WORD_BREAK;
}

static bool is_hint (const uint64_t hints[HINTS_MOST], uint64_t form)
{
    for (unsigned i = 0; hints[i]; i++)
        if (hints[i] == form)
            return true;
    return false;
}

static bool is_filler (const struct finding *finding, unsigned at)
{
    const struct word *word = &finding->text->words[at];
    return word->flags & WORD_NUMBER || is_hint (finding->oversight->fillers, word->form);
}

static bool is_condition (const struct finding *finding, unsigned at)
{
    return is_hint (finding->oversight->conditions, finding->text->words[at].form);
}

/* The phrase that begins here, side by side in its order: how many words it covers, 0 where it does not
 * stand.  Up to two fillers may stand within misconduct by name. */
static unsigned span_at (const struct finding *finding, unsigned at, unsigned row)
{
    const struct row *phrase = &finding->oversight->rows[row];
    unsigned next = at + 1, fillers = phrase->kind == KIND_WORD ? 2 : 0;
    for (unsigned part = 1; part < phrase->parts; part++, next++) {
        while (next < finding->words && fillers && !is_part (finding, next, row, part) &&
               is_filler (finding, next)) {
            fillers--;
            next++;
        }
        if (next == finding->words || !is_part (finding, next, row, part))
            return 0;
    }
    return next - at;
}

/* Bits of the kinds of phrases whose words stand side by side. */
#define WORDS     (1u << KIND_WORD)
#define SENSES    (1u << KIND_SENSE)
#define OFFICIALS (1u << KIND_ACTOR | 1u << KIND_ABOVE | 1u << KIND_PROVINCE | 1u << KIND_NATION)
#define STRANGERS (1u << KIND_STRANGER)
#define OTHERS    (1u << KIND_STRANGER | 1u << KIND_CITIZEN)
#define HINTS                                                                                      \
    (1u << KIND_NOT | 1u << KIND_ABOUT | 1u << KIND_BESIDE | 1u << KIND_CALL | 1u << KIND_HELP)

/* The longest phrase of these kinds that begins here; of one length that of the later kind. */
static unsigned longest_at (const struct finding *finding, unsigned at, unsigned kinds,
                            unsigned *ret_row)
{
    const struct member *member, *end;
    unsigned longest = 0, kind = 0;
    if (!(finding->begins[at] & kinds))
        return 0;
    for (unsigned list = 0; list < 2; list++)
        for (member = members_of (finding, at, list, ROLE_FIRST, &end); member < end; member++) {
            if (!(kinds >> member->kind & 1))
                continue;
            unsigned len = span_at (finding, at, member->row);
            if (len < longest || len == 0 || (len == longest && member->kind <= kind))
                continue;
            longest = len;
            kind = member->kind;
            *ret_row = member->row;
        }
    return longest;
}

/* ---- marks ----------------------------------------------------------------------------------- */

/* What means something else is nobody's any more. */
static void take_senses (struct finding *finding)
{
    unsigned row, len;
    for (unsigned at = 0; at < finding->words; at += len ? len : 1) {
        len = longest_at (finding, at, SENSES, &row);
        memset (finding->lists[at], 0, len * sizeof finding->lists[at]);
        memset (finding->begins + at, 0, len * sizeof finding->begins[at]);
    }
}

static void mark_hints (struct finding *finding, unsigned at)
{
    unsigned row, len = longest_at (finding, at, HINTS, &row);
    if (len == 0)
        return;
    switch (finding->oversight->rows[row].kind) {
    case KIND_NOT:
        if (at > 0 && is_condition (finding, at - 1))
            break;
        finding->denial[at] = (uint8_t) len;
        finding->denial_end[at + len - 1] = (uint8_t) len;
        break;
    case KIND_ABOUT: finding->marks[at] |= MARK_ABOUT; break;
    case KIND_BESIDE: finding->marks[at + len - 1] |= MARK_BESIDE; break;
    case KIND_CALL: finding->marks[at + len - 1] |= MARK_CALL; break;
    default: finding->marks[at] |= MARK_HELP; break;
    }
}

/* Within two words before, or one behind, of the same clause. */
static bool is_marked (const struct finding *finding, unsigned at, unsigned behind, unsigned before,
                       unsigned after)
{
    for (unsigned i = 1; i <= 3 && i <= at && !is_break (finding, at - i + 1); i++)
        if (finding->marks[at - i] & before)
            return true;
    for (unsigned i = behind; i < behind + 2 && i < finding->words && !is_break (finding, i); i++)
        if (finding->marks[i] & after)
            return true;
    return false;
}

static bool is_official (unsigned kind)
{
    return OFFICIALS >> kind & 1;
}

/* Who is named where; not an office that only says where, or that shall help. */
static void mark_persons (struct finding *finding)
{
    unsigned row, len;
    for (unsigned at = 0; at < finding->words; at += len ? len : 1) {
        len = longest_at (finding, at, OFFICIALS | OTHERS, &row);
        uint8_t kind = len ? finding->oversight->rows[row].kind : KIND_NONE;
        if (len && is_official (kind) &&
            is_marked (finding, at, at + len, MARK_BESIDE | MARK_CALL, MARK_HELP))
            kind = KIND_NONE;
        memset (finding->person + at, kind, len);
    }
}

/* Only where a deed is told does it matter what is around it: most texts tell of none. */
static void mark (struct finding *finding)
{
    if (finding->marked)
        return;
    finding->marked = true;
    memset (finding->person, 0, finding->words);
    memset (finding->marks, 0, finding->words);
    memset (finding->denial, 0, finding->words);
    memset (finding->denial_end, 0, finding->words);
    for (unsigned at = 0; at < finding->words; at++)
        mark_hints (finding, at);
    mark_persons (finding);
}

/* ---- deeds ----------------------------------------------------------------------------------- */

/* What was found, and where. */
struct deed {
    unsigned row, kind, low, high; /* its first and last word */
};

/* How far it is to the next one of these before or behind a deed; FAR where none is in reach. */
static unsigned distance (const struct finding *finding, const struct deed *deed, bool behind,
                          unsigned kinds)
{
    unsigned far = 0;
    for (unsigned at = behind ? deed->high : deed->low; far <= ACT_REACH;) {
        if (behind ? at + 1 >= finding->words : at == 0)
            break;
        far += is_break (finding, behind ? at + 1 : at) ? 3 : 1;
        at = behind ? at + 1 : at - 1;
        if (far <= ACT_REACH && kinds >> finding->person[at] & 1)
            return far;
    }
    return FAR;
}

static bool is_within (const struct finding *finding, const struct deed *deed)
{
    for (unsigned at = deed->low; at <= deed->high; at++)
        if (is_official (finding->person[at]))
            return true;
    return false;
}

/* Told in the passive, the one who did it stands behind: bansos disunat kades. */
static bool is_passive (const struct finding *finding, const struct deed *deed)
{
    for (unsigned at = deed->low; at <= deed->high; at++) {
        struct view spelling = spelling_of (finding, at);
        if (spelling.len > 5 && memcmp (spelling.at, "di", 2) == 0)
            return true;
    }
    return false;
}

/* Right before it is "to", "by", "from": the official behind is a party to it, whoever else is near. */
static bool is_party (const struct finding *finding, const struct deed *deed, unsigned far)
{
    static const char *const words[] = {"ke", "kepada", "oleh", "dari", "sama"};
    if (far > STRANGER_REACH)
        return false;
    for (unsigned at = deed->high + 1; at < deed->high + far; at++)
        for (size_t i = 0; i < array_len (words); i++)
            if (view_is (spelling_of (finding, at), words[i]))
                return true;
    return false;
}

/* Whom a passive names behind it did it, and whoever stands before it suffered it; else who stands before did it. */
static bool by_official (const struct finding *finding, const struct deed *deed)
{
    if (is_within (finding, deed))
        return true;
    bool passive = is_passive (finding, deed);
    unsigned before = distance (finding, deed, false, OFFICIALS);
    unsigned behind = distance (finding, deed, true, OFFICIALS);
    unsigned stranger = distance (finding, deed, passive, OTHERS);
    if (before == FAR && behind == FAR)
        return finding->known & OVERSIGHT_NAMED && distance (finding, deed, false, OTHERS) == FAR &&
               distance (finding, deed, true, OTHERS) == FAR;
    if (passive)
        return stranger > STRANGER_REACH || behind < stranger;
    return before < stranger || stranger == FAR || is_party (finding, deed, behind);
}

/* Is one of these words a part of the deed?  "tidak" is, of "tidak pernah masuk kantor". */
static bool is_own (const struct finding *finding, const struct deed *deed, unsigned at,
                    unsigned count)
{
    const struct member *member, *end;
    for (; count > 0; count--, at++)
        for (unsigned list = 0; list < 2; list++)
            for (member = members_of (finding, at, list, ROLE_NEAR, &end); member < end; member++)
                if (member->row == deed->row)
                    return true;
    return false;
}

/* Does what denies end right before this word, fillers and `words` others between? */
static bool is_denied_at (const struct finding *finding, const struct deed *deed, unsigned at,
                          unsigned words)
{
    while (at > 0 && !is_break (finding, at)) {
        at--;
        unsigned len = finding->denial_end[at];
        if (len)
            return !is_own (finding, deed, at + 1 - len, len);
        if (is_filler (finding, at))
            continue;
        if (words == 0)
            return false;
        words--;
    }
    return false;
}

/* "pungli di sini tidak ada": behind it, up to three words between, and at the end of the clause. */
static bool is_denied_behind (const struct finding *finding, unsigned at)
{
    unsigned words = 3;
    for (; at < finding->words && !is_break (finding, at) && !finding->denial[at]; at++)
        if (!is_filler (finding, at) && words-- == 0)
            return false;
    if (at >= finding->words || is_break (finding, at))
        return false;
    at += finding->denial[at];
    while (at < finding->words && !is_break (finding, at) && is_filler (finding, at))
        at++;
    return at >= finding->words || is_break (finding, at);
}

static bool is_denied (const struct finding *finding, const struct deed *deed)
{
    if (deed->kind == KIND_WORD)
        return is_denied_at (finding, deed, deed->low, 1) ||
               is_denied_behind (finding, deed->high + 1);
    for (unsigned at = deed->low; at <= deed->high; at++)
        if ((at == deed->low || is_own (finding, deed, at, 1)) &&
            is_denied_at (finding, deed, at, 0))
            return true;
    return false;
}

static bool is_asked_about (const struct finding *finding, const struct deed *deed)
{
    unsigned from = deed->low > ABOUT_REACH ? deed->low - ABOUT_REACH : 0;
    for (unsigned at = from; at <= deed->high + ABOUT_REACH && at < finding->words; at++)
        if (finding->marks[at] & MARK_ABOUT)
            return true;
    return false;
}

static bool counts (const struct finding *finding, const struct deed *deed)
{
    if (is_denied (finding, deed))
        return false;
    if (deed->kind == KIND_ACT)
        return by_official (finding, deed);
    if (is_within (finding, deed) || distance (finding, deed, false, OFFICIALS) != FAR ||
        distance (finding, deed, true, OFFICIALS) != FAR)
        return true;
    return !(finding->known & OVERSIGHT_ASKED) && !is_asked_about (finding, deed) &&
           distance (finding, deed, false, STRANGERS) > STRANGER_REACH &&
           distance (finding, deed, true, STRANGERS) > STRANGER_REACH;
}

/* ---- who is accused -------------------------------------------------------------------------- */

static unsigned accused_by (const struct finding *finding, const struct deed *deed)
{
    static const unsigned by_kind[KIND_LAST] = {[KIND_ACTOR] = ACCUSED_UNIT,
                                                [KIND_ABOVE] = ACCUSED_ABOVE,
                                                [KIND_PROVINCE] = ACCUSED_PROVINCE,
                                                [KIND_NATION] = ACCUSED_NATION};
    unsigned from = deed->low > ACCUSED_REACH ? deed->low - ACCUSED_REACH : 0, accused = 0;
    for (unsigned at = from; at <= deed->high + ACCUSED_REACH && at < finding->words; at++)
        accused |= by_kind[finding->person[at]];
    return accused;
}

/* ---- looking --------------------------------------------------------------------------------- */

/* Takes down a part of a deed or act; true when all of them stand near this word in the clause. */
static bool is_complete (struct finding *finding, unsigned at, const struct member *member,
                         struct deed *ret)
{
    unsigned parts = member->parts, low = at;
    uint16_t *last = finding->last[member->row];
    last[member->part] = (uint16_t) (at + 1);
    for (unsigned part = 0; part < parts; part++) {
        if (last[part] <= finding->clause || (part != member->part && last[part] == at + 1))
            return false;
        low = last[part] - 1u < low ? last[part] - 1u : low;
    }
    *ret = (struct deed){member->row, member->kind, low, at};
    return at - low < parts + (member->kind == KIND_DEED ? DEED_REACH : PARTS_REACH);
}

static void weigh (struct finding *finding, const struct deed *deed, struct oversight_view *view)
{
    mark (finding);
    if (!counts (finding, deed))
        return;
    if (!view->phrase)
        view->phrase = finding->oversight->rows[deed->row].shown;
    view->accused |= accused_by (finding, deed);
}

static void look (struct finding *finding, unsigned at, struct oversight_view *view)
{
    struct deed deed;
    const struct member *member, *end;
    unsigned row = 0, len = longest_at (finding, at, WORDS, &row);
    if (is_break (finding, at))
        finding->clause = at;
    if (len) {
        deed = (struct deed){row, KIND_WORD, at, at + len - 1};
        weigh (finding, &deed, view);
    }
    for (unsigned list = 0; list < 2 && finding->begins[at] & IN_DEED; list++)
        for (member = members_of (finding, at, list, ROLE_NEAR, &end); member < end; member++)
            if (is_complete (finding, at, member, &deed))
                weigh (finding, &deed, view);
}

struct oversight_view oversight_find (const struct oversight *oversight, const struct text *text,
                                      unsigned known)
{
    static _Thread_local struct finding finding;
    struct oversight_view view = {0};
    finding.oversight = oversight;
    finding.text = text;
    finding.words = (unsigned) text->count;
    finding.clause = 0;
    finding.known = known;
    memset (finding.last, 0, oversight->row_count * sizeof finding.last[0]);
    finding.marked = false;
    know (&finding);
    take_senses (&finding);
    for (unsigned at = 0; at < finding.words; at++)
        look (&finding, at, &view);
    return view;
}
