/* film.c - how long a film is, as its boxes say (ISO 14496-12): nothing of it is decoded, and whoever wrote it may have said anything.
 *
 *     moov ── trak: its media's duration, or none where the film comes in fragments
 *     moof ── traf: of each fragment of a track how long its samples are, by themselves, by the fragment, or by the track (trex)
 */
#include <string.h>
#include "content/content.h"

#define TRACKS_MOST      64 /* as aduan-remux */
#define UNITS_MOST       ((uint64_t) 1 << 48)

#define TFHD_BASE        0x1 /* 8.8.7 */
#define TFHD_DESCRIPTION 0x2
#define TFHD_DURATION    0x8
#define TRUN_OFFSET      0x1 /* 8.8.8 */
#define TRUN_FIRST       0x4
#define TRUN_DURATION    0x100
#define TRUN_SIZE        0x200
#define TRUN_FLAGS       0x400
#define TRUN_SHIFT       0x800

struct track {
    uint32_t id, scale;
    uint32_t each;          /* units of a sample of which nothing else is said */
    uint64_t whole, pieces; /* units, as its media says and of its fragments */
};

struct tracks {
    struct track at[TRACKS_MOST];
    unsigned count;
};

/* ---- boxes --------------------------------------------------------------------------------------- */

static uint64_t big (const char *at, unsigned bytes)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes; i++)
        value = value << 8 | (uint8_t) at[i];
    return value;
}

/* Of a box that ends before it 0. */
static uint64_t number (struct view box, size_t at, unsigned bytes)
{
    return at + bytes <= box.len ? big (box.at + at, bytes) : 0;
}

/* What is in the next box of a name among boxes that stand one behind the other (4.2), which are then those behind it; its len is 0: there
 * is none, and where 16 bytes or more are left a box ends behind them. */
static struct view box_next (struct view *boxes, const char *name)
{
    while (boxes->len >= 16) {
        const char *at = boxes->at;
        uint64_t len = big (at, 4), head = 8;
        if (len == 1) {
            len = big (at + 8, 8);
            head = 16;
        }
        if (len == 0)
            len = boxes->len; /* to the end */
        if (len < head || len > boxes->len)
            break;
        *boxes = (struct view){at + len, boxes->len - (size_t) len};
        if (memcmp (at + 4, name, 4) == 0)
            return (struct view){at + head, (size_t) (len - head)};
    }
    return (struct view){0};
}

static struct view box_in (struct view boxes, const char *name)
{
    return box_next (&boxes, name);
}

/* ---- tracks -------------------------------------------------------------------------------------- */

/* Boxes have one of two widths (8.3.2, 8.4.2); a duration of all ones is not known. */
static void track_read (struct view trak, struct tracks *tracks)
{
    struct view head = box_in (trak, "tkhd"), media = box_in (box_in (trak, "mdia"), "mdhd");
    bool wide = number (media, 0, 1) == 1;
    uint64_t units = wide ? number (media, 24, 8) : number (media, 16, 4);

    if (tracks->count == TRACKS_MOST)
        return;
    tracks->at[tracks->count++] = (struct track){
        .id = (uint32_t) number (head, number (head, 0, 1) == 1 ? 20 : 12, 4),
        .scale = (uint32_t) number (media, wide ? 20 : 12, 4),
        .whole = units == (wide ? UINT64_MAX : UINT32_MAX) ? 0 : units,
    };
}

static struct track *track_of (struct tracks *tracks, uint64_t id)
{
    for (unsigned i = 0; i < tracks->count; i++)
        if (tracks->at[i].id == id)
            return &tracks->at[i];
    return NULL;
}

static void tracks_read (struct view moov, struct tracks *tracks)
{
    struct view boxes = moov, extends = box_in (moov, "mvex"), box;

    while ((box = box_next (&boxes, "trak")).len)
        track_read (box, tracks);
    while ((box = box_next (&extends, "trex")).len) {
        struct track *track = track_of (tracks, number (box, 4, 4));
        if (track)
            track->each = (uint32_t) number (box, 12, 4);
    }
}

/* ---- fragments ----------------------------------------------------------------------------------- */

static void units_add (struct track *track, uint64_t units)
{
    track->pieces = units > UNITS_MOST - track->pieces ? UNITS_MOST : track->pieces + units;
}

static void run_add (struct track *track, struct view run, uint32_t each)
{
    uint64_t flags = number (run, 0, 4), count = number (run, 4, 4);
    size_t at = 8 + (flags & TRUN_OFFSET ? 4u : 0u) + (flags & TRUN_FIRST ? 4u : 0u);
    size_t wide = 4 + (flags & TRUN_SIZE ? 4u : 0u) + (flags & TRUN_FLAGS ? 4u : 0u) +
                  (flags & TRUN_SHIFT ? 4u : 0u);

    if (!(flags & TRUN_DURATION)) {
        units_add (track, count * each);
        return;
    }
    for (; count && at + 4 <= run.len; count--, at += wide)
        units_add (track, number (run, at, 4));
}

static void fragment_add (struct tracks *tracks, struct view traf)
{
    struct view head = box_in (traf, "tfhd"), run;
    uint64_t flags = number (head, 0, 4);
    size_t at = 8 + (flags & TFHD_BASE ? 8u : 0u) + (flags & TFHD_DESCRIPTION ? 4u : 0u);
    struct track *track = track_of (tracks, number (head, 4, 4));

    if (!track)
        return;
    uint32_t each = flags & TFHD_DURATION ? (uint32_t) number (head, at, 4) : track->each;
    while ((run = box_next (&traf, "trun")).len)
        run_add (track, run, each);
}

/* Are its last pictures, or what tells of them, not there? */
static bool is_cut (struct view left)
{
    return left.len >= 16 &&
           (memcmp (left.at + 4, "mdat", 4) == 0 || memcmp (left.at + 4, "moof", 4) == 0);
}

/* ---- the whole ----------------------------------------------------------------------------------- */

/* By its tracks: what its header says counts from zero, also where a camera that writes all day does not. */
uint64_t content_film_seconds (struct view bytes)
{
    struct tracks tracks = {.count = 0};
    struct view boxes = bytes, moof, traf;
    uint64_t most = 0;
    bool said = false;

    tracks_read (box_in (bytes, "moov"), &tracks);
    while ((moof = box_next (&boxes, "moof")).len)
        while ((traf = box_next (&moof, "traf")).len)
            fragment_add (&tracks, traf);
    for (unsigned i = 0; i < tracks.count; i++) {
        const struct track *track = &tracks.at[i];
        uint64_t units = track->whole > track->pieces ? track->whole : track->pieces;
        if (!track->scale || !units)
            continue;
        said = true;
        if (units / track->scale > most)
            most = units / track->scale;
    }
    return tracks.count && (!said || is_cut (boxes)) ? CONTENT_FILM_UNSAID : most;
}
