/* story.h - what a reporter's page tells of his case, made of its row of web_case.
 *
 * The row says what happened, in order; a person asks what was answered, how it stands, and what of it is new.
 */
#ifndef ADUAN_WEB_STORY_H
#define ADUAN_WEB_STORY_H

#include <jansson.h>

/* Adds to the row what its template shows:
 *
 *   stands           how the case, or the one that it goes on as, stands as its reporter would say it, key behind "stands_"
 *   asked            something is asked of him
 *   answers          what an agency said last, the newest first: its last word, and the last answer where that came before
 *   answered         one of them is an answer, or how the case ended
 *   history[].above  it stands among the answers, or in what is asked of him
 *   history[].changed   of a rating: he gave another one before
 *   files, history[].files, unheard[].files   of `attachments`: digest, n
 *   may_<word>       of `may`
 *
 * Ratings before the last one leave the history, and a title that is no more than the words' beginning leaves the row. */
void story_tell (json_t *row);

/* Of a row of web_public: `stands`, key behind "state_"; its text leaves it where the title says it all. */
void story_read (json_t *row);

/* Of a row of web_list, so that it says nothing twice: `excerpt` is what the words say behind the title, and leaves the row where
 * the title says it all. */
void story_titled (json_t *row);

#endif
