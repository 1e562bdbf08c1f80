/* Rows are sorted by their bytes, because their order is not guaranteed. */
#include "bench/answer.h"

#include <stdlib.h>
#include <string.h>

#define SHOWN 150 /* bytes of a row that a message shows */

void answer_put(struct buf *out, const struct query_value *v) {
    switch (v->type) {
    case QUERY_INT:
        buf_printf(out, "%lld", (long long)v->int_);
        break;
    case QUERY_REAL:
        buf_printf(out, "%.17g", v->real);
        break;
    case QUERY_TEXT:
        buf_put_bytes(out, v->text);
        break;
    default:
        break;
    }
    buf_put_u8(out, '|');
}

void answer_end_row(struct buf *out) {
    buf_put_u8(out, '\n');
}

static int by_text(const void *a, const void *b) {
    return bytes_cmp(*(const struct bytes *)a, *(const struct bytes *)b);
}

static struct bytes *lines_of(const struct buf *text, size_t *ret_n) {
    size_t n = 0, at = 0;
    for (size_t i = 0; i < text->n; i++) {
        n += text->p[i] == '\n';
    }
    struct bytes *line = malloc((n + 1) * sizeof(*line));
    for (size_t i = 0; line != NULL && i < n; i++) {
        const uint8_t *begin = text->p + at, *end = memchr(begin, '\n', text->n - at);
        line[i] = (struct bytes){begin, (size_t)(end - begin)};
        at += line[i].n + 1;
    }
    if (line != NULL) {
        qsort(line, n, sizeof(*line), by_text);
    }
    *ret_n = n;
    return line;
}

int answer_compare(const struct buf *ours, const struct buf *theirs, const char *what, struct err *err) {
    size_t n = 0, m = 0, i = 0;
    int rc = buf_check(ours, what, err);
    if (rc == 0) rc = buf_check(theirs, what, err);
    struct bytes *a = lines_of(ours, &n), *b = lines_of(theirs, &m);
    if (rc == 0 && (a == NULL || b == NULL)) rc = err_set(err, ERR_NOMEM, "out of memory");
    while (rc == 0 && i < n && i < m && bytes_eq(a[i], b[i])) {
        i++;
    }
    if (rc == 0 && (i < n || i < m || n == 0)) {
        struct bytes x = i < n ? a[i] : bytes_of("(no row)"), y = i < m ? b[i] : bytes_of("(no row)");
        rc = err_set(err, ERR_CORRUPT, "%s: the ledger gives %zu rows, SQLite %zu; the first that differs: %.*s; %.*s",
                     what, n, m, (int)(x.n < SHOWN ? x.n : SHOWN), (const char *)x.p, (int)(y.n < SHOWN ? y.n : SHOWN),
                     (const char *)y.p);
    }
    free(a);
    free(b);
    return rc;
}
