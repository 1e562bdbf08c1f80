/* A line that is complete in the piece is given without a copy; only the rest of a piece is kept. */
#include "base/rpc/line.h"

void rpc_lines_init(struct rpc_lines *lines) {
    memset(lines, 0, sizeof(*lines));
    buf_init(&lines->part, RPC_LINE_MAX);
}

void rpc_lines_done(struct rpc_lines *lines) {
    buf_done(&lines->part);
}

bool rpc_line_is_blank(const struct rpc_line *line) {
    size_t i = 0;
    while (i < line->text.n && (line->text.p[i] == ' ' || line->text.p[i] == '\t' || line->text.p[i] == '\r')) {
        i++;
    }
    return !line->too_long && i == line->text.n;
}

void rpc_lines_lose(struct rpc_lines *lines) {
    buf_clear(&lines->part);
    lines->skipped = 0;
    lines->lost = true;
}

/* The line is over: it is `part`, or what was skipped, and then `rest`. */
static int give(struct rpc_lines *lines, struct bytes rest, bool ended, rpc_line_fn *take, void *ctx, struct err *err) {
    struct rpc_line line = {.text = rest, .bytes = lines->skipped + lines->part.n + rest.n + ended, .ended = ended};
    int rc = 0;
    if (lines->skipped > 0 || lines->part.n + rest.n > RPC_LINE_MAX) {
        line.too_long = true;
        line.text = (struct bytes){0};
    } else if (lines->part.n > 0) {
        if (buf_put_bytes(&lines->part, rest) != 0) return buf_check(&lines->part, "a line", err);
        line.text = bytes_of_buf(&lines->part);
    }
    if (line.text.n > 0 && line.text.p[line.text.n - 1] == '\r') line.text.n--;
    if (!lines->lost) rc = take(ctx, &line, err);
    lines->lost = false;
    if (lines->part.cap > ((size_t)1 << 20)) {
        buf_done(&lines->part);
    }
    buf_clear(&lines->part);
    lines->skipped = 0;
    return rc;
}

int rpc_lines_put(struct rpc_lines *lines, struct bytes piece, rpc_line_fn *take, void *ctx, struct err *err) {
    int rc = 0;
    while (rc == 0 && piece.n > 0) {
        const uint8_t *lf = bytes_find(piece, '\n');
        if (lf == NULL) {
            if (lines->skipped > 0 || lines->part.n + piece.n > RPC_LINE_MAX) {
                lines->skipped += lines->part.n + piece.n;
                buf_done(&lines->part);
            } else {
                buf_put_bytes(&lines->part, piece);
                rc = buf_check(&lines->part, "a line", err);
            }
            break;
        }
        size_t n = (size_t)(lf - piece.p);
        rc = give(lines, (struct bytes){piece.p, n}, true, take, ctx, err);
        piece = (struct bytes){lf + 1, piece.n - n - 1};
    }
    return rc;
}

int rpc_lines_end(struct rpc_lines *lines, rpc_line_fn *take, void *ctx, struct err *err) {
    if (lines->part.n == 0 && lines->skipped == 0) return 0;
    return give(lines, (struct bytes){0}, false, take, ctx, err);
}
