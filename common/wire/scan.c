/* scan.c - the bounds scan: is this exactly one msgpack item whose every length and count fits into
 * the bytes that are there?  It comes before msgpack-c, which allocates what a length claims: five
 * bytes can ask it for 8 GB.  Iterative, no allocation, linear in the input. */
#include "base/fault.h"
#include "wire/wire.h"

#include <string.h>

struct scan {
    const uint8_t *at, *end;
    uint64_t open[WIRE_DEPTH_MAX + 1]; /* items still to come at each depth */
    unsigned depth;
    uint64_t counted;
};

static int take_number (struct scan *scan, unsigned bytes, uint64_t *ret)
{
    if ((size_t) (scan->end - scan->at) < bytes)
        return FAIL_MALFORMED;
    *ret = 0;
    while (bytes--)
        *ret = *ret << 8 | *scan->at++;
    return 0;
}

static int skip_bytes (struct scan *scan, uint64_t len)
{
    if ((uint64_t) (scan->end - scan->at) < len)
        return FAIL_MALFORMED;
    scan->at += len;
    return 0;
}

/* A length of 1, 2 or 4 bytes, then `extra` bytes, then that many. */
static int skip_counted (struct scan *scan, unsigned width, unsigned extra)
{
    uint64_t len = 0;
    if (take_number (scan, width, &len) != 0)
        return FAIL_MALFORMED;
    return skip_bytes (scan, len + extra);
}

static int open_container (struct scan *scan, uint64_t items, bool map)
{
    uint64_t children = map ? items * 2 : items;
    scan->counted += items;
    if (children > (uint64_t) (scan->end - scan->at) || scan->counted > WIRE_COUNT_MAX ||
        scan->depth == WIRE_DEPTH_MAX)
        return FAIL_MALFORMED;
    scan->open[++scan->depth] = children;
    return 0;
}

static int open_counted (struct scan *scan, unsigned width, bool map)
{
    uint64_t items = 0;
    if (take_number (scan, width, &items) != 0)
        return FAIL_MALFORMED;
    return open_container (scan, items, map);
}

/* One item's head and, of a scalar, its bytes. */
static int scan_item (struct scan *scan)
{
    uint64_t head = 0;
    if (take_number (scan, 1, &head) != 0)
        return FAIL_MALFORMED;
    if (head <= 0x7f || head >= 0xe0)
        return 0;
    if (head <= 0x8f)
        return open_container (scan, head & 0x0f, true);
    if (head <= 0x9f)
        return open_container (scan, head & 0x0f, false);
    if (head <= 0xbf)
        return skip_bytes (scan, head & 0x1f);
    switch (head) {
    case 0xc0:
    case 0xc2:
    case 0xc3: return 0;
    case 0xc4:
    case 0xd9: return skip_counted (scan, 1, 0);
    case 0xc5:
    case 0xda: return skip_counted (scan, 2, 0);
    case 0xc6:
    case 0xdb: return skip_counted (scan, 4, 0);
    case 0xc7: return skip_counted (scan, 1, 1);
    case 0xc8: return skip_counted (scan, 2, 1);
    case 0xc9: return skip_counted (scan, 4, 1);
    case 0xcc:
    case 0xd0: return skip_bytes (scan, 1);
    case 0xcd:
    case 0xd1: return skip_bytes (scan, 2);
    case 0xca:
    case 0xce:
    case 0xd2: return skip_bytes (scan, 4);
    case 0xcb:
    case 0xcf:
    case 0xd3: return skip_bytes (scan, 8);
    case 0xd4:
    case 0xd5:
    case 0xd6:
    case 0xd7:
    case 0xd8: return skip_bytes (scan, (1u << (head - 0xd4)) + 1);
    case 0xdc: return open_counted (scan, 2, false);
    case 0xdd: return open_counted (scan, 4, false);
    case 0xde: return open_counted (scan, 2, true);
    case 0xdf: return open_counted (scan, 4, true);
    default: return FAIL_MALFORMED; /* 0xc1, never used */
    }
}

int wire_scan (const void *at, size_t len)
{
    if (len == 0 || len > WIRE_FRAME_MAX)
        return FAIL_MALFORMED;
    struct scan scan = {.at = at, .end = (const uint8_t *) at + len, .open = {1}};
    for (;;) {
        while (scan.open[scan.depth] == 0) {
            if (scan.depth == 0)
                return scan.at == scan.end ? 0 : FAIL_MALFORMED;
            scan.depth--;
        }
        scan.open[scan.depth]--;
        if (scan_item (&scan) != 0)
            return FAIL_MALFORMED;
    }
}
