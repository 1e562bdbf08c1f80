/* Lines end in LF, CRLF or CR. An event ends with an empty line; what the stream ends with is none. */
#include "capture/streamable/sse.h"

#include <stdio.h>

void sse_init(struct sse *s, size_t max, atomic_llong *left, sse_fn *take, void *ctx) {
    memset(s, 0, sizeof(*s));
    held_init(&s->line, max, left);
    held_init(&s->data, max, left);
    s->take = take;
    s->ctx = ctx;
}

void sse_done(struct sse *s) {
    if (s->take == NULL) return;
    held_done(&s->line);
    held_done(&s->data);
}

static void copy(char *to, size_t size, struct bytes value) {
    if (value.n < size) {
        bytes_copy(to, value);
        to[value.n] = '\0';
    }
}

/* Digits alone, as the standard has it. */
static bool is_number(struct bytes value) {
    for (size_t i = 0; i < value.n; i++) {
        if (value.p[i] < '0' || value.p[i] > '9') return false;
    }
    return value.n > 0;
}

static void skip(struct sse *s) {
    s->skipped += s->line.body.n + s->data.body.n;
    s->skips = true;
    buf_done(&s->line.body);
    buf_done(&s->data.body);
}

static int end_event(struct sse *s, struct err *err) {
    struct sse_event event = {.data = bytes_of_buf(&s->data.body),
                              .id = bytes_of(s->id),
                              .type = bytes_of(s->type),
                              .retry = bytes_of(s->retry),
                              .has_data = s->has_data,
                              .has_id = s->has_id};
    bool any = s->has_data || s->has_id || s->retry[0] != '\0';
    int rc = any && !s->skips ? s->take(s->ctx, &event, err) : 0;
    buf_clear(&s->data.body);
    s->type[0] = s->retry[0] = s->id[0] = '\0';
    s->has_data = s->has_id = s->skips = false;
    return rc;
}

static void take_field(struct sse *s, struct bytes line) {
    struct err why = {0};
    const uint8_t *colon = bytes_find(line, ':');
    struct bytes name = {line.p, colon != NULL ? (size_t)(colon - line.p) : line.n};
    struct bytes value = colon != NULL ? (struct bytes){colon + 1, line.n - name.n - 1} : (struct bytes){0};
    if (value.n > 0 && value.p[0] == ' ') value = (struct bytes){value.p + 1, value.n - 1};
    if (bytes_is(name, "data")) {
        int rc = s->has_data ? held_put(&s->data, bytes_of("\n"), &why) : 0;
        if (rc == 0) rc = held_put(&s->data, value, &why);
        s->has_data = true;
        if (rc != 0) skip(s);
    } else if (bytes_is(name, "event")) {
        copy(s->type, sizeof(s->type), value);
    } else if (bytes_is(name, "id") && bytes_find(value, '\0') == NULL) {
        copy(s->id, sizeof(s->id), value);
        s->has_id = value.n <= SSE_WORD_MAX;
    } else if (bytes_is(name, "retry") && is_number(value)) {
        copy(s->retry, sizeof(s->retry), value);
    }
}

static int end_line(struct sse *s, struct bytes line, struct err *err) {
    static const uint8_t mark[] = {0xEF, 0xBB, 0xBF};
    if (!s->begun && bytes_starts(line, (struct bytes){mark, sizeof(mark)})) {
        line = (struct bytes){line.p + sizeof(mark), line.n - sizeof(mark)};
    }
    s->begun = true;
    if (line.n == 0) return end_event(s, err);
    if (!s->skips && line.p[0] != ':') take_field(s, line);
    return 0;
}

/* The first line end in the bytes; NULL: none. */
static const uint8_t *find_end(struct bytes in) {
    const uint8_t *lf = bytes_find(in, '\n'),
                  *cr = bytes_find(lf != NULL ? (struct bytes){in.p, (size_t)(lf - in.p)} : in, '\r');
    return cr != NULL ? cr : lf;
}

/* A part of a line. Of what is skipped something stays, so that its line is not taken for an empty one. */
static void keep(struct sse *s, struct bytes part) {
    struct err why = {0};
    if (!s->skips && held_put(&s->line, part, &why) == 0) return;
    if (!s->skips) skip(s);
    s->skipped += part.n;
    if (s->line.body.n == 0) (void)held_put(&s->line, bytes_of(":"), &why);
}

int sse_put(struct sse *s, struct bytes in, struct err *err) {
    int rc = 0;
    if (s->after_cr && in.n > 0 && in.p[0] == '\n') in = (struct bytes){in.p + 1, in.n - 1};
    if (in.n > 0) s->after_cr = false;
    while (rc == 0 && in.n > 0) {
        const uint8_t *end = find_end(in);
        size_t n = end != NULL ? (size_t)(end - in.p) : in.n;
        struct bytes line = {in.p, n};
        bool whole = end != NULL && s->line.body.n == 0; /* it need not be copied */
        if (!whole && n > 0) keep(s, line);
        if (end == NULL) break;
        rc = end_line(s, whole ? line : bytes_of_buf(&s->line.body), err);
        buf_clear(&s->line.body);
        size_t used = n + 1;
        if (*end == '\r' && used < in.n && in.p[used] == '\n') {
            used++;
        } else if (*end == '\r' && used == in.n) {
            s->after_cr = true;
        }
        in = (struct bytes){in.p + used, in.n - used};
    }
    return rc;
}

void sse_write(struct buf *out, const struct sse_event *as, struct bytes text) {
    if (as->type.n > 0 && !bytes_is(as->type, "message")) {
        buf_put_str(out, "event: ");
        buf_put_bytes(out, as->type);
        buf_put_str(out, "\n");
    }
    if (as->has_id) {
        buf_put_str(out, "id: ");
        buf_put_bytes(out, as->id);
        buf_put_str(out, "\n");
    }
    if (as->retry.n > 0) {
        buf_put_str(out, "retry: ");
        buf_put_bytes(out, as->retry);
        buf_put_str(out, "\n");
    }
    buf_put_str(out, "data: ");
    buf_put_bytes(out, text);
    buf_put_str(out, "\n\n");
}
