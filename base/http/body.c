/* A body is mapped at its maximum size: only the pages it fills are allocated, growing copies nothing, and afterwards
 * the system gets all of it back. The buffer cannot grow, so nothing else happens to its memory. */
#include "base/http/body.h"

#include <sys/mman.h>

#define AT_ONCE ((size_t)256 << 10) /* the pages of a smaller body come in one call, not one by one */

static int map(struct buf *content, size_t max, bool known, struct err *err) {
    int at_once = known && max < AT_ONCE ? MAP_POPULATE : 0;
    void *p = mmap(NULL, max + 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | at_once, -1, 0);
    if (p == MAP_FAILED) return err_set(err, ERR_NOMEM, "out of memory");
    buf_init(content, max);
    content->p = p;
    content->cap = max;
    return 0;
}

int httpd_body_begin(struct httpd_body *body, const struct httpd_verdict *v, uint64_t max, struct err *err) {
    bool packed = v->coding != HTTPD_IDENTITY;
    *body = (struct httpd_body){.chunked = !v->has_length, .left = v->length, .max = max};
    bool known = v->has_length && !packed;
    int rc = map(&body->content, (size_t)(known ? v->length : max + 1), known, err);
    if (rc == 0 && v->coding == HTTPD_GZIP) rc = gz_push_new(&body->gz, err);
    if (rc == 0 && v->coding == HTTPD_ZSTD) rc = zst_push_new(&body->zst, err);
    if (rc != 0) {
        httpd_body_done(body);
    }
    return rc;
}

static int too_large(const struct httpd_body *body, struct err *err) {
    return err_set(err, ERR_LIMIT, "the body is too large; expected at most %llu bytes, decoded",
                   (unsigned long long)body->max);
}

static int put(struct httpd_body *body, struct bytes data, struct err *err) {
    bool packed = body->gz != NULL || body->zst != NULL;
    int rc = body->gz != NULL    ? gz_push(body->gz, data.p, data.n, &body->content, err)
             : body->zst != NULL ? zst_push(body->zst, data.p, data.n, &body->content, err)
                                 : buf_put_bytes(&body->content, data);
    bool over = body->content.n > body->max || (rc == ERR_LIMIT && !packed);
    return over ? too_large(body, err) : rc;
}

static int take_chunks(struct httpd_body *body, struct bytes *in, struct err *err) {
    for (;;) {
        struct bytes data;
        int rc = httpd_chunks_take(&body->chunks, in, &data, err);
        if (rc != 1) return rc == 2 ? 1 : rc;
        rc = put(body, data, err);
        if (rc != 0) return rc;
    }
}

static int take_length(struct httpd_body *body, struct bytes *in, struct err *err) {
    const struct bytes data = {in->p, in->n < body->left ? in->n : (size_t)body->left};
    int rc = data.n > 0 ? put(body, data, err) : 0;
    in->p += data.n;
    in->n -= data.n;
    body->left -= data.n;
    if (rc == 0) rc = body->left > 0;
    return rc;
}

int httpd_body_take(struct httpd_body *body, struct bytes *in, struct err *err) {
    int rc = body->chunked ? take_chunks(body, in, err) : take_length(body, in, err);
    if (rc == 0 && body->gz != NULL) rc = gz_push_end(body->gz, err);
    if (rc == 0 && body->zst != NULL) rc = zst_push_end(body->zst, err);
    return rc;
}

void httpd_body_done(struct httpd_body *body) {
    if (body->content.p != NULL) {
        munmap(body->content.p, body->content.max + 1);
    }
    gz_push_free(body->gz);
    zst_push_free(body->zst);
    *body = (struct httpd_body){.max = body->max};
}
