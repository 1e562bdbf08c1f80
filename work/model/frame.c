/* Frames out of pieces: an unfinished line waits in a buffer, an unfinished event in another. */
#include "work/model/frame.h"

void model_frames_init(struct model_frames *f, enum model_form form, size_t max, model_frame_fn *take, void *ctx) {
    *f = (struct model_frames){.form = form, .take = take, .ctx = ctx};
    buf_init(&f->line, max);
    buf_init(&f->data, max);
}

void model_frames_done(struct model_frames *f) {
    buf_done(&f->line);
    buf_done(&f->data);
}

static int keep(struct buf *buf, struct bytes piece, struct err *err) {
    if (buf_put_bytes(buf, piece) == 0) return 0;
    if (buf->fail == ERR_NOMEM) return err_set(err, ERR_NOMEM, "out of memory");
    return err_set(err, ERR_LIMIT, "one line or event of the answer has more than %zu bytes", buf->max);
}

static bool is_blank(struct bytes line) {
    size_t i = 0;
    while (i < line.n && (line.p[i] == ' ' || line.p[i] == '\t' || line.p[i] == '\r')) {
        i++;
    }
    return i == line.n;
}

/* Gives an event away, if it has data. */
static int give_event(struct model_frames *f, struct err *err) {
    bool has = f->has_data && f->data.n > 0;
    int rc = has ? f->take(f->ctx, bytes_of_buf(&f->data), f->of_error, err) : 0;
    buf_clear(&f->data);
    f->has_data = f->of_error = false;
    return rc;
}

static int take_field(struct model_frames *f, struct bytes line, struct err *err) {
    const uint8_t *colon = bytes_find(line, ':');
    struct bytes name = {line.p, colon != NULL ? (size_t)(colon - line.p) : line.n}, value = {NULL, 0};
    int rc = 0;
    if (colon != NULL) {
        value = (struct bytes){colon + 1, line.n - name.n - 1};
    }
    if (value.n > 0 && value.p[0] == ' ') {
        value = (struct bytes){value.p + 1, value.n - 1};
    }
    if (bytes_is(name, "error") && value.n > 0) return f->take(f->ctx, value, true, err);
    if (bytes_is(name, "event")) f->of_error = bytes_is(value, "error");
    if (!bytes_is(name, "data")) return 0;
    if (f->has_data) rc = keep(&f->data, bytes_of("\n"), err);
    if (rc == 0) rc = keep(&f->data, value, err);
    f->has_data = true;
    return rc;
}

static int take_line(struct model_frames *f, struct bytes line, struct err *err) {
    if (f->form == MODEL_LINES) {
        line.n -= line.n > 0 && line.p[line.n - 1] == '\r';
        return is_blank(line) ? 0 : f->take(f->ctx, line, false, err);
    }
    if (!f->begun && bytes_has_prefix(line, "\xef\xbb\xbf")) {
        line = (struct bytes){line.p + 3, line.n - 3};
    }
    f->begun = true;
    return line.n == 0 ? give_event(f, err) : take_field(f, line, err);
}

/* The first line end in it, or NULL. */
static const uint8_t *line_end(const struct model_frames *f, struct bytes in) {
    const uint8_t *lf = bytes_find(in, '\n');
    if (f->form == MODEL_LINES) return lf;
    const uint8_t *cr = bytes_find((struct bytes){in.p, lf != NULL ? (size_t)(lf - in.p) : in.n}, '\r');
    return cr != NULL ? cr : lf;
}

int model_frames_put(struct model_frames *f, struct bytes piece, struct err *err) {
    if (f->form == MODEL_WHOLE) return keep(&f->line, piece, err);
    int rc = 0;
    while (rc == 0 && piece.n > 0) {
        if (f->after_cr && piece.p[0] == '\n') { /* the second half of CRLF */
            piece = (struct bytes){piece.p + 1, piece.n - 1};
            f->after_cr = false;
            continue;
        }
        f->after_cr = false;
        const uint8_t *end = line_end(f, piece);
        size_t n = end != NULL ? (size_t)(end - piece.p) : piece.n;
        rc = keep(&f->line, (struct bytes){piece.p, n}, err);
        if (rc != 0 || end == NULL) break;
        f->after_cr = *end == '\r';
        rc = take_line(f, bytes_of_buf(&f->line), err);
        buf_clear(&f->line);
        piece = (struct bytes){end + 1, piece.n - n - 1};
    }
    return rc;
}

int model_frames_end(struct model_frames *f, struct err *err) {
    int rc = 0;
    if (f->form == MODEL_WHOLE)
        return is_blank(bytes_of_buf(&f->line)) ? 0 : f->take(f->ctx, bytes_of_buf(&f->line), false, err);
    if (f->line.n > 0) rc = take_line(f, bytes_of_buf(&f->line), err);
    buf_clear(&f->line);
    return rc == 0 && f->form == MODEL_EVENTS ? give_event(f, err) : rc;
}
