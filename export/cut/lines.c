/* Writes lines in the form of docs/bundle.md. Lines are short except for payloads and private fields, which are written
 * as they are encoded. */
#include "export/cut/lines.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/mp.h"
#include "base/text.h"
#include "export/cut/sink.h"
#include "ledger/read/reader.h"

#define PIECE_MAX ((size_t)4 << 20) /* base64 of a payload or a private field, and its surroundings */
#define KEPT_MAX  ((size_t)4 << 20)

void lines_init(struct lines *lines, const char *name, size_t max) {
    *lines = (struct lines){.name = name, .max = max, .fd = -1};
    buf_init(&lines->kept, max + PIECE_MAX);
}

void lines_init_long(struct lines *lines, const char *beside) {
    lines_init(lines, NULL, KEPT_MAX);
    lines->beside = beside;
}

void lines_clear(struct lines *lines) {
    buf_clear(&lines->kept);
    lines->size = lines->passed = 0;
    lines->in_file = false;
}

void lines_done(struct lines *lines) {
    buf_done(&lines->kept);
    if (lines->max > 0 && lines->fd >= 0) {
        close(lines->fd);
    }
}

/* Moves what is buffered to the file. */
static int put_aside(struct lines *l, struct err *err) {
    int rc = l->fd >= 0 ? 0 : file_unnamed(l->beside, &l->fd, err);
    if (rc == 0 && !l->in_file && (lseek(l->fd, 0, SEEK_SET) != 0 || ftruncate(l->fd, 0) != 0)) {
        rc = err_errno(err, errno, "a temporary file for lines");
    }
    if (rc == 0 && file_put_all(l->fd, l->kept.p, l->kept.n) != 0) {
        rc = err_errno(err, errno, "writing a part of the bundle to a temporary file");
    }
    l->in_file = rc == 0;
    l->passed = 0;
    buf_clear(&l->kept);
    return rc;
}

/* Called after each complete piece. */
static int pass_on(struct lines *l, struct err *err) {
    int rc = buf_check(&l->kept, "a line of the bundle", err);
    if (rc != 0) return rc;
    l->size += l->kept.n - l->passed;
    l->passed = l->kept.n;
    if (l->kept.n <= l->max) return 0;
    return l->name == NULL ? put_aside(l, err) : err_set(err, ERR_LIMIT, "'%s' takes more than %zu bytes", l->name, l->max);
}

int lines_put(struct lines *lines, const char *name, struct sink *sink, struct err *err) {
    if (!lines->in_file) return sink_whole(sink, name, bytes_of_buf(&lines->kept), err);
    int rc = put_aside(lines, err);
    if (rc == 0) rc = sink_whole_file(sink, name, lines->fd, lines->size, err);
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
    struct buf *out = &p->lines->kept, field;
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
    p->lines->n_private++;
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
    buf_put_str(&l->kept, "\"private\":[");
    if (rc == 0) rc = private_each(&view, put_field, &p, err);
    buf_put_str(&l->kept, "],");
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
    put_base64(&l->kept, "payload", event->payload);
    buf_put_u8(&l->kept, ',');
    if (event->header.private_ != NULL) {
        rc = pass_on(l, err);
        if (rc == 0) rc = put_private(l, walk, event, err);
    }
    put_base64(&l->kept, "salt", (struct bytes){salt, sizeof(salt)});
    buf_put_u8(&l->kept, ',');
    put_seq(&l->kept, seq);
    buf_put_str(&l->kept, "}\n");
    if (rc == 0 && event->group->event[event->at].where == GROUP_ERASED) { /* meanwhile */
        rc = err_set(err, ERR_CONFLICT, "the body of event %llu was erased while it was exported: export again",
                     (unsigned long long)seq);
    }
    if (rc == 0) rc = pass_on(l, err);
    return rc;
}

int lines_put_event(struct lines *lines, struct cut_walk *walk, const struct cut_event *event, enum cut_fate fate,
                    uint64_t erasing, struct err *err) {
    switch (fate) {
    case CUT_DISCLOSED:
        buf_put_u8(&lines->kept, '{');
        return put_disclosed(lines, walk, event, err);
    case CUT_WITHHELD:
        buf_put_u8(&lines->kept, '{');
        put_seq(&lines->kept, event->header.seq);
        buf_put_str(&lines->kept, ",\"withheld\":true}\n");
        return pass_on(lines, err);
    case CUT_ERASED:
        buf_printf(&lines->kept, "{\"erased\":%llu,", (unsigned long long)erasing);
        put_seq(&lines->kept, event->header.seq);
        buf_put_str(&lines->kept, "}\n");
        return pass_on(lines, err);
    default:
        return 0;
    }
}

int lines_put_sparse(struct lines *lines, struct cut_walk *walk, const struct cut_event *event, enum cut_fate fate,
                     uint64_t erasing, const struct merkle_proof *inclusion, struct err *err) {
    buf_put_u8(&lines->kept, '{');
    if (fate == CUT_ERASED) {
        buf_printf(&lines->kept, "\"erased\":%llu,", (unsigned long long)erasing);
    }
    put_base64(&lines->kept, "header", event->leaf);
    buf_put_u8(&lines->kept, ',');
    put_hashes(&lines->kept, "inclusion", inclusion);
    buf_put_u8(&lines->kept, ',');
    if (fate == CUT_DISCLOSED) return put_disclosed(lines, walk, event, err);
    put_seq(&lines->kept, event->header.seq);
    buf_put_str(&lines->kept, "}\n");
    return pass_on(lines, err);
}

int lines_put_stream(struct lines *lines, struct cut_walk *walk, const struct cut_event *event, enum cut_fate fate,
                     struct err *err) {
    struct buf *out = &lines->kept;
    buf_put_str(out, fate == CUT_ERASED ? "{\"erased\":true," : "{");
    put_base64(out, "header", event->leaf);
    buf_put_u8(out, ',');
    if (fate == CUT_DISCLOSED) return put_disclosed(lines, walk, event, err);
    put_seq(out, event->header.seq);
    buf_put_str(out, fate == CUT_WITHHELD ? ",\"withheld\":true}\n" : "}\n");
    return pass_on(lines, err);
}

int lines_put_leaf(struct lines *lines, uint64_t seq, const uint8_t leaf[EVENT_HASH], bool withheld, struct err *err) {
    struct buf *out = &lines->kept;
    buf_put_u8(out, '{');
    put_base64(out, "leaf", (struct bytes){leaf, EVENT_HASH});
    buf_put_u8(out, ',');
    put_seq(out, seq);
    buf_put_str(out, withheld ? ",\"withheld\":true}\n" : "}\n");
    return pass_on(lines, err);
}

int lines_put_key(struct lines *lines, const struct log_event *event, const struct merkle_proof *inclusion,
                  const struct merkle_proof *consistency, struct bytes checkpoint, bool erasure, struct err *err) {
    struct buf *out = &lines->kept;
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
    put_base64(out, "salt", (struct bytes){event->salt, LOG_HASH});
    buf_printf(out, ",\"seq\":%llu}\n", (unsigned long long)event->seq);
    return pass_on(lines, err);
}
