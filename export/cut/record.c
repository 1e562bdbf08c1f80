/* An export is itself recorded as an event. */
#include <stdio.h>

#include "base/mp.h"
#include "base/text.h"
#include "export/cut/record.h"
#include "ledger/write/batch.h"

void record_digest(struct buf *out, const char *name, const uint8_t digest[LOG_HASH]) {
    char text[8 + 2 * LOG_HASH] = "sha256:";
    text_hex(text + 7, digest, LOG_HASH);
    mp_pair_str(out, name, bytes_of(text));
}

void record_disclosure(struct buf *out, const struct export_options *options) {
    static const char *const bodies[] = {[EXPORT_BODIES_MATCHING] = "matching bodies",
                                         [EXPORT_BODIES_ALL] = "all bodies",
                                         [EXPORT_BODIES_NONE] = "headers only"};
    struct buf text = {.max = 1 << 16};
    buf_put_str(&text, bodies[options->bodies]);
    for (size_t i = 0; i < options->n_private; i++) {
        buf_printf(&text, "%s%s", i == 0 ? ", private: " : ", ", options->private_[i]);
    }
    mp_pair_str(out, "disclosure", text.fail == 0 ? bytes_of_buf(&text) : bytes_of(bodies[options->bodies]));
    buf_done(&text);
}

static void put_body(struct buf *out, const struct export_options *options, const struct export_record *r) {
    const struct export_counts *c = r->counts;
    mp_put_map(out, 13);
    mp_pair_uint(out, "bytes", r->bytes);
    record_digest(out, "digest", r->digest);
    mp_pair_uint(out, "disclosed", c->disclosed);
    record_disclosure(out, options);
    mp_pair_uint(out, "erased", c->erased);
    mp_pair_str(out, "format", bytes_of(options->seqs != NULL ? "sparse" : "bundle"));
    mp_pair_uint(out, "from", c->from);
    mp_pair_uint(out, "headers", c->headers);
    mp_pair_str(out, "query", r->query);
    record_digest(out, "root", c->head.root);
    mp_pair_uint(out, "size", c->head.size);
    mp_pair_uint(out, "to", c->to);
    mp_pair_uint(out, "withheld", c->withheld);
}

static void put_private(struct buf *out, const struct export_delivery *r) {
    mp_put_map(out, 1U + (r->note != NULL) + (r->recipient != NULL));
    if (r->note != NULL) {
        mp_pair_str(out, "note", bytes_of(r->note));
    }
    mp_pair_str(out, "path", bytes_of(r->path));
    if (r->recipient != NULL) {
        mp_pair_str(out, "recipient", bytes_of(r->recipient));
    }
}

int record_commit(struct ledger *ledger, const struct export_delivery *to, const struct buf *body, struct log_receipt *ret,
                  struct err *err) {
    char subject[300];
    struct log_draft draft;
    struct log_batch *batch = NULL;
    struct buf private_ = {.max = 1 << 16};
    put_private(&private_, to);
    snprintf(subject, sizeof(subject), "ledger/%s", log_origin(ledger));
    log_draft_init(&draft);
    draft.kind = bytes_of("ledger.exported");
    draft.subject = bytes_of(subject);
    draft.actor = bytes_of(to->actor);
    draft.source = bytes_of("ledger");
    draft.grade = bytes_of("measured");
    draft.body = bytes_of_buf(body);
    draft.private_ = bytes_of_buf(&private_);
    int rc = buf_check(body, "the event", err);
    if (rc == 0) rc = buf_check(&private_, "the event", err);
    if (rc == 0) rc = log_batch_new(ledger, &batch, err);
    if (rc == 0) rc = batch_add_control(batch, &draft, err);
    if (rc == 0) rc = log_batch_commit(batch, ret, NULL, NULL, err);
    log_batch_free(batch);
    buf_done(&private_);
    return rc;
}

int export_record(struct ledger *ledger, const struct export_options *options, const struct export_record *record,
                  struct log_receipt *ret, struct err *err) {
    struct buf body = {.max = 1 << 20};
    put_body(&body, options, record);
    int rc = record_commit(ledger, &record->to, &body, ret, err);
    buf_done(&body);
    return rc;
}
