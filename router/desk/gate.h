/* gate.h - how often one source may have a password hashed.
 *
 * The store hashes one password at a time, some 0.1 s each, and lets a few wait; whoever sends it log-ins without end keeps
 * everybody else out.  So the desk counts them by where they come from: for each source a bucket of `burst` that fills again at
 * `minute` a minute, and `inside` at once.  An agency behind one address logs in at eight o'clock: that fits; a flood from
 * one address does not.
 *
 * The table is fixed.  A source that is not in it takes the place of the one that was seen longest ago among a few, never of
 * one that is inside; whoever is forgotten so has a full bucket again, which needs more sources than the table has places.
 */
#ifndef ADUAN_GATE_H
#define ADUAN_GATE_H

#include "http/source.h"

struct gate;

struct gate_limits {
    unsigned burst, minute, inside;
};

struct gate *gate_new (const struct gate_limits *limits);
void gate_free (struct gate **gate);

/* One more from there, at `now` (mono_ms)?  True: it is inside until gate_leave.  False: not before *ret_wait_ms. */
bool gate_enter (struct gate *gate, const struct http_source *source, int64_t now,
                 int64_t *ret_wait_ms);
void gate_leave (struct gate *gate, const struct http_source *source);

#endif
