/* A sliding window over the stream:
 *
 *   buffer  [ given | line being looked for ... | free ]
 *                   ^at          ^scanned       ^n
 *
 * Bytes before `at` are consumed and dropped when room is needed. `scanned` remembers how far no LF was found, so that a
 * long line that arrives in pieces is searched once. The window grows up to one longest line and a block; of a line that
 * does not fit only the beginning is returned, and the rest is dropped up to its LF. */
#include "ingest/input/lines.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define LINES_BLOCK     ((size_t)256 << 10)
#define LINES_ROOM      (LINES_LINE_MAX + 2 + LINES_BLOCK)
#define LINES_BEGINNING ((size_t)256) /* of a line that is too long, kept for its message */

struct lines {
    struct gz *gz;
    struct lines_digest *digest;
    const volatile sig_atomic_t *stop;
    struct buf buf;
    size_t at, scanned;
    uint64_t offset; /* content offset of buf[at] */
    uint64_t number; /* of the line last given */
    bool at_end, regular;
    bool dropping; /* inside a line that was too long */
    size_t n_beginning;
    uint64_t drop_offset;
    uint8_t beginning[LINES_BEGINNING];
};

int lines_new(struct gz *gz, struct lines_digest *digest, const volatile sig_atomic_t *stop, struct lines **ret,
              struct err *err) {
    struct lines *l = calloc(1, sizeof(*l));
    if (l == NULL) {
        gz_close(gz);
        return err_set(err, ERR_NOMEM, "reading lines: out of memory");
    }
    l->gz = gz;
    l->digest = digest;
    l->stop = stop;
    buf_init(&l->buf, LINES_ROOM);
    struct stat st;
    l->regular = fstat(gz_fd(gz), &st) == 0 && S_ISREG(st.st_mode);
    *ret = l;
    return 0;
}

void lines_free(struct lines *l) {
    if (l != NULL) {
        gz_close(l->gz);
        buf_done(&l->buf);
        free(l);
    }
}

bool lines_at_end(const struct lines *l) {
    return l->at_end;
}

uint64_t lines_offset(const struct lines *l) {
    return l->offset;
}

size_t lines_pending(const struct lines *l) {
    return l->buf.n - l->at;
}

void lines_set_digest(struct lines *l, struct lines_digest *digest) {
    l->digest = digest;
}

struct gz *lines_gz(const struct lines *l) {
    return l->gz;
}

void lines_digest_put(struct lines_digest *digest, struct bytes content) {
    hash_put(digest->hash, content.p, content.n);
    digest->bytes += content.n;
}

/* buf[at, at + n) leaves the window's unread part. */
static void take(struct lines *l, size_t n) {
    if (l->digest != NULL) {
        lines_digest_put(l->digest, (struct bytes){l->buf.p + l->at, n});
    }
    l->at += n;
    l->offset += n;
    l->scanned = l->at;
}

static bool stopped(const struct lines *l) {
    return l->stop != NULL && *l->stop != 0;
}

/* Waits for input from a pipe, a terminal or a socket: 0 when there is some, 1 when quiet or stopped. */
static int wait_input(struct lines *l, int wait_ms, struct err *err) {
    if (l->regular || gz_buffered(l->gz)) return 0;
    for (int waited = 0; !stopped(l);) {
        int slice = wait_ms >= 0 && wait_ms - waited < 100 ? wait_ms - waited : 100;
        struct pollfd p = {.fd = gz_fd(l->gz), .events = POLLIN};
        int n = poll(&p, 1, slice);
        if (n > 0) return 0;
        if (n < 0 && errno != EINTR) return err_errno(err, errno, "poll");
        waited += slice;
        if (wait_ms >= 0 && waited >= wait_ms) return 1;
    }
    return 1;
}

/* Reads one block. 0: got some; 1: end, quiet or stopped. */
static int fill(struct lines *l, int wait_ms, struct err *err) {
    if (l->at > 0 && (l->at == l->buf.n || l->buf.n + LINES_BLOCK > l->buf.cap)) {
        memmove(l->buf.p, l->buf.p + l->at, l->buf.n - l->at);
        l->buf.n -= l->at;
        l->scanned -= l->at;
        l->at = 0;
    }
    uint8_t *room = buf_room(&l->buf, LINES_BLOCK);
    if (room == NULL) return buf_check(&l->buf, "reading lines", err);
    for (;;) {
        int rc = wait_input(l, wait_ms, err);
        if (rc != 0) return rc;
        size_t got = 0;
        rc = gz_read(l->gz, room, LINES_BLOCK, &got, err);
        if (rc != 0) return rc;
        l->buf.n += got;
        if (got > 0) return 0;
        if (gz_at_end(l->gz)) {
            l->at_end = true;
            return 1;
        }
        if (stopped(l)) return 1;
    }
}

static void give(struct lines *l, size_t n, bool ended, struct lines_line *ret) {
    struct bytes raw = {l->buf.p + l->at, n};
    struct bytes text = raw;
    text.n -= ended;
    if (ended && text.n > 0 && text.p[text.n - 1] == '\r') {
        text.n--;
    }
    if (l->number == 0 && text.n >= 3 && memcmp(text.p, "\xef\xbb\xbf", 3) == 0) {
        text.p += 3;
        text.n -= 3;
    }
    *ret = (struct lines_line){.text = text,
                               .raw = raw,
                               .number = ++l->number,
                               .offset = l->offset,
                               .ended = ended,
                               .too_long = text.n > LINES_LINE_MAX};
    take(l, n);
}

static void give_dropped(struct lines *l, bool ended, struct lines_line *ret) {
    struct bytes text = {l->beginning, l->n_beginning};
    l->dropping = false;
    *ret = (struct lines_line){
        .text = text, .raw = text, .number = ++l->number, .offset = l->drop_offset, .too_long = true, .ended = ended};
}

static void drop_window(struct lines *l) {
    if (!l->dropping) {
        l->dropping = true;
        l->drop_offset = l->offset;
        l->n_beginning = l->buf.n - l->at < LINES_BEGINNING ? l->buf.n - l->at : LINES_BEGINNING;
        memcpy(l->beginning, l->buf.p + l->at, l->n_beginning);
    }
    take(l, l->buf.n - l->at);
}

int lines_next(struct lines *l, int wait_ms, struct lines_line *ret, struct err *err) {
    l->at_end = false;
    for (;;) {
        const uint8_t *lf = l->buf.n > l->scanned ? memchr(l->buf.p + l->scanned, '\n', l->buf.n - l->scanned) : NULL;
        if (lf != NULL) {
            size_t n = (size_t)(lf - l->buf.p) + 1 - l->at;
            if (l->dropping) {
                take(l, n);
                give_dropped(l, true, ret);
                return 0;
            }
            if (n > LINES_LINE_MAX + 2) {
                size_t rest = l->buf.n;
                l->buf.n = l->at + n;
                drop_window(l);
                l->buf.n = rest;
                give_dropped(l, true, ret);
                return 0;
            }
            give(l, n, true, ret);
            return 0;
        }
        l->scanned = l->buf.n;
        if (l->dropping || l->buf.n - l->at > LINES_LINE_MAX + 1) {
            drop_window(l);
        }
        int rc = fill(l, wait_ms, err);
        if (rc != 0) return rc;
    }
}

int lines_rest(struct lines *l, struct lines_line *ret) {
    if (l->dropping) {
        take(l, l->buf.n - l->at);
        give_dropped(l, false, ret);
        return 0;
    }
    if (l->buf.n == l->at) return 1;
    give(l, l->buf.n - l->at, false, ret);
    return 0;
}
