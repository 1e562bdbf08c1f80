/* Lines of JSON (docs/stream.md): the first line of a section, the keys up to there, events, checkpoints. */
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "export/cut/cut.h"
#include "export/stream/writer.h"
#include "ledger/tree/merkle.h"

/* ---- the beginning of a section ---- */

static void put_edge(struct buf *out, const struct merkle_edge *edge) {
    unsigned n = merkle_edge_count(edge->size);
    buf_put_str(out, ",\"edge\":[");
    for (unsigned i = 0; i < n; i++) {
        buf_put_str(out, i == 0 ? "\"" : ",\"");
        text_base64(out, edge->hash[i], MERKLE_HASH);
        buf_put_u8(out, '"');
    }
    buf_put_u8(out, ']');
}

/* Genesis is proven in the tree of the first `from` events; a handover in that of its checkpoint, which is proven to be a
 * prefix of the first `from` events. */
static int put_key(struct stream *s, struct core_view *view, uint64_t epoch, uint64_t seq, uint64_t from, struct err *err) {
    struct merkle_proof inclusion, consistency = {0};
    struct log_reader *reader = NULL;
    struct log_event event;
    struct bytes checkpoint = {0}, record = {0};
    uint64_t size = epoch == 0 ? from : seq + 1;
    int rc = log_reader_open(s->ledger, seq, seq + 1, &reader, err);
    if (rc == 0) rc = log_reader_next(reader, &event, err);
    if (rc == 0) rc = merkle_prove_inclusion(seq, size, core_node, view, &inclusion, err);
    if (rc == 0) rc = merkle_prove_consistency(size, from, core_node, view, &consistency, err);
    if (rc == 0 && epoch != 0) {
        rc = db_get_u64(view->txn, T_CHECKPOINT, size, &record, err);
        if (rc == 0 && record.n < 2) rc = err_set(err, ERR_CORRUPT, "a kept checkpoint is empty");
        checkpoint = rc == 0 ? (struct bytes){record.p + 1, record.n - 1} : checkpoint;
    }
    if (rc == 0) rc = lines_put_key(&s->lines, &event, &inclusion, &consistency, checkpoint, false, err);
    log_reader_close(reader);
    return rc == 1 ? err_set(err, ERR_CORRUPT, "event %llu cannot be read", (unsigned long long)seq) : rc;
}

/* The seq of the event that began this epoch, if it is below `from`; else LOG_NO_SEQ. */
static int handover_at(struct core_view *view, uint64_t epoch, uint64_t from, uint64_t *ret, struct err *err) {
    struct core_epoch e;
    int rc = core_epoch_get(view->txn, epoch, &e, err);
    *ret = rc == 0 && e.seq < from ? e.seq : LOG_NO_SEQ;
    return rc == ERR_NOTFOUND ? 0 : rc;
}

static int put_begin(struct stream *s, struct core_view *view, uint64_t from, uint64_t exported, struct err *err) {
    struct merkle_edge edge = {0};
    struct buf *out = &s->lines.kept;
    uint64_t keys = 0, seq = 0;
    int rc = from == 0 ? 0 : merkle_edge_load(&edge, from, core_node, view, err);
    while (rc == 0 && from > 0 && seq != LOG_NO_SEQ) {
        rc = handover_at(view, ++keys, from, &seq, err);
    }
    if (rc != 0) return rc;
    lines_clear(&s->lines);
    buf_put_str(out, STREAM_BEGIN);
    rc = stream_claim(s, out, err);
    put_edge(out, &edge);
    buf_printf(out, ",\"exported\":%llu,\"format\":\"" STREAM_FORMAT "\",\"from\":%llu,\"keys\":%llu}\n",
               (unsigned long long)exported, (unsigned long long)from, (unsigned long long)keys);
    for (uint64_t i = 0; rc == 0 && i < keys; i++) {
        rc = handover_at(view, i, from, &seq, err);
        if (rc == 0) rc = put_key(s, view, i, seq, from, err);
    }
    return rc == 0 ? buf_check(out, "the beginning of the stream", err) : rc;
}

int stream_lines_begin(struct stream *s, uint64_t from, uint64_t exported, struct err *err) {
    struct core_view view;
    int rc = core_view_begin(s->ledger, &view, err);
    if (rc != 0) return rc;
    rc = put_begin(s, &view, from, exported, err);
    core_view_end(&view);
    return rc;
}

/* ---- events ---- */

static int put_event(struct stream *s, const struct stream_event *e, struct err *err) {
    const struct cut_event *event = e->event;
    size_t before = s->lines.kept.n;
    switch (e->fate) {
    case STREAM_LEFT_OUT:
    case STREAM_HELD_ALL:
        return lines_put_leaf(&s->lines, event->header.seq, e->leaf, e->fate == STREAM_HELD_ALL, err);
    case STREAM_HELD:
        return lines_put_stream(&s->lines, e->walk, event, CUT_WITHHELD, err);
    case STREAM_ERASED:
        return lines_put_stream(&s->lines, e->walk, event, CUT_ERASED, err);
    default:
        break;
    }
    int rc = lines_put_stream(&s->lines, e->walk, event, CUT_DISCLOSED, err);
    if (rc == ERR_CONFLICT) { /* erased while it was read */
        s->lines.kept.n = s->lines.passed = before;
        rc = lines_put_stream(&s->lines, e->walk, event, CUT_ERASED, err);
    }
    return rc;
}

int stream_lines_event(struct stream *s, const struct stream_event *e, struct err *err) {
    return put_event(s, e, err);
}

/* ---- checkpoints ---- */

int stream_lines_checkpoint(struct stream *s, struct bytes note, uint64_t size, struct err *err) {
    struct buf *out = &s->lines.kept;
    if (size == s->sealed) return 0;
    buf_put_str(out, "{\"checkpoint\":");
    json_put_str(out, note);
    buf_printf(out, ",\"size\":%llu}\n", (unsigned long long)size);
    s->sealed = size;
    return buf_check(out, "a checkpoint", err);
}

int stream_kept_checkpoint(struct stream *s, uint64_t size, struct err *err) {
    struct core_view view;
    struct bytes record = {0};
    int rc = core_view_begin(s->ledger, &view, err);
    if (rc != 0) return rc;
    rc = db_get_u64(view.txn, T_CHECKPOINT, size, &record, err);
    if (rc == 0 && record.n < 2) rc = err_set(err, ERR_CORRUPT, "a kept checkpoint is empty");
    if (rc == ERR_NOTFOUND) {
        rc = err_set(err, ERR_CORRUPT, "the checkpoint of size %llu is missing", (unsigned long long)size);
    }
    if (rc == 0) rc = stream_lines_checkpoint(s, (struct bytes){record.p + 1, record.n - 1}, size, err);
    core_view_end(&view);
    return rc;
}

int stream_next_kept(struct stream *s, uint64_t size, uint64_t *ret, struct err *err) {
    struct core_view view;
    struct db_cursor *cursor = NULL;
    struct bytes key, value;
    uint8_t from[8];
    be64_put(from, size);
    int rc = core_view_begin(s->ledger, &view, err);
    if (rc != 0) return rc;
    *ret = LOG_NO_SEQ;
    rc = db_cursor_open(view.txn, T_CHECKPOINT, &cursor, err);
    if (rc == 0) rc = db_cursor_seek(cursor, (struct bytes){from, sizeof(from)}, &key, &value, err);
    if (rc == 0 && key.n == sizeof(from)) {
        *ret = be64_get(key.p);
    }
    db_cursor_close(cursor);
    core_view_end(&view);
    return rc == 1 || rc == ERR_NOTFOUND ? 0 : rc;
}
