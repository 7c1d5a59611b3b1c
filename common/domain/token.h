/* token.h - names that the outside brings back: of a case in the address that answers go to, of a notice in the
 * envelope of a mail, in a request for delivery reports, and in what a provider hands back.
 *
 * A token is the thing's own key and a keyed tag over it, in lower case base 32: whoever has the installation's
 * reply key knows it for one of ours without asking anybody, and nobody else can make one.  Mail systems may change
 * its letters' case.  The key (file keys/reply.key) is aduan-notifier's and aduan-web's.  Pure.
 */
#ifndef ADUAN_TOKEN_H
#define ADUAN_TOKEN_H

#include "base/base.h"

#define REPLY_KEY_LEN    32
#define CASE_TOKEN_LEN   40 /* 16 bytes of id, 9 of tag */
#define NOTICE_TOKEN_LEN 48 /* 16 bytes of id, 2 of event, 4 of recipient, 8 of tag */

/* Which notice: the outbox's key. */
struct notice_name {
    struct id id;
    uint64_t event, recipient; /* at most 65,535 and 4,294,967,295 */
};

void token_of_case (const uint8_t key[REPLY_KEY_LEN], const struct id *id,
                    char ret[CASE_TOKEN_LEN + 1]);
/* 0 and *ret; FAIL_MALFORMED: it is not a token that was made with this key. */
int token_case (const uint8_t key[REPLY_KEY_LEN], struct view token, struct id *ret);
void token_of_notice (const uint8_t key[REPLY_KEY_LEN], const struct notice_name *name,
                      char ret[NOTICE_TOKEN_LEN + 1]);
/* As token_case. */
int token_notice (const uint8_t key[REPLY_KEY_LEN], struct view token, struct notice_name *ret);

#endif
