/* A line ends in LF or CR LF; blank ones are skipped. */
#include "base/http/cut.h"

#include <string.h>

void http_cut_init(struct http_cut *cut, size_t line_max) {
    buf_init(&cut->rest, line_max);
}

void http_cut_done(struct http_cut *cut) {
    buf_done(&cut->rest);
}

static int give(struct bytes line, http_cut_fn *take, void *ctx, struct err *err) {
    if (line.n > 0 && line.p[line.n - 1] == '\r') {
        line.n--;
    }
    return line.n == 0 || take(ctx, line, err) == 0 ? 0 : 1;
}

int http_cut_take(struct http_cut *cut, struct bytes data, http_cut_fn *take, void *ctx, struct err *err) {
    while (data.n > 0) {
        const uint8_t *end = memchr(data.p, '\n', data.n);
        size_t n = end != NULL ? (size_t)(end - data.p) : data.n;
        if (buf_put(&cut->rest, data.p, n) != 0) {
            return cut->rest.fail == ERR_NOMEM ? err_set(err, ERR_NOMEM, "HTTP: out of memory")
                                               : err_set(err, ERR_LIMIT, "a line of the answer exceeds the limit");
        }
        if (end == NULL) break;
        if (give(bytes_of_buf(&cut->rest), take, ctx, err) != 0) return 1;
        buf_clear(&cut->rest);
        data = (struct bytes){end + 1, data.n - n - 1};
    }
    return 0;
}

void http_cut_end(struct http_cut *cut, http_cut_fn *take, void *ctx, struct err *err) {
    if (cut->rest.n > 0) {
        (void)give(bytes_of_buf(&cut->rest), take, ctx, err);
    }
}
