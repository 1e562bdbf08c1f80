/* The form of the lines is docs/bundle.md. Each is short but for payloads and private fields, which go out as they are
 * encoded. */
#include "export/lines.h"

#include <string.h>

#include "base/json.h"
#include "base/mp.h"
#include "base/text.h"
#include "export/sink.h"
#include "ledger/reader.h"

#define PIECE_MAX ((size_t)4 << 20) /* base64 of a payload or a private field, and what is around it */

void lines_init(struct lines *lines) {
    *lines = (struct lines){0};
    buf_init(&lines->kept, LINES_KEPT_MAX + PIECE_MAX);
    buf_init(&lines->piece, PIECE_MAX);
}

void lines_clear(struct lines *lines) {
    buf_clear(&lines->kept);
    lines->size = lines->passed = 0;
    lines->over = false;
    lines->sink = NULL;
}

void lines_done(struct lines *lines) {
    buf_done(&lines->kept);
    buf_done(&lines->piece);
}

/* Where the next piece is put. */
static struct buf *room(struct lines *l) {
    return l->sink == NULL && !l->over ? &l->kept : &l->piece;
}

/* A piece is complete, and goes where it belongs. */
static int pass_on(struct lines *l, struct err *err) {
    struct buf *b = room(l);
    int rc = buf_check(b, "a line of the bundle", err);
    if (rc != 0) {
        return rc;
    }
    if (b == &l->kept) {
        l->size += b->n - l->passed;
        l->passed = b->n;
        l->over = b->n > LINES_KEPT_MAX;
    } else {
        l->size += b->n;
        rc = l->sink != NULL ? sink_put(l->sink, bytes_of_buf(b), err) : 0;
        buf_clear(b);
    }
    return rc;
}

/* "name":"<base64>" */
static void put_base64(struct buf *out, const char *name, struct bytes bytes) {
    buf_put_u8(out, '"');
    buf_put_str(out, name);
    buf_put_str(out, "\":\"");
    text_base64(out, bytes.p, bytes.n);
    buf_put_u8(out, '"');
}

static void put_hashes(struct buf *out, const char *name, const struct merkle_proof *proof) {
    buf_printf(out, "\"%s\":[", name);
    for (size_t i = 0; i < proof->n; i++) {
        buf_put_str(out, i == 0 ? "\"" : ",\"");
        text_base64(out, proof->hash[i], MERKLE_HASH);
        buf_put_u8(out, '"');
    }
    buf_put_u8(out, ']');
}

/* ---- private fields ---- */

struct putting {
    struct lines *lines;
    const struct cut *cut;
    bool first;
};

static int put_field(void *ctx, const struct private_field *f, struct err *err) {
    struct putting *p = ctx;
    struct buf *out = room(p->lines), field;
    buf_put_str(out, p->first ? "{" : ",{");
    p->first = false;
    if (f->erased || !cut_discloses_field(p->cut, f->name)) {
        put_base64(out, "digest", (struct bytes){f->digest, EVENT_HASH});
        buf_put_u8(out, '}');
        return pass_on(p->lines, err);
    }
    buf_init(&field, EVENT_PRIVATE_MAX + 64);
    mp_put_array(&field, 2);
    mp_put_str(&field, f->name);
    buf_put_bytes(&field, f->value);
    int rc = buf_check(&field, "a private field", err);
    if (rc == 0) {
        put_base64(out, "field", bytes_of_buf(&field));
        buf_put_u8(out, ',');
        put_base64(out, "salt", (struct bytes){f->salt, EVENT_HASH});
        buf_put_u8(out, '}');
        rc = pass_on(p->lines, err);
    }
    buf_done(&field);
    return rc;
}

static int put_private(struct lines *l, struct cut_walk *walk, const struct cut_event *event, struct err *err) {
    struct private_view view;
    struct putting p = {.lines = l, .cut = walk->cut, .first = true};
    int rc = cut_walk_private(walk, event, &view, err);
    buf_put_str(room(l), "\"private\":[");
    rc = rc != 0 ? rc : private_each(&view, put_field, &p, err);
    buf_put_str(room(l), "],");
    return rc;
}

/* ---- lines ---- */

static void put_seq(struct buf *out, uint64_t seq) {
    char text[24];
    size_t at = sizeof(text);
    do {
        text[--at] = (char)('0' + seq % 10);
        seq /= 10;
    } while (seq > 0);
    buf_put_str(out, "\"seq\":");
    buf_put(out, text + at, sizeof(text) - at);
}

/* "payload":...,"private":...,"salt":...,"seq":n}LF */
static int put_disclosed(struct lines *l, struct cut_walk *walk, const struct cut_event *event, struct err *err) {
    uint8_t salt[EVENT_HASH];
    uint64_t seq = event->header.seq;
    int rc = 0;
    group_salt(event->group, event->at, salt);
    put_base64(room(l), "payload", event->payload);
    buf_put_u8(room(l), ',');
    if (event->header.private_ != NULL) {
        rc = pass_on(l, err);
        rc = rc != 0 ? rc : put_private(l, walk, event, err);
    }
    put_base64(room(l), "salt", (struct bytes){salt, sizeof(salt)});
    buf_put_u8(room(l), ',');
    put_seq(room(l), seq);
    buf_put_str(room(l), "}\n");
    return rc != 0 ? rc : pass_on(l, err);
}

int lines_put_event(struct lines *lines, struct cut_walk *walk, const struct cut_event *event, enum cut_fate fate,
                    uint64_t erasing, struct err *err) {
    switch (fate) {
    case CUT_DISCLOSED:
        buf_put_u8(room(lines), '{');
        return put_disclosed(lines, walk, event, err);
    case CUT_WITHHELD:
        buf_put_u8(room(lines), '{');
        put_seq(room(lines), event->header.seq);
        buf_put_str(room(lines), ",\"withheld\":true}\n");
        return pass_on(lines, err);
    case CUT_ERASED:
        buf_printf(room(lines), "{\"erased\":%llu,", (unsigned long long)erasing);
        put_seq(room(lines), event->header.seq);
        buf_put_str(room(lines), "}\n");
        return pass_on(lines, err);
    default:
        return 0;
    }
}

int lines_put_sparse(struct lines *lines, struct cut_walk *walk, const struct cut_event *event, enum cut_fate fate,
                     uint64_t erasing, const struct merkle_proof *inclusion, struct err *err) {
    buf_put_u8(room(lines), '{');
    if (fate == CUT_ERASED) {
        buf_printf(room(lines), "\"erased\":%llu,", (unsigned long long)erasing);
    }
    put_base64(room(lines), "header", event->leaf);
    buf_put_u8(room(lines), ',');
    put_hashes(room(lines), "inclusion", inclusion);
    buf_put_u8(room(lines), ',');
    if (fate == CUT_DISCLOSED) {
        return put_disclosed(lines, walk, event, err);
    }
    put_seq(room(lines), event->header.seq);
    buf_put_str(room(lines), "}\n");
    return pass_on(lines, err);
}

int lines_put_key(struct lines *lines, const struct ledger_event *event, const struct merkle_proof *inclusion,
                  const struct merkle_proof *consistency, struct bytes checkpoint, bool erasure, struct err *err) {
    struct buf *out = room(lines);
    buf_put_u8(out, '{');
    if (!erasure) {
        buf_put_str(out, "\"checkpoint\":");
        if (checkpoint.n > 0) {
            json_put_str(out, checkpoint);
        } else {
            buf_put_str(out, "null");
        }
        buf_put_u8(out, ',');
        put_hashes(out, "consistency", consistency);
        buf_put_u8(out, ',');
    }
    put_base64(out, "header", event->header);
    buf_put_u8(out, ',');
    put_hashes(out, "inclusion", inclusion);
    buf_put_u8(out, ',');
    put_base64(out, "payload", event->payload);
    buf_put_u8(out, ',');
    put_base64(out, "salt", (struct bytes){event->salt, LEDGER_HASH});
    buf_printf(out, ",\"seq\":%llu}\n", (unsigned long long)event->seq);
    return pass_on(lines, err);
}
