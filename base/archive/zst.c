/* zstd: one frame per record.
 *
 * Contexts are large and slow to make, so each thread keeps one of each; a pthread key's destructor frees them. Data
 * from disk or from strangers is judged by the frame's header before anything is allocated: the content size must be
 * declared and bounded, the window small, and the frame must end where its bytes end. */
#define ZSTD_STATIC_LINKING_ONLY /* ZSTD_getFrameHeader, ZSTD_d_forceIgnoreChecksum */
#include "base/archive/zst.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>
#include <zstd_errors.h>

/* The largest window that levels up to LEVEL_MAX use; a larger one was made by another program and only costs memory. */
#define WINDOW_LOG_MAX  23
#define FRAME_FIRST     0x28 /* byte of a frame that holds content */
#define FRAME_FLAGS_AT  4    /* after the magic */
#define FRAME_CHECKSUM  0x04
#define LEVEL_MAX       19
#define PUSH_BLOCK      ((size_t)64 << 10)
#define PUSH_FREE_BYTES ((uint64_t)1 << 20)
#define PUSH_RATIO      200

struct contexts {
    ZSTD_CCtx *compress;
    ZSTD_DCtx *decompress;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static bool key_made; /* written once, under `once` */

static void contexts_free(void *p) {
    struct contexts *c = p;
    ZSTD_freeCCtx(c->compress);
    ZSTD_freeDCtx(c->decompress);
    free(c);
}

static void make_key(void) {
    key_made = pthread_key_create(&key, contexts_free) == 0;
}

/* This thread's contexts; NULL when out of memory. */
static struct contexts *contexts(void) {
    pthread_once(&once, make_key);
    struct contexts *c = key_made ? pthread_getspecific(key) : NULL;
    if (c == NULL && key_made) {
        c = calloc(1, sizeof(*c));
        if (c != NULL && pthread_setspecific(key, c) != 0) {
            free(c);
            c = NULL;
        }
    }
    return c;
}

static ZSTD_CCtx *compress_context(void) {
    struct contexts *c = contexts();
    if (c != NULL && c->compress == NULL) {
        c->compress = ZSTD_createCCtx();
    }
    return c == NULL ? NULL : c->compress;
}

static ZSTD_DCtx *decompress_context(bool ignore_checksum) {
    struct contexts *c = contexts();
    if (c != NULL && c->decompress == NULL) {
        c->decompress = ZSTD_createDCtx();
    }
    if (c == NULL || c->decompress == NULL) return NULL;
    size_t rc = ZSTD_DCtx_reset(c->decompress, ZSTD_reset_session_and_parameters);
    if (!ZSTD_isError(rc)) {
        rc = ZSTD_DCtx_setParameter(c->decompress, ZSTD_d_windowLogMax, WINDOW_LOG_MAX);
    }
    if (!ZSTD_isError(rc) && ignore_checksum) {
        rc = ZSTD_DCtx_setParameter(c->decompress, ZSTD_d_forceIgnoreChecksum, ZSTD_d_ignoreChecksum);
    }
    return ZSTD_isError(rc) ? NULL : c->decompress;
}

static int compress_directly(struct buf *out, struct bytes plain, int level, struct err *err) {
    ZSTD_CCtx *ctx = compress_context();
    if (ctx == NULL) return err_set(err, ERR_NOMEM, "compressing: out of memory");
    size_t rc = ZSTD_CCtx_reset(ctx, ZSTD_reset_session_and_parameters);
    if (!ZSTD_isError(rc)) rc = ZSTD_CCtx_setParameter(ctx, ZSTD_c_compressionLevel, level);
    if (!ZSTD_isError(rc)) rc = ZSTD_CCtx_setParameter(ctx, ZSTD_c_checksumFlag, 1);
    if (ZSTD_isError(rc)) return err_set(err, ERR_NOMEM, "compressing: %s", ZSTD_getErrorName(rc));
    uint8_t *dst = buf_room(out, ZSTD_compressBound(plain.n));
    if (dst == NULL) return buf_check(out, "compressed data", err);
    rc = ZSTD_compress2(ctx, dst, ZSTD_compressBound(plain.n), plain.p, plain.n);
    if (ZSTD_isError(rc)) return err_set(err, ERR_NOMEM, "compressing: %s", ZSTD_getErrorName(rc));
    out->n += rc;
    return 0;
}

int zst_compress(struct buf *out, struct bytes plain, int level, struct err *err) {
    if (level < ZSTD_minCLevel() || level > LEVEL_MAX) {
        return err_set(err, ERR_INVALID, "compression level %d; expected %d to %d", level, ZSTD_minCLevel(), LEVEL_MAX);
    }
    size_t bound = ZSTD_compressBound(plain.n);
    if (ZSTD_isError(bound) || bound < plain.n) {
        return err_set(err, ERR_LIMIT, "compressing: %zu bytes are too many", plain.n);
    }
    if (out->fail != 0 || bound <= out->max - out->n) {
        return compress_directly(out, plain, level, err);
    }
    /* zstd wants room for the worst case; a buf that cannot grow that far may still hold the actual output. */
    struct buf aside;
    buf_init(&aside, bound);
    int rc = compress_directly(&aside, plain, level, err);
    if (rc == 0) {
        buf_put_bytes(out, bytes_of_buf(&aside));
        rc = buf_check(out, "compressed data", err);
    }
    buf_done(&aside);
    return rc;
}

/* A frame's own claims are used only after this check: *ret_size is its content size. */
static int check_frame(struct bytes frame, size_t max, size_t *ret_size, struct err *err) {
    ZSTD_frameHeader head;
    size_t rc = ZSTD_getFrameHeader(&head, frame.p, frame.n);
    if (ZSTD_isError(rc)) {
        return err_set(err, ERR_CORRUPT, "compressed data: %s", ZSTD_getErrorName(rc));
    }
    if (rc != 0) return err_set(err, ERR_CORRUPT, "compressed data: cut short in the frame header");
    if (head.frameType != ZSTD_frame) {
        return err_set(err, ERR_CORRUPT, "compressed data: a skippable frame");
    }
    if (head.frameContentSize == ZSTD_CONTENTSIZE_UNKNOWN) {
        return err_set(err, ERR_CORRUPT, "compressed data: the content size is not declared");
    }
    if (head.frameContentSize > max) {
        return err_set(err, ERR_CORRUPT, "compressed data: %llu bytes declared; expected at most %zu",
                       (unsigned long long)head.frameContentSize, max);
    }
    /* The window of a single-segment frame is its content, which is bounded already. */
    if (head.windowSize > head.frameContentSize && head.windowSize > 1ULL << WINDOW_LOG_MAX) {
        return err_set(err, ERR_CORRUPT, "compressed data: a window of %llu bytes; expected at most %llu",
                       (unsigned long long)head.windowSize, 1ULL << WINDOW_LOG_MAX);
    }
    rc = ZSTD_findFrameCompressedSize(frame.p, frame.n);
    if (ZSTD_isError(rc)) {
        return err_set(err, ERR_CORRUPT, "compressed data: %s", ZSTD_getErrorName(rc));
    }
    if (rc != frame.n) {
        return err_set(err, ERR_CORRUPT, "compressed data: %zu bytes after the frame's end", frame.n - rc);
    }
    *ret_size = (size_t)head.frameContentSize;
    return 0;
}

int zst_decompress(struct buf *out, struct bytes frame, size_t max, struct err *err) {
    size_t size = 0;
    int rc = check_frame(frame, max, &size, err);
    if (rc != 0) return rc;
    ZSTD_DCtx *ctx = decompress_context(false);
    if (ctx == NULL) return err_set(err, ERR_NOMEM, "decompressing: out of memory");
    uint8_t *dst = buf_room(out, size);
    if (dst == NULL) return buf_check(out, "decompressed data", err);
    size_t n = ZSTD_decompressDCtx(ctx, dst, size, frame.p, frame.n);
    if (ZSTD_isError(n)) {
        return ZSTD_getErrorCode(n) == ZSTD_error_memory_allocation
                   ? err_set(err, ERR_NOMEM, "decompressing: out of memory")
                   : err_set(err, ERR_CORRUPT, "compressed data: %s", ZSTD_getErrorName(n));
    }
    if (n != size) {
        return err_set(err, ERR_CORRUPT, "compressed data: %zu bytes declared, %zu found", size, n);
    }
    out->n += n;
    return 0;
}

uint64_t zst_declared(struct bytes frame) {
    unsigned long long size = ZSTD_getFrameContentSize(frame.p, frame.n);
    return size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN ? 0 : size;
}

/* When it fails, zstd does not say how far it got, and most records are one block. So a frame that fails is decoded
 * twice over two different fillings: where the results first differ, nothing was written. (The decoder may have written
 * a few bytes of garbage after the last good one; salvaging compares hashes anyway.) */
int zst_salvage(struct buf *out, struct bytes frame, size_t max) {
    ZSTD_DCtx *ctx = decompress_context(true);
    if (ctx == NULL) return ERR_NOMEM;
    if (out->fail == ERR_NOMEM || frame.n == 0 || max == 0) {
        return out->fail == ERR_NOMEM ? ERR_NOMEM : 0;
    }
    int rc = 0;
    uint8_t *a = malloc(max);
    uint8_t *b = malloc(max);
    if (a == NULL || b == NULL) {
        rc = ERR_NOMEM;
        goto out;
    }
    memset(a, 0x00, max);
    size_t n = ZSTD_decompressDCtx(ctx, a, max, frame.p, frame.n);
    if (ZSTD_isError(n)) {
        memset(b, 0xff, max);
        (void)ZSTD_decompressDCtx(ctx, b, max, frame.p, frame.n);
        for (n = 0; n < max && a[n] == b[n];) {
            n++;
        }
    }
    size_t room = out->fail != 0 ? 0 : out->max - out->n;
    if (buf_put(out, a, n < room ? n : room) == ERR_NOMEM) rc = ERR_NOMEM;
out:
    free(a);
    free(b);
    return rc;
}

/* ---- streams ---- */

struct zst_writer {
    ZSTD_CCtx *ctx;
    zst_write_fn *write;
    void *write_ctx;
    size_t room;
    uint8_t *out;
};

int zst_writer_new(int level, bool aside, zst_write_fn *write, void *ctx, struct zst_writer **ret, struct err *err) {
    struct zst_writer *w = calloc(1, sizeof(*w));
    if (w != NULL) {
        *w = (struct zst_writer){.ctx = ZSTD_createCCtx(), .write = write, .write_ctx = ctx, .room = ZSTD_CStreamOutSize()};
        w->out = malloc(w->room);
    }
    if (w == NULL || w->ctx == NULL || w->out == NULL ||
        ZSTD_isError(ZSTD_CCtx_setParameter(w->ctx, ZSTD_c_compressionLevel, level)) ||
        ZSTD_isError(ZSTD_CCtx_setParameter(w->ctx, ZSTD_c_checksumFlag, 1))) {
        zst_writer_free(w);
        return err_set(err, ERR_NOMEM, "out of memory");
    }
    if (aside) {
        (void)ZSTD_CCtx_setParameter(w->ctx, ZSTD_c_nbWorkers, 1);
    }
    *ret = w;
    return 0;
}

static int compress_on(struct zst_writer *w, struct bytes plain, ZSTD_EndDirective how, struct err *err) {
    ZSTD_inBuffer in = {plain.p, plain.n, 0};
    size_t left;
    do {
        ZSTD_outBuffer out = {w->out, w->room, 0};
        left = ZSTD_compressStream2(w->ctx, &out, &in, how);
        if (ZSTD_isError(left)) return err_set(err, ERR_NOMEM, "zstd: %s", ZSTD_getErrorName(left));
        int rc = out.pos == 0 ? 0 : w->write(w->write_ctx, (struct bytes){w->out, out.pos}, err);
        if (rc != 0) return rc;
    } while (how == ZSTD_e_end ? left > 0 : in.pos < in.size);
    return 0;
}

int zst_write(struct zst_writer *writer, struct bytes plain, struct err *err) {
    return compress_on(writer, plain, ZSTD_e_continue, err);
}

int zst_writer_end(struct zst_writer *writer, struct err *err) {
    return compress_on(writer, (struct bytes){0}, ZSTD_e_end, err);
}

void zst_writer_free(struct zst_writer *writer) {
    if (writer != NULL) {
        ZSTD_freeCCtx(writer->ctx);
        free(writer->out);
        free(writer);
    }
}

struct zst_reader {
    ZSTD_DCtx *ctx;
    zst_read_fn *read;
    void *read_ctx;
    uint8_t *in;
    size_t room;
    ZSTD_inBuffer at;
    uint64_t taken;
    uint64_t seen;           /* bytes of the current frame */
    bool ended, ended_input; /* the frame has ended; the input has ended */
};

int zst_reader_new(zst_read_fn *read, void *ctx, struct zst_reader **ret, struct err *err) {
    struct zst_reader *r = calloc(1, sizeof(*r));
    if (r != NULL) {
        *r = (struct zst_reader){.ctx = ZSTD_createDCtx(), .read = read, .read_ctx = ctx, .room = ZSTD_DStreamInSize()};
        r->in = malloc(r->room);
        r->at.src = r->in;
    }
    if (r == NULL || r->ctx == NULL || r->in == NULL ||
        ZSTD_isError(ZSTD_DCtx_setParameter(r->ctx, ZSTD_d_windowLogMax, WINDOW_LOG_MAX))) {
        zst_reader_free(r);
        return err_set(err, ERR_NOMEM, "out of memory");
    }
    *ret = r;
    return 0;
}

static int refill(struct zst_reader *r, struct err *err) {
    size_t n = 0;
    if (r->at.pos < r->at.size || r->ended_input) return 0;
    int rc = r->read(r->read_ctx, r->in, r->room, &n, err);
    if (rc == 0) {
        r->at = (ZSTD_inBuffer){r->in, n, 0};
        r->taken += n;
        r->ended_input = n == 0;
    }
    return rc;
}

/* Refuses what the library would accept at a frame's beginning: skippable frames, and those without a checksum. */
static int look_at_frame(struct zst_reader *r, struct err *err) {
    const uint8_t *next = r->in + r->at.pos;
    size_t n = r->at.size - r->at.pos;
    unsigned long long at = r->taken - n;
    if (r->seen == 0 && n > 0 && next[0] != FRAME_FIRST) {
        return err_set(err, ERR_CORRUPT, "%s, at byte %llu",
                       at == 0 ? "no compressed content" : "something follows the compressed content", at);
    }
    if (r->seen <= FRAME_FLAGS_AT && n > FRAME_FLAGS_AT - r->seen &&
        (next[FRAME_FLAGS_AT - r->seen] & FRAME_CHECKSUM) == 0) {
        return err_set(err, ERR_CORRUPT, "the compressed content has no checksum");
    }
    return 0;
}

/* The library's decoding. It decodes a frame at once, whatever its window, when it gets it whole; so it gets the first
 * byte alone. */
static size_t decode_on(struct zst_reader *r, ZSTD_outBuffer *out) {
    ZSTD_inBuffer in = r->at;
    if (r->seen == 0 && in.size > in.pos) {
        in.size = in.pos + 1;
    }
    size_t left = ZSTD_decompressStream(r->ctx, out, &in);
    r->seen = left == 0 ? 0 : r->seen + (in.pos - r->at.pos);
    r->at.pos = in.pos;
    return left;
}

int zst_read(struct zst_reader *reader, void *p, size_t n, size_t *ret_n, struct err *err) {
    ZSTD_outBuffer out = {p, n, 0};
    while (out.pos == 0 && n > 0) {
        int rc = refill(reader, err);
        if (rc == 0) rc = look_at_frame(reader, err);
        if (rc != 0) return rc;
        if (reader->ended && reader->ended_input) break;
        size_t before = reader->at.pos, left = decode_on(reader, &out);
        if (ZSTD_isError(left)) {
            return err_set(err, ZSTD_getErrorCode(left) == ZSTD_error_memory_allocation ? ERR_NOMEM : ERR_CORRUPT,
                           "zstd: %s", ZSTD_getErrorName(left));
        }
        reader->ended = left == 0;
        if (!reader->ended && reader->ended_input && out.pos == 0 && reader->at.pos == before) {
            return err_set(err, ERR_CORRUPT, "the compressed content is cut short");
        }
    }
    *ret_n = out.pos;
    return 0;
}

uint64_t zst_reader_taken(const struct zst_reader *reader) {
    return reader->taken;
}

void zst_reader_free(struct zst_reader *reader) {
    if (reader != NULL) {
        ZSTD_freeDCtx(reader->ctx);
        free(reader->in);
        free(reader);
    }
}

/* ---- pieces from strangers ---- */

struct zst_push {
    ZSTD_DCtx *ctx;
    bool ended;
    uint64_t taken, given, seen; /* seen: bytes of the current frame */
};

int zst_push_new(struct zst_push **ret, struct err *err) {
    struct zst_push *push = calloc(1, sizeof(*push));
    if (push != NULL) {
        push->ctx = ZSTD_createDCtx();
    }
    if (push == NULL || push->ctx == NULL ||
        ZSTD_isError(ZSTD_DCtx_setParameter(push->ctx, ZSTD_d_windowLogMax, WINDOW_LOG_MAX))) {
        zst_push_free(push);
        return err_set(err, ERR_NOMEM, "zstd: out of memory");
    }
    *ret = push;
    return 0;
}

void zst_push_free(struct zst_push *push) {
    if (push != NULL) {
        ZSTD_freeDCtx(push->ctx);
        free(push);
    }
}

/* One call of the library, which gets the first byte alone, as in decode_on. */
static int push_some(struct zst_push *push, ZSTD_inBuffer *in, struct buf *out, struct err *err) {
    size_t left = out->max - out->n, room = left < PUSH_BLOCK ? left : PUSH_BLOCK, all = in->size, before = in->pos;
    uint8_t *p = buf_room(out, room == 0 ? 1 : room);
    if (p == NULL) return buf_check(out, "what zstd decodes to", err);
    in->size = push->seen == 0 && in->pos < all ? in->pos + 1 : all;
    ZSTD_outBuffer piece = {p, room, 0};
    size_t rc = ZSTD_decompressStream(push->ctx, &piece, in);
    in->size = all;
    if (ZSTD_isError(rc)) {
        return err_set(err, ZSTD_getErrorCode(rc) == ZSTD_error_memory_allocation ? ERR_NOMEM : ERR_CORRUPT,
                       "zstd data is damaged near byte %llu: %s", (unsigned long long)push->taken, ZSTD_getErrorName(rc));
    }
    out->n += piece.pos;
    push->given += piece.pos;
    push->taken += in->pos - before;
    push->ended = rc == 0;
    push->seen = push->ended ? 0 : push->seen + (in->pos - before);
    if (push->given > PUSH_FREE_BYTES && push->given / PUSH_RATIO > push->taken) {
        return err_set(err, ERR_LIMIT, "zstd data decodes to more than %d times its size", PUSH_RATIO);
    }
    return in->pos == in->size && piece.pos < room ? 1 : 0;
}

int zst_push(struct zst_push *push, const void *p, size_t n, struct buf *out, struct err *err) {
    ZSTD_inBuffer in = {p, n, 0};
    if (push->taken == 0 && n > 0 && *(const uint8_t *)p != FRAME_FIRST) {
        return err_set(err, ERR_CORRUPT, "this is not zstd data");
    }
    for (int rc = 0; rc == 0;) {
        if (push->ended && in.pos < in.size && ((const uint8_t *)p)[in.pos] != FRAME_FIRST) {
            return err_set(err, ERR_CORRUPT, "zstd data is followed by something else after byte %llu",
                           (unsigned long long)push->taken);
        }
        rc = (push->ended && in.pos == in.size) || n == 0 ? 1 : push_some(push, &in, out, err);
        if (rc < 0) return rc;
    }
    return 0;
}

int zst_push_end(const struct zst_push *push, struct err *err) {
    return push->ended
               ? 0
               : err_set(err, ERR_CORRUPT, "zstd data is cut short after %llu bytes", (unsigned long long)push->taken);
}
