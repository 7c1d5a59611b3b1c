/* short.h - a notice as a short text, for SMS and WhatsApp. */
#ifndef ADUAN_NOTIFIER_SHORT_H
#define ADUAN_NOTIFIER_SHORT_H

#include "notifier.h"

/* The text of a notice, UTF-8 without control characters, appended to `out`: 0; FAIL_ABSENT: none of that key.
 * Where the notice lacks what the text names, it says only that there is news.  `base`: reader_base, or "".  What an agency said is cut
 * until all of it has at most `segments` of SMS; 0: what WhatsApp takes. */
int short_text (const struct msg_notice *notice, const struct contact *contact, const char *base,
                unsigned segments, struct buffer *out);
/* A telephone number as digits with its country's code and nothing before them: "0812-345" is 62812345 where
 * `country` is "62".  FAIL_REFUSED where it cannot be one. */
int short_phone (struct view address, const char *country, char ret[24]);
/* What a text costs as SMS: its segments (3GPP TS 23.038 and 23.040: 160 characters of the GSM alphabet, 153 of
 * several; else 70 or 67 of UCS-2).  *ret_ucs2: it does not fit the GSM alphabet. */
unsigned short_segments (struct view text, bool *ret_ucs2);

#endif
