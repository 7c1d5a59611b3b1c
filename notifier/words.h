/* words.h - what a template may say of a notice, and how a template is filled. */
#ifndef ADUAN_NOTIFIER_WORDS_H
#define ADUAN_NOTIFIER_WORDS_H

#include "notifier.h"

/* Whom a notice is for, as notice.recipient says it. */
enum reader { READER_REPORTER, READER_OFFICER, READER_SUPPORTER };

#define COUNTS 7 /* of a digest */

/* An absent value has at == NULL. */
struct values {
    struct view number, agency, text, due, asks, url, other, code, lost, cut, counts[COUNTS];
    struct buffer made[5]; /* what was not in the notice as it is */
    char digits[COUNTS][12];
};

/* enum language: the contact's, else the complaint's, else Indonesian; of an officer what he has chosen for the desk. */
uint32_t reader_language (const struct msg_notice *notice, const struct contact *contact);
/* When the case's report was written, wall time in ms: its id begins with it. */
int64_t notice_came (const struct msg_notice *notice);
/* Where the addresses begin that this notice's reader opens: the desk's for officers, else those of tracking; "": none. */
const char *reader_base (const struct letterhead *head, const struct msg_notice *notice);
/* Is it the one that tells a reporter that his report was received? */
bool is_receipt (const struct msg_notice *notice);
/* Views of notice and contact stay in them, others in *ret, which stays where it is; `base`: reader_base.  The access code, and what became of
 * its files, are values of a receipt alone.  Ends with values_done. */
void values_take (const struct msg_notice *notice, const struct contact *contact, const char *base,
                  struct values *ret);
void values_done (struct values *values);
/* Has it the agency, words and other number that the template names? */
bool values_fit (const struct values *values, const char *text);
/* One line of a template.  False, nothing appended, where it names a value that is not there. */
bool line_expand (const char *at, size_t len, const struct values *values, struct buffer *out);
/* Whole lines, each ended by CRLF. */
void text_expand (const char *text, const struct values *values, struct buffer *out);

#endif
