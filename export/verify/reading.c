/* unpacked bytes --> buffer --> members.
 *
 *   buffer   ........[at                 end).....
 *                     left of the member, padding, next header
 *
 * A stranger's file may be a decompression bomb: one that unpacks to far more than its size is refused early. */
#include "export/verify/reading.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/archive/ustar.h"
#include "base/clock.h"
#include "export/cut/bundle.h"
#include "export/verify/unpack.h"

#define BUFFER_MAX  (2 * READING_PEEK_MAX)
#define PROGRESS_NS (CLOCK_NS_PER_S / 10)

_Static_assert(BUFFER_MAX <= UNPACK_BEHIND_MAX && READING_DIGEST == UNPACK_DIGEST, "digests are asked for in time");

struct reading {
    const struct reading_options *options;
    struct unpack *unpack;
    uint64_t plain, shown;
    char name[USTAR_NAME_MAX + 1];
    uint64_t size, left, members;
    size_t padding;
    bool eof, lines;
    const char *rule; /* that was broken */
    size_t at, end;
    uint8_t buffer[BUFFER_MAX];
};

int reading_new(int fd, const struct reading_options *options, struct reading **ret, struct err *err) {
    struct reading *r = calloc(1, sizeof(*r));
    if (r == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    r->options = options;
    int rc = unpack_new(fd, &r->unpack, err);
    if (rc != 0) {
        reading_free(r);
        return rc;
    }
    *ret = r;
    return 0;
}

int reading_new_lines(int fd, const struct reading_options *options, struct reading **ret, struct err *err) {
    int rc = reading_new(fd, options, ret, err);
    if (rc == 0) {
        (*ret)->lines = true;
        (*ret)->left = UINT64_MAX;
    }
    return rc;
}

void reading_free(struct reading *reading) {
    if (reading != NULL) {
        unpack_free(reading->unpack);
        free(reading);
    }
}

static int look_around(struct reading *r, struct err *err) {
    const struct reading_options *o = r->options;
    if (o->stop != NULL && *o->stop != 0) return err_set(err, ERR_BUSY, "interrupted");
    uint64_t now = o->progress != NULL ? clock_monotonic_ns() : 0;
    if (now - r->shown >= PROGRESS_NS) {
        r->shown = now;
        o->progress(o->progress_ctx, unpack_taken(r->unpack), unpack_total(r->unpack));
    }
    uint64_t taken = unpack_taken(r->unpack), total = unpack_total(r->unpack); /* for a pipe only the first is known */
    if (unpack_is_compressed(r->unpack) && r->plain > BUNDLE_UNPACKED_FREE &&
        r->plain / BUNDLE_RATIO_MAX > (taken > total ? taken : total)) {
        r->rule = "B1";
        return err_set(err, ERR_CORRUPT, "it unpacks to more than %d times its size", BUNDLE_RATIO_MAX);
    }
    return 0;
}

/* Fills the buffer to at least `want` bytes, or to the end. */
static int fill(struct reading *r, size_t want, struct err *err) {
    assert(want <= BUFFER_MAX);
    if (r->end - r->at >= want || r->eof) return 0;
    memmove(r->buffer, r->buffer + r->at, r->end - r->at);
    r->end -= r->at;
    r->at = 0;
    int rc = look_around(r, err);
    while (rc == 0 && r->end < want && !r->eof) {
        size_t n = 0;
        rc = unpack_read(r->unpack, r->buffer + r->end, BUFFER_MAX - r->end, &n, err);
        r->rule = rc == ERR_CORRUPT ? "B1" : r->rule;
        if (rc == 0) {
            r->eof = n == 0;
            r->end += n;
            r->plain += n;
        }
    }
    return rc;
}

/* ---- members ---- */

/* An error in the tar format. */
static int broken(struct reading *r, struct err *err, const char *what) {
    r->rule = "B2";
    return err_set(err, ERR_CORRUPT, "%s", what);
}

static bool is_zero(const uint8_t *p, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (p[i] != 0) return false;
    }
    return true;
}

/* The next n bytes, which must exist. */
static int take(struct reading *r, size_t n, const uint8_t **ret, struct err *err) {
    int rc = fill(r, n, err);
    if (rc == 0 && r->end - r->at < n) rc = broken(r, err, "the file is cut short");
    if (rc == 0) {
        *ret = r->buffer + r->at;
        r->at += n;
    }
    return rc;
}

/* After the first block of zeros. */
static int check_end(struct reading *r, struct err *err) {
    const uint8_t *block;
    int rc = take(r, USTAR_BLOCK, &block, err);
    if (rc == 0 && !is_zero(block, USTAR_BLOCK)) {
        rc = broken(r, err, "a single block of zeros is where a member or the end should be");
    }
    if (rc == 0) rc = fill(r, 1, err);
    if (rc == 0 && r->at < r->end) rc = broken(r, err, "something follows the end of the archive");
    if (rc == 0) rc = 1;
    return rc;
}

int reading_next(struct reading *reading, struct err *err) {
    struct reading *r = reading;
    const uint8_t *block;
    if (r->left > 0) {
        return err_set(err, ERR_CORRUPT, "it is %llu bytes too long", (unsigned long long)r->left);
    }
    int rc = take(r, r->padding, &block, err);
    if (rc == 0 && !is_zero(block, r->padding)) rc = broken(r, err, "its padding is not zero");
    if (rc != 0) return rc;
    r->name[0] = '\0';
    r->size = r->left = 0;
    r->padding = 0;
    rc = take(r, USTAR_BLOCK, &block, err);
    if (rc == 0) rc = ustar_parse(block, r->name, &r->size, err);
    if (rc != 0) {
        r->rule = rc == ERR_CORRUPT && r->rule == NULL ? "B2" : r->rule;
        return rc == 1 ? check_end(r, err) : rc;
    }
    r->left = r->size;
    r->padding = ustar_padding(r->size);
    r->members++;
    return 0;
}

const char *reading_name(const struct reading *reading) {
    return reading->name;
}

uint64_t reading_size(const struct reading *reading) {
    return reading->size;
}

uint64_t reading_left(const struct reading *reading) {
    return reading->left;
}

const char *reading_rule(const struct reading *reading) {
    return reading->rule;
}

uint64_t reading_members(const struct reading *reading) {
    return reading->members;
}

bool reading_is_compressed(const struct reading *reading) {
    return unpack_is_compressed(reading->unpack);
}

int reading_peek(struct reading *reading, size_t n, struct bytes *ret, struct err *err) {
    struct reading *r = reading;
    assert(n <= READING_PEEK_MAX);
    n = n < r->left ? n : (size_t)r->left;
    int rc = fill(r, n, err);
    if (rc == 0 && r->end - r->at < n && r->lines) {
        n = r->end - r->at;
    } else if (rc == 0 && r->end - r->at < n) {
        rc = broken(r, err, "the file is cut short");
    }
    if (rc == 0) {
        *ret = (struct bytes){r->buffer + r->at, n};
    }
    return rc;
}

int reading_ended(struct reading *reading, bool *ret, struct err *err) {
    int rc = fill(reading, 1, err);
    if (rc == 0) {
        *ret = reading->end == reading->at;
    }
    return rc;
}

void reading_skip(struct reading *reading, size_t n) {
    assert(n <= reading->left && n <= reading->end - reading->at);
    reading->at += n;
    reading->left -= n;
}

int reading_rest(struct reading *reading, struct buf *out, size_t max, struct err *err) {
    if (reading->left > max) {
        return err_set(err, ERR_CORRUPT, "it has %llu bytes; expected at most %zu", (unsigned long long)reading->left, max);
    }
    while (reading->left > 0) {
        struct bytes piece;
        int rc = reading_peek(reading, READING_PEEK_MAX, &piece, err);
        if (rc != 0) return rc;
        buf_put_bytes(out, piece);
        reading_skip(reading, piece.n);
    }
    return buf_check(out, "a member", err);
}

void reading_digest(const struct reading *reading, uint8_t ret[READING_DIGEST]) {
    assert(reading->members > 0 && reading->left == 0);
    unpack_digest(reading->unpack, reading->members - 1, ret);
}
