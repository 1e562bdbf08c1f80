/* zlib's inflate behind a pull interface, and at the end of the file behind a push interface.
 *
 *   undecided --two bytes--> plain                     input bytes are output bytes
 *             \------------> gzip --member end--> next member | zero padding | end
 *
 * inflate is driven directly rather than through zlib's gzFile, which reads damaged headers as plain text and does not
 * say where the damage is. The end of the input in any other state is an error. */
#include "base/archive/gz.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define GZ_BLOCK ((size_t)64 << 10)

enum gz_state { GZ_UNDECIDED, GZ_IS_PLAIN, GZ_IN_MEMBER, GZ_BETWEEN, GZ_PADDING };

struct gz {
    int fd;
    bool owns_fd, at_end, has_inflate;
    enum gz_state state;
    uint64_t taken, given, max;
    size_t at, n; /* input[at, n) is not consumed yet */
    z_stream z;
    uint8_t *held; /* what gz_peek read: held[held_at, held_n) is given next */
    size_t held_at, held_n;
    uint8_t input[GZ_BLOCK];
};

int gz_open(const char *path, enum gz_form form, uint64_t max, struct gz **ret, struct err *err) {
    struct gz *gz = calloc(1, sizeof(*gz));
    if (gz == NULL) return err_set(err, ERR_NOMEM, "%s: out of memory", path);
    gz->max = max;
    gz->state = form == GZ_PLAIN ? GZ_IS_PLAIN : GZ_UNDECIDED;
    if (strcmp(path, "-") == 0) {
        gz->fd = STDIN_FILENO;
    } else {
        gz->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | (form == GZ_REGULAR ? O_NONBLOCK : 0));
        gz->owns_fd = true;
    }
    struct stat st;
    int rc = 0;
    if (gz->fd < 0) {
        rc = err_errno(err, errno, "%s", path);
    } else if (fstat(gz->fd, &st) != 0) {
        rc = err_errno(err, errno, "%s", path);
    } else if (S_ISDIR(st.st_mode)) {
        rc = err_set(err, ERR_INVALID, "%s: is a directory; expected a file", path);
    } else if (form == GZ_REGULAR && !S_ISREG(st.st_mode)) {
        rc = err_set(err, ERR_INVALID, "%s: is not a regular file", path);
    }
    if (rc != 0) {
        gz_close(gz);
        return rc;
    }
    *ret = gz;
    return 0;
}

void gz_close(struct gz *gz) {
    if (gz == NULL) return;
    if (gz->has_inflate) {
        inflateEnd(&gz->z);
    }
    if (gz->owns_fd && gz->fd >= 0) {
        close(gz->fd);
    }
    free(gz->held);
    free(gz);
}

bool gz_at_end(const struct gz *gz) {
    return gz->at_end && gz->held_at == gz->held_n;
}

uint64_t gz_taken(const struct gz *gz) {
    return gz->taken;
}

int gz_fd(const struct gz *gz) {
    return gz->fd;
}

bool gz_buffered(const struct gz *gz) {
    return gz->at < gz->n || gz->held_at < gz->held_n;
}

/* One read(2) into `p`; 0 bytes with at_end unset when a signal interrupted it. */
static int read_once(struct gz *gz, void *p, size_t n, size_t *ret_n, struct err *err) {
    ssize_t got = read(gz->fd, p, n);
    if (got < 0) {
        if (errno == EINTR || errno == EAGAIN) {
            *ret_n = 0;
            return 0;
        }
        return err_errno(err, errno, "read");
    }
    gz->at_end = got == 0;
    gz->taken += (uint64_t)got;
    *ret_n = (size_t)got;
    return 0;
}

/* Adds one read to the input block. */
static int refill(struct gz *gz, struct err *err) {
    if (gz->at > 0) {
        memmove(gz->input, gz->input + gz->at, gz->n - gz->at);
        gz->n -= gz->at;
        gz->at = 0;
    }
    size_t got = 0;
    int rc = read_once(gz, gz->input + gz->n, GZ_BLOCK - gz->n, &got, err);
    gz->n += got;
    return rc;
}

static int corrupt(const struct gz *gz, const char *what, struct err *err) {
    return err_set(err, ERR_CORRUPT, "gzip data is damaged near byte %llu: %s",
                   (unsigned long long)(gz->taken - (gz->n - gz->at)), what);
}

static int begin_member(struct gz *gz, struct err *err) {
    int z;
    if (gz->has_inflate) {
        z = inflateReset(&gz->z);
    } else {
        z = inflateInit2(&gz->z, 15 + 16); /* largest window, gzip wrapper only */
        gz->has_inflate = z == Z_OK;
    }
    if (z != Z_OK) return err_set(err, ERR_NOMEM, "gzip: out of memory");
    gz->state = GZ_IN_MEMBER;
    return 0;
}

/* Decides by the first bytes of the input; leaves the state unchanged while there are too few to decide. */
static int decide(struct gz *gz, struct err *err) {
    const uint8_t *p = gz->input + gz->at;
    size_t n = gz->n - gz->at;
    if (gz->state == GZ_UNDECIDED) {
        if (n >= 2 && p[0] == 0x1f && p[1] == 0x8b) return begin_member(gz, err);
        if (n >= 2 || (n == 1 && p[0] != 0x1f) || gz->at_end) {
            gz->state = GZ_IS_PLAIN;
        }
        return 0;
    }
    if (gz->state == GZ_BETWEEN && n > 0) {
        if (p[0] == 0) {
            gz->state = GZ_PADDING;
        } else if (n >= 2 && p[0] == 0x1f && p[1] == 0x8b) {
            return begin_member(gz, err);
        } else if (n >= 2 || p[0] != 0x1f || gz->at_end) {
            return corrupt(gz, "something else follows it", err);
        }
    }
    if (gz->state == GZ_PADDING) {
        for (; gz->at < gz->n; gz->at++) {
            if (gz->input[gz->at] != 0) {
                return corrupt(gz, "something else follows its padding", err);
            }
        }
    }
    return 0;
}

static int inflate_some(struct gz *gz, void *p, size_t n, size_t *ret_n, struct err *err) {
    uInt room = n > GZ_BLOCK ? (uInt)GZ_BLOCK : (uInt)n;
    gz->z.next_in = gz->input + gz->at;
    gz->z.avail_in = (uInt)(gz->n - gz->at);
    gz->z.next_out = p;
    gz->z.avail_out = room;
    int z = inflate(&gz->z, Z_NO_FLUSH);
    gz->at = gz->n - gz->z.avail_in;
    *ret_n = room - gz->z.avail_out;
    switch (z) {
    case Z_STREAM_END:
        gz->state = GZ_BETWEEN;
        return 0;
    case Z_OK:
    case Z_BUF_ERROR: /* needs more input */
        return 0;
    case Z_MEM_ERROR:
        return err_set(err, ERR_NOMEM, "gzip: out of memory");
    default:
        return corrupt(gz, gz->z.msg != NULL ? gz->z.msg : "not a deflate stream", err);
    }
}

static int read_plain(struct gz *gz, void *p, size_t n, size_t *ret_n, struct err *err) {
    if (gz->at < gz->n) { /* what was read to decide */
        size_t have = gz->n - gz->at < n ? gz->n - gz->at : n;
        memcpy(p, gz->input + gz->at, have);
        gz->at += have;
        *ret_n = have;
        return 0;
    }
    return read_once(gz, p, n, ret_n, err);
}

static int read_gzip(struct gz *gz, void *p, size_t n, size_t *ret_n, struct err *err) {
    int rc = 0;
    if (gz->state == GZ_IN_MEMBER) {
        /* Output may be waiting inside inflate even when no input is left. */
        rc = inflate_some(gz, p, n, ret_n, err);
        if (rc != 0 || *ret_n > 0 || gz->state != GZ_IN_MEMBER) return rc;
    }
    rc = refill(gz, err);
    if (rc != 0) return rc;
    if (gz->at_end && gz->state == GZ_IN_MEMBER) {
        return err_set(err, ERR_CORRUPT, "gzip data is cut short after %llu bytes", (unsigned long long)gz->taken);
    }
    return gz->state == GZ_IN_MEMBER ? inflate_some(gz, p, n, ret_n, err) : 0;
}

static int read_some(struct gz *gz, void *p, size_t n, size_t *ret_n, struct err *err) {
    size_t got = 0;
    int rc = 0;
    gz->at_end = false;
    if (gz->state == GZ_UNDECIDED) rc = refill(gz, err);
    if (rc == 0) rc = decide(gz, err);
    if (rc == 0 && gz->state == GZ_IS_PLAIN) {
        rc = read_plain(gz, p, n, &got, err);
    } else if (rc == 0 && gz->state != GZ_UNDECIDED) {
        rc = read_gzip(gz, p, n, &got, err);
        if (rc == 0 && gz->at_end) {
            rc = decide(gz, err); /* a lone byte after the last member is seen only now */
        }
    }
    if (rc != 0) return rc;
    if (got > gz->max - gz->given) {
        return err_set(err, ERR_LIMIT, "content is larger than %llu bytes", (unsigned long long)gz->max);
    }
    gz->given += got;
    *ret_n = got;
    return 0;
}

int gz_read(struct gz *gz, void *p, size_t n, size_t *ret_n, struct err *err) {
    size_t left = gz->held_n - gz->held_at;
    if (left == 0) return read_some(gz, p, n, ret_n, err);
    *ret_n = left < n ? left : n;
    memcpy(p, gz->held + gz->held_at, *ret_n);
    gz->held_at += *ret_n;
    return 0;
}

int gz_peek(struct gz *gz, const volatile sig_atomic_t *stop, struct bytes *ret, struct err *err) {
    size_t got = 0;
    int rc = 0;
    gz->held = gz->held != NULL ? gz->held : malloc(GZ_BLOCK);
    if (gz->held == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    while (rc == 0 && got == 0 && !gz->at_end && !(stop != NULL && *stop != 0)) {
        rc = read_some(gz, gz->held, GZ_BLOCK, &got, err);
    }
    gz->held_n = got;
    *ret = (struct bytes){gz->held, got};
    return rc;
}

/* ---- pushed ------------------------------------------------------------------------------------------------------- */

#define PUSH_FREE_BYTES ((uint64_t)1 << 20)
#define PUSH_RATIO      200
#define MEMBER_FIRST    0x1f

struct gz_push {
    z_stream z;
    bool ended;
    uint64_t taken, given;
    uint8_t block[GZ_BLOCK]; /* zlib wants its input to be writable */
};

int gz_push_new(struct gz_push **ret, struct err *err) {
    struct gz_push *push = calloc(1, sizeof(*push));
    if (push == NULL || inflateInit2(&push->z, 15 + 16) != Z_OK) {
        free(push);
        return err_set(err, ERR_NOMEM, "gzip: out of memory");
    }
    *ret = push;
    return 0;
}

void gz_push_free(struct gz_push *push) {
    if (push != NULL) {
        inflateEnd(&push->z);
        free(push);
    }
}

/* Room for the next piece of output; NULL on the buffer's failure. */
static uint8_t *push_room(struct buf *out, size_t *ret_n) {
    size_t left = out->max - out->n;
    *ret_n = left < GZ_BLOCK ? left : GZ_BLOCK;
    return *ret_n == 0 ? buf_room(out, 1) : buf_room(out, *ret_n);
}

/* One call of inflate. 1: it needs more input. */
static int push_some(struct gz_push *push, struct buf *out, struct err *err) {
    size_t room;
    uint8_t *p = push_room(out, &room), *input = push->z.next_in;
    if (p == NULL) return buf_check(out, "what gzip decodes to", err);
    push->z.next_out = p;
    push->z.avail_out = (uInt)room;
    int z = inflate(&push->z, Z_NO_FLUSH);
    size_t got = room - push->z.avail_out;
    out->n += got;
    push->given += got;
    push->taken += (uint64_t)(push->z.next_in - input);
    push->ended = z == Z_STREAM_END;
    if (push->given > PUSH_FREE_BYTES && push->given / PUSH_RATIO > push->taken) {
        return err_set(err, ERR_LIMIT, "gzip data decodes to more than %d times its size", PUSH_RATIO);
    }
    switch (z) {
    case Z_STREAM_END:
    case Z_OK:
        return push->z.avail_out > 0 && push->z.avail_in == 0 ? 1 : 0;
    case Z_BUF_ERROR:
        return 1;
    case Z_MEM_ERROR:
        return err_set(err, ERR_NOMEM, "gzip: out of memory");
    default:
        return err_set(err, ERR_CORRUPT, "gzip data is damaged near byte %llu: %s", (unsigned long long)push->taken,
                       push->z.msg != NULL ? push->z.msg : "not a deflate stream");
    }
}

int gz_push(struct gz_push *push, const void *p, size_t n, struct buf *out, struct err *err) {
    const uint8_t *from = p;
    while (n > 0) {
        uInt piece = n > GZ_BLOCK ? (uInt)GZ_BLOCK : (uInt)n;
        memcpy(push->block, from, piece);
        push->z.next_in = push->block;
        push->z.avail_in = piece;
        from += piece;
        n -= piece;
        for (int rc = 0; rc == 0;) {
            if (push->ended && push->z.avail_in > 0) {
                if (*push->z.next_in != MEMBER_FIRST || inflateReset(&push->z) != Z_OK) {
                    return err_set(err, ERR_CORRUPT, "gzip data is followed by something else after byte %llu",
                                   (unsigned long long)push->taken);
                }
                push->ended = false; /* another member */
            }
            rc = push->ended ? 1 : push_some(push, out, err);
            if (rc < 0) return rc;
        }
    }
    return 0;
}

int gz_push_end(const struct gz_push *push, struct err *err) {
    return push->ended
               ? 0
               : err_set(err, ERR_CORRUPT, "gzip data is cut short after %llu bytes", (unsigned long long)push->taken);
}
