/* share.h - how much of a door each source holds: its connections, and the bytes of its bodies that are not whole.
 *
 * A share is there as long as somebody keeps it: a connection, or a request behind a proxy, of which only the header says where
 * it comes from.  No address is kept anywhere else, nor longer.
 */
#ifndef ADUAN_SHARE_H
#define ADUAN_SHARE_H

#include <stddef.h>
#include "http/source.h"

struct shares;

/* One source's. */
struct share {
    unsigned connections;
    size_t bytes; /* booked for bodies of senders who have not shown who they are */
};

struct shares *shares_new (void);
/* Every share must have been let go.  Takes *shares. */
void shares_free (struct shares **shares);
/* The caller's until share_let_go. */
struct share *share_keep (struct shares *shares, const struct http_source *source);
/* Takes *share; NULL is nothing. */
void share_let_go (struct shares *shares, struct share **share);

#endif
