/* zstd: one frame per record.
 *
 * Contexts are large and slow to make, so each thread keeps one of each; a pthread key's destructor frees them. What comes
 * from disk or from strangers is judged by the frame's header before anything is allocated: the content size must be
 * declared and bounded, the window small, and the frame must end where its bytes end. */
#define ZSTD_STATIC_LINKING_ONLY /* ZSTD_getFrameHeader, ZSTD_d_forceIgnoreChecksum */
#include "base/zst.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>
#include <zstd_errors.h>

/* The largest window that levels up to LEVEL_MAX use; larger ones come from elsewhere and only cost memory. */
#define WINDOW_LOG_MAX 23
#define LEVEL_MAX      19

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

/* This thread's contexts, NULL on no memory. */
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
    if (c == NULL || c->decompress == NULL) {
        return NULL;
    }
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
    if (ctx == NULL) {
        return err_set(err, ERR_NOMEM, "compressing: out of memory");
    }
    size_t rc = ZSTD_CCtx_reset(ctx, ZSTD_reset_session_and_parameters);
    if (!ZSTD_isError(rc)) {
        rc = ZSTD_CCtx_setParameter(ctx, ZSTD_c_compressionLevel, level);
    }
    if (!ZSTD_isError(rc)) {
        rc = ZSTD_CCtx_setParameter(ctx, ZSTD_c_checksumFlag, 1);
    }
    if (ZSTD_isError(rc)) {
        return err_set(err, ERR_NOMEM, "compressing: %s", ZSTD_getErrorName(rc));
    }
    uint8_t *dst = buf_room(out, ZSTD_compressBound(plain.n));
    if (dst == NULL) {
        return buf_check(out, "compressed data", err);
    }
    rc = ZSTD_compress2(ctx, dst, ZSTD_compressBound(plain.n), plain.p, plain.n);
    if (ZSTD_isError(rc)) {
        return err_set(err, ERR_NOMEM, "compressing: %s", ZSTD_getErrorName(rc));
    }
    out->n += rc;
    return 0;
}

int zst_compress(struct buf *out, struct bytes plain, int level, struct err *err) {
    if (level < ZSTD_minCLevel() || level > LEVEL_MAX) {
        return err_set(err, ERR_INVALID, "compression level %d; accepted are %d to %d", level, ZSTD_minCLevel(), LEVEL_MAX);
    }
    size_t bound = ZSTD_compressBound(plain.n);
    if (ZSTD_isError(bound) || bound < plain.n) {
        return err_set(err, ERR_LIMIT, "compressing: %zu bytes are too many", plain.n);
    }
    if (out->fail != 0 || bound <= out->max - out->n) {
        return compress_directly(out, plain, level, err);
    }
    /* zstd wants room for the worst case; a buf that cannot give it may still hold what comes out. */
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

/* What the frame declares about itself is believed only after this: *ret_size is its content size. */
static int check_frame(struct bytes frame, size_t max, size_t *ret_size, struct err *err) {
    ZSTD_frameHeader head;
    size_t rc = ZSTD_getFrameHeader(&head, frame.p, frame.n);
    if (ZSTD_isError(rc)) {
        return err_set(err, ERR_CORRUPT, "compressed data: %s", ZSTD_getErrorName(rc));
    }
    if (rc != 0) {
        return err_set(err, ERR_CORRUPT, "compressed data: cut short in the frame header");
    }
    if (head.frameType != ZSTD_frame) {
        return err_set(err, ERR_CORRUPT, "compressed data: a skippable frame");
    }
    if (head.frameContentSize == ZSTD_CONTENTSIZE_UNKNOWN) {
        return err_set(err, ERR_CORRUPT, "compressed data: the content size is not declared");
    }
    if (head.frameContentSize > max) {
        return err_set(err, ERR_CORRUPT, "compressed data: %llu bytes declared; at most %zu are accepted",
                       (unsigned long long)head.frameContentSize, max);
    }
    /* A frame of one segment has its content as its window, and that is bounded already. */
    if (head.windowSize > head.frameContentSize && head.windowSize > 1ULL << WINDOW_LOG_MAX) {
        return err_set(err, ERR_CORRUPT, "compressed data: a window of %llu bytes; at most %llu are accepted",
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
    if (rc != 0) {
        return rc;
    }
    ZSTD_DCtx *ctx = decompress_context(false);
    if (ctx == NULL) {
        return err_set(err, ERR_NOMEM, "decompressing: out of memory");
    }
    uint8_t *dst = buf_room(out, size);
    if (dst == NULL) {
        return buf_check(out, "decompressed data", err);
    }
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

/* zstd does not say how far it came when it fails, and most records are one block. So a frame that fails is decoded twice
 * over two different fillings: where the results first differ, nothing was written. (The decoder may have written a few
 * bytes of garbage past the last good one; who salvages compares hashes anyway.) */
int zst_salvage(struct buf *out, struct bytes frame, size_t max) {
    ZSTD_DCtx *ctx = decompress_context(true);
    if (ctx == NULL) {
        return ERR_NOMEM;
    }
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
    if (buf_put(out, a, n < room ? n : room) == ERR_NOMEM) {
        rc = ERR_NOMEM;
    }
out:
    free(a);
    free(b);
    return rc;
}
