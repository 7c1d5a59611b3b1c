/* words.h - what a template may say of a notice, and how a template is filled. */
#ifndef ADUAN_NOTIFIER_WORDS_H
#define ADUAN_NOTIFIER_WORDS_H

#include "notifier.h"

/* An absent value has at == NULL. */
struct values {
    struct view number, agency, text, due, asks, url, other;
    struct buffer made[3]; /* what was not in the notice as it is */
};

/* enum language: the contact's, else the complaint's, else Indonesian. */
uint32_t reader_language (const struct msg_notice *notice, const struct contact *contact);
/* Views of the notice stay in it; `tracking` is the base of tracking addresses or "".  Ends with values_done. */
void values_take (const struct msg_notice *notice, uint32_t language, const char *tracking,
                  struct values *ret);
void values_done (struct values *values);
/* Has it the agency, words and other number that the template names? */
bool values_fit (const struct values *values, const char *text);
/* One line of a template.  False, nothing appended, where it names a value that is not there. */
bool line_expand (const char *at, size_t len, const struct values *values, struct buffer *out);
/* Whole lines, each ended by CRLF. */
void text_expand (const char *text, const struct values *values, struct buffer *out);

#endif
