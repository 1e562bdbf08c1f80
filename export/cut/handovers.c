/* Sizes: genesis is proven in the tree of the next handover's size, each handover in that of its own checkpoint, the
 * first that the new key sealed. A consistency proof leads from each to the next, and from the last to the head. */
#include "export/cut/handovers.h"

#include "export/cut/cut.h"

struct walk {
    struct lines *lines;
    struct cut *cut;
    struct core_view view;
    struct log_reader *reader;
};

/* The seq of an epoch's event; LOG_NO_SEQ: no such epoch below the head. */
static int seq_of(struct walk *w, uint64_t epoch, uint64_t *ret, struct err *err) {
    struct core_epoch e;
    int rc = core_epoch_get(w->view.txn, epoch, &e, err);
    if (rc == ERR_NOTFOUND || (rc == 0 && e.seq >= w->cut->counts.head.size)) {
        *ret = LOG_NO_SEQ;
        return 0;
    }
    *ret = e.seq;
    return rc;
}

static int checkpoint_at(struct walk *w, uint64_t size, struct bytes *ret, struct err *err) {
    struct bytes record;
    int rc = db_get_u64(w->view.txn, T_CHECKPOINT, size, &record, err);
    if (rc == ERR_NOTFOUND || (rc == 0 && record.n < 2)) {
        return err_set(err, ERR_CORRUPT, "the checkpoint of size %llu, at which an epoch begins, is missing",
                       (unsigned long long)size);
    }
    *ret = (struct bytes){record.p + 1, record.n - 1};
    return rc;
}

static int put_handover(struct walk *w, uint64_t epoch, uint64_t seq, uint64_t next, struct err *err) {
    struct merkle_proof inclusion, consistency = {0};
    struct log_event event;
    struct bytes checkpoint = {0};
    uint64_t to = next == LOG_NO_SEQ ? w->cut->counts.head.size : next + 1, size = epoch == 0 ? to : seq + 1;
    log_reader_seek(w->reader, seq);
    int rc = log_reader_next(w->reader, &event, err);
    if (rc == 0) rc = merkle_prove_inclusion(seq, size, core_node, &w->view, &inclusion, err);
    if (rc == 0) rc = merkle_prove_consistency(size, to, core_node, &w->view, &consistency, err);
    if (rc == 0 && epoch != 0) rc = checkpoint_at(w, size, &checkpoint, err);
    if (rc == 0) rc = cut_look_at(w->cut, &event, err);
    if (rc == 0) rc = lines_put_key(w->lines, &event, &inclusion, &consistency, checkpoint, false, err);
    return rc;
}

int handovers_put(struct lines *lines, struct cut *cut, struct err *err) {
    struct walk w = {.lines = lines, .cut = cut};
    uint64_t seq = 0, next;
    int rc = core_view_begin(cut->ledger, &w.view, err);
    if (rc != 0) return rc;
    rc = log_reader_open(cut->ledger, 0, cut->counts.head.size, &w.reader, err);
    for (uint64_t epoch = 0; rc == 0 && seq != LOG_NO_SEQ; epoch++, seq = next) {
        rc = seq_of(&w, epoch + 1, &next, err);
        if (rc == 0) rc = put_handover(&w, epoch, seq, next, err);
    }
    log_reader_close(w.reader);
    core_view_end(&w.view);
    return rc;
}
