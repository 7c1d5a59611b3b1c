/* rules.h - operators' rules: an ordered YAML file, checked as a whole against a registry before it is
 * used.  docs/routing.md says how to write one.
 *
 *     version: 1
 *     rules:
 *       - name: pju-malam                      # unique; the decision record names it
 *         when:
 *           class: [complaint, complaint_plain]        # any of; absent: whatever it is
 *           category: [20, 13]                         # numbers or names; a parent stands for its children
 *           channel: [sms, whatsapp]
 *           place: [33.74, 33.22]                      # any level of the tree: it and all below
 *           any: [lampu jalan, "=pju"]                 # at least one of these words or phrases
 *           all: [mati]                                # every one of these
 *           none: [lampu merah]                        # not one of these
 *           from: 2026-03-01                           # receipt, first and last day, the nation's zone
 *           to: 2026-03-31
 *           hours: 18-06                               # local time of the place, 18:00 until before 06:00
 *         then:
 *           function: HUB            # or agency: CODE; the owner, found for the place
 *           priority: high           # taken from every matching rule: the most urgent
 *           secret: true             # from every matching rule
 *           copies: [33.74/PUPR]     # from every matching rule: agencies or functions of the place,
 *           support: [LH]            # informed only; with work of their own
 *           ask: [location, photo]   # from every matching rule: what the reporter is asked for
 *         note: why this rule is there
 *     cases: ...                     # what `aduan rules test` reads; no rule looks at it
 *
 * The first matching rule that names an owner decides; a rule without conditions and one without
 * effect are refused.  A condition on what is not known of a complaint does not hold.
 *
 * Files: sheet.c (YAML, strictly), rules_read.c (YAML to rules), rules_check.c (what spans rules),
 * rules_index.c (which rules are worth a look), rules.c (matching).
 */
#ifndef ADUAN_RULES_H
#define ADUAN_RULES_H

#include "registry.h"
#include "sheet.h"
#include "text.h"

struct rules;

#define RULES_MOST         10000
#define RULES_BYTES_MOST   (8 << 20)
#define RULES_PHRASES_MOST 30000 /* different ones in a file */
#define RULES_LIST_MOST    256   /* items of one condition */
#define RULES_COPIES       8     /* of one rule, and of one complaint */

/* Reads and checks.  0 and *ret, or FAIL_MALFORMED; in both cases *ret_faults (the caller frees it) and
 * their number: at least one that is no warning where it failed, at most SHEET_FAULTS_MOST, in the
 * order of their lines.  `registry` must outlive the rules. */
int rules_parse (const struct registry *registry, const char *at, size_t len, struct rules **ret,
                 struct sheet_fault **ret_faults, size_t *ret_fault_count);
/* The same for rules that were good under another registry: what they name and this one does not have is a
 * warning.  Such an owner, copy or supporter is left out; a condition of which nothing is left never holds;
 * all else that the rule says stays in force, secrecy above all. */
int rules_read_again (const struct registry *registry, const char *at, size_t len,
                      struct rules **ret, struct sheet_fault **ret_faults, size_t *ret_fault_count);
void rules_free (struct rules **rules);
size_t rules_count (const struct rules *rules);
const char *rules_name (const struct rules *rules, size_t rule);
/* Where the rule stands in its file, 1 is the first line. */
unsigned rules_line (const struct rules *rules, size_t rule);

/* What is known of a complaint; 0 and "" mean not known. */
struct rules_facts {
    const struct text *text;
    uint32_t class, channel; /* enum class, enum channel */
    uint32_t category;
    struct view place;
    int64_t received; /* ms UTC */
};

struct rules_verdict {
    int32_t owner_rule; /* the first matching rule that names an owner; -1: none */
    uint16_t function;  /* its function, 0: it names an agency */
    uint32_t agency;
    int32_t open_rule; /* the first matching one, before the owner's, whose function nobody holds */
    uint16_t open_function; /* for what is known of the place: a hint; -1 and 0: none */
    uint32_t priority;      /* enum priority; 0: no rule says any */
    bool secret;
    /* Agencies, already found for the place, 0 behind the last: the first ones where rules name more;
     * none is in both. */
    uint32_t copies[RULES_COPIES], support[RULES_COPIES];
    uint32_t asks;       /* bit set of enum rules_ask */
    uint16_t matched[8]; /* the first rules that matched, in order */
    uint16_t matched_count;
};
enum rules_ask {
    RULES_ASK_LOCATION = 1,
    RULES_ASK_PHOTO = 2,
    RULES_ASK_DATE = 4,
    RULES_ASK_DETAIL = 8,
    RULES_ASK_CONTACT = 16
};
/* "location", "photo", ... of one bit; "" of any other value. */
const char *rules_ask_word (uint32_t ask);

void rules_match (const struct rules *rules, const struct rules_facts *facts,
                  struct rules_verdict *ret);

#endif
