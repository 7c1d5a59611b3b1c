/* content.h - the content store: files by the digest of what was uploaded, in a folder that programs of one host share.
 *
 *     bytes -> put ------------------.
 *     pieces -> begin, add ..., end --+-> uploaded -> pin -> (pictures, films: made anew by a child) -> open
 *                                     `-> expired: nobody pinned it within a day
 *
 * A complaint or an act names a file by the digest (BLAKE2b-256) of what was uploaded, for ever.  Of a picture or a film that
 * digest stands for its copy, which a child has made anew without position, camera, comments or profiles; what was uploaded goes.
 * Layout, states and what each crash leaves behind: docs/channels.md, "Files".
 *
 * Everything here returns at once.  What waits for the disk runs on two threads of the store's own, one for callers and
 * one for copies; callbacks run on the reactor's thread, each exactly once, and never inside the call that named them.
 *
 * A file is what its bytes are (libmagic); names and types that others say are not taken.
 */
#ifndef ADUAN_CONTENT_H
#define ADUAN_CONTENT_H

#include "content/pin.h"
#include "daemon/reactor.h"

#define CONTENT_FILES_MOST 5        /* of one complaint, word or act */
#define CONTENT_BYTES_MOST 10485760 /* of one file that is no film */
#define CONTENT_VIDEO_MOST 52428800 /* what content_options.video_bytes may be at most */
#define CONTENT_BEHIND_MOST                                                                        \
    131072 /* bytes of an upload that wait for the disk: then its sender pauses */
#define CONTENT_UPLOAD_ROOM                                                                        \
    524288 /* of memory that an upload takes at most while its sender heeds that; sealed ones take none */

struct content;
struct content_upload;

enum content_result {
    CONTENT_DONE,
    CONTENT_EMPTY, /* of no byte */
    CONTENT_LARGE, /* over CONTENT_BYTES_MOST, of a film video_bytes */
    CONTENT_KIND,  /* of a kind that is not taken: see content_kinds */
    CONTENT_ROOM, /* the disk refuses, or a bound of `options`: said in the log; worth another try */
    CONTENT_ABSENT,  /* never uploaded, not pinned, expired, or deleted with its case */
    CONTENT_NOT_YET, /* pinned; its copy is being made: worth another try in a second */
    CONTENT_REFUSED, /* no copy could be made of it: it was damaged, too large or hostile; final */
    CONTENT_STOPPED, /* the program is about to stop */
};
/* Key of a text in deploy/text: "file_kind", "file_large" ...; NULL of CONTENT_DONE. */
const char *content_key (enum content_result result);

enum content_sort {
    CONTENT_DOCUMENT, /* kept as it came */
    CONTENT_PICTURE,  /* decoded and made anew before anybody sees it */
    CONTENT_VIDEO,    /* the same without being decoded; has a bound of its own */
};
struct content_kind {
    const char *type;   /* "image/jpeg": what libmagic calls it */
    const char *ending; /* "jpg" */
    const char *
        name; /* "JPEG": for people, in any language; the same name may stand in several rows, one after the other */
    enum content_sort sort;
};
/* All kinds that are taken: forms, messages and documentation say what stands here (tests/unit/test_content_bounds.c and
 * tests/flow/test_kinds.py see to it). */
extern const struct content_kind content_kinds[];
extern const size_t content_kinds_len;

/* Who names these?  On the reactor's thread: asks, and says content_unnamed of those that nothing does; of none, nothing. */
typedef void content_ask_fn (void *owner, const uint8_t *digests, size_t count);

struct content_options {
    const char *folder;  /* made where it is absent; its parent must be there */
    int64_t unpinned_ms; /* an upload that nobody has pinned goes after this; 0: 24 hours */
    int64_t draft_ms;    /* and a draft after this; 0: an hour */
    uint64_t
        reserve; /* bytes of the disk that stay free: with fewer, uploads end as CONTENT_ROOM */
    uint64_t
        unpinned_most; /* bytes of uploads in the folder that nobody has pinned, the same beyond; 0: any number */
    bool
        box_documents; /* of the public: what is not pinned is unreadable once its key is gone; images always are boxed */
    uint64_t video_bytes; /* of a film at most, up to CONTENT_VIDEO_MOST; 0: none is taken */
    unsigned
        video_seconds; /* of a film that its copy has at most; what is longer ends there; 0: two minutes */
    bool reencode; /* makes copies of pinned images and films; several programs may */
    const char *
        reencoder; /* path of aduan-reencode, beside which aduan-remux lies; NULL: in the folder of this program */
    int64_t copy_ms;     /* how long a child may take for one; 0: three minutes */
    content_ask_fn *ask; /* may be NULL: nothing that was pinned ever goes */
    void *owner;         /* its */
    int64_t orphan_ms;   /* what was pinned so long ago is asked for; 0: 30 days */
};

/* Opens the folder, starts the threads, sweeps what a crash left behind.  0 and *ret; FAIL_IO with errno set: the folder
 * cannot be made or written; FAIL_ABSENT: libmagic has no database. */
int content_new (struct reactor *reactor, const struct content_options *options,
                 struct content **ret);
/* Ends what is under way as CONTENT_STOPPED, its callbacks run inside; uploads that were begun must have been ended or
 * dropped.  A child that is at work is killed; its file waits for the next start. */
void content_destroy (struct content **content);

/* ---- what it takes, for people ----------------------------------------------------------------- */

/* Bytes of the largest file that it takes. */
size_t content_most (const struct content *content);
/* The same of films; 0: none is taken. */
size_t content_video_most (const struct content *content);
unsigned content_video_seconds (const struct content *content);
/* How long a film says that it is, in whole seconds, from its boxes alone, its fragments', too; 0: it is none;
 * CONTENT_FILM_UNSAID: it does not say, or its end is missing. */
#define CONTENT_FILM_UNSAID UINT64_MAX
uint64_t content_film_seconds (struct view bytes);
/* For the attribute `accept` of a form's field: all pictures, then each ending  Lives as long as the store. */
const char *content_accept (const struct content *content);
/* A text in which [kinds] stands for "JPEG, PNG, ..." and [sizes] for "10 MB, video 25 MB"; the same text where neither is in it.
 * `text` is static; what is returned lives as long as the store.  On the reactor's thread. */
const char *content_text (struct content *content, const char *text);

/* ---- in ---------------------------------------------------------------------------------------- */

/* `digest` is CONTENT_DIGEST_BYTES long, borrowed; NULL unless CONTENT_DONE. */
typedef void content_put_fn (void *owner, enum content_result result, const uint8_t *digest);
/* Stores bytes that lie in memory; they are borrowed until `done`.  CONTENT_DONE: on stable storage, and it expires
 * unless it is pinned.  The same bytes again begin their day anew. */
void content_put (struct content *content, struct view bytes, content_put_fn *done, void *owner);

/* The same in pieces, so that no file need lie in memory: begin, add ..., then end or drop.  `more` runs when a sender
 * that content_add asked to pause may go on; NULL: it is never asked to, and then memory is the caller's to bound. */
struct content_upload *content_begin (struct content *content, void (*more) (void *owner),
                                      void *owner);
/* Takes a piece (copied), of any length: they go to the disk by 64 KiB.  False: CONTENT_BEHIND_MOST bytes wait for it, pause
 * until `more` is called; this piece was taken all the same. */
bool content_add (struct content_upload *upload, const void *at, size_t len);
/* Bytes so far.  Beyond content_most nothing is kept and the end says CONTENT_LARGE: a caller that can should stop
 * its sender then. */
size_t content_added (const struct content_upload *upload);
/* The last piece was added: nothing of it stays in memory while it is found out whether it is wanted.  Then end or drop it. */
void content_seal (struct content_upload *upload);
/* It is wanted for what is about to be sent, and nobody was promised that it stays: it goes after draft_ms.  Before its end.  Where the
 * same bytes were promised longer they stay. */
void content_draft (struct content_upload *upload);
/* It is wanted, and whole.  Takes the upload; `more` is called no more. */
void content_end (struct content_upload **upload, content_put_fn *done, void *owner);
/* Its sender is gone: nothing of it is kept.  Takes the upload. */
void content_drop (struct content_upload **upload);

/* ---- kept -------------------------------------------------------------------------------------- */

typedef void content_pin_fn (void *owner, enum content_result result);
/* Pins what is about to be named, before it is named: from here on it does not expire.  intake does this by content_pin_here
 * in its commit; for those without a commit thread of their own.  `digests`: `count` of CONTENT_DIGEST_BYTES each, copied.
 * CONTENT_ABSENT: one of them is not there; the others may be pinned then, and go by themselves unless something names them
 * in the end.  Their copies are begun at once. */
void content_pin (struct content *content, const uint8_t *digests, size_t count,
                  content_pin_fn *done, void *owner);
/* Somebody else has pinned something (intake said ACCEPTED): looks for what waits for its copy.  Only a hint: a scan each
 * minute finds it as well. */
void content_look (struct content *content);

#define CONTENT_ASK_MOST 100 /* digests of one question */
/* `count` digests (CONTENT_DIGEST_BYTES each, copied) that `ask` was asked for, at most CONTENT_ASK_MOST: no case, word, act or
 * submission under way names them.  They go, unless they were pinned again meanwhile. */
void content_unnamed (struct content *content, const uint8_t *digests, size_t count);

/* ---- out --------------------------------------------------------------------------------------- */

struct content_found {
    int fd; /* at its beginning; the callee's to close; -1 unless CONTENT_DONE */
    size_t len;
    const struct content_kind *kind; /* of what goes out: of a WebP's copy JPEG or PNG */
};
typedef void content_open_fn (void *owner, enum content_result result,
                              const struct content_found *found);
/* Opens what `digest` (CONTENT_DIGEST_BYTES, copied) stands for: an image's copy, a document as it came.  Whether the reader
 * may have it is the caller's to ask first.  CONTENT_DONE, ABSENT, NOT_YET, REFUSED or STOPPED. */
void content_open (struct content *content, const uint8_t *digest, content_open_fn *done,
                   void *owner);

/* ---- what it has seen, since it was opened ------------------------------------------------------- */

struct content_counts {
    uint64_t stored, expired, copied, refused, deleted;
    uint64_t waiting;         /* pinned, without a copy: at the last look */
    int64_t waiting_since_ms; /* wall_ms at which the oldest of them was pinned; 0: none */
};
struct content_counts content_counts (const struct content *content);

#endif
