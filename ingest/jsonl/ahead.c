/* Lines in blocks: a block is copied out of the window and parsed on another thread (ingest/input/ahead.h) while this one
 * takes what was parsed before. Order, keys and places are the same as when lines are read one by one. */
#include <stdlib.h>
#include <string.h>

#include "ingest/input/ahead.h"
#include "ingest/jsonl/jsonl.h"

#define BLOCK_LINES 8192
#define BLOCK_BYTES ((size_t)4 << 20)
#define BLOCK_MAX   (BLOCK_BYTES + LINES_LINE_MAX)

struct block {
    struct jsonl_input *in;
    struct ahead *ahead;
    struct buf text;
    struct held_line {
        struct lines_line line; /* its text is at `at` of the block's text until the block is full */
        size_t at;
    } lines[BLOCK_LINES];
    size_t n;
};

/* Cannot be an event, and is not parsed. */
static bool is_no_event(const struct lines_line *line) {
    return line->too_long || jsonl_is_blank(line->text);
}

static struct bytes text_at(void *ctx, size_t i) {
    const struct block *b = ctx;
    const struct lines_line *line = &b->lines[i].line;
    return is_no_event(line) ? (struct bytes){NULL, 0} : line->text;
}

static int take(void *ctx, size_t i, int code, struct bytes mp, const char *why, struct err *err) {
    struct block *b = ctx;
    const struct lines_line *line = &b->lines[i].line;
    const struct jsonl_parsed parsed = {code, why, mp};
    return jsonl_take_parsed(b->in, line, is_no_event(line) ? NULL : &parsed, err);
}

static int hold(struct block *b, const struct lines_line *line, struct err *err) {
    struct held_line *held = &b->lines[b->n];
    held->line = *line;
    held->at = b->text.n;
    b->n++;
    buf_put_bytes(&b->text, line->text);
    return buf_check(&b->text, "reading lines", err);
}

/* Reads lines until the block is full. 1: the input has ended, or the stop flag is set. */
static int fill(struct block *b, struct err *err) {
    struct jsonl_input *in = b->in;
    struct lines_line line;
    int rc = 0;
    b->n = 0;
    buf_clear(&b->text);
    while (rc == 0 && b->n < BLOCK_LINES && b->text.n < BLOCK_BYTES && !intake_stopped(in->run)) {
        rc = lines_next(in->lines, -1, &line, err);
        if (rc == 0) {
            rc = hold(b, &line, err);
        } else if (rc < 0) {
            err_prefix(err, "%s", in->path);
        }
    }
    if (rc == 1 && b->n < BLOCK_LINES && lines_at_end(in->lines) && lines_rest(in->lines, &line) == 0) {
        int held = hold(b, &line, err);
        rc = held != 0 ? held : 1;
    }
    for (size_t i = 0; i < b->n; i++) {
        b->lines[i].line.text.p = b->text.p + b->lines[i].at;
    }
    return intake_stopped(in->run) && rc == 0 ? 1 : rc;
}

int jsonl_take_all(struct jsonl_input *in, struct err *err) {
    struct block *b = calloc(1, sizeof(*b));
    struct err why = {0};
    int read = 0, rc = b != NULL ? 0 : err_set(err, ERR_NOMEM, "reading lines: out of memory");
    if (rc == 0) {
        b->in = in;
        buf_init(&b->text, BLOCK_MAX);
        rc = ahead_new(&b->ahead, err);
    }
    while (rc == 0 && read == 0) {
        read = fill(b, &why);
        const struct ahead_work work = {b, b->n, text_at, take, NULL};
        rc = ahead_run(b->ahead, &work, err); /* also what is before a read error */
        intake_progress(in->run, gz_taken(lines_gz(in->lines)), in->total);
    }
    if (rc == 0 && read < 0) {
        rc = read;
        if (err != NULL) {
            *err = why;
        }
    }
    if (b != NULL) {
        ahead_free(b->ahead);
        buf_done(&b->text);
        free(b);
    }
    return rc;
}
