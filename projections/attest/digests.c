/* Digests of states as events: anyone who replays the log up to the position must get the same ones. */
#include "projections/attest/digests.h"

#include <stdio.h>

#include "base/mp.h"
#include "base/text.h"
#include "ledger/write/batch.h"
#include "projections/attest/advance.h"
#include "projections/view/state.h"

static int add(struct log_batch *batch, struct state_view *view, size_t i, const char *actor, struct err *err) {
    struct state_status status;
    struct log_draft draft;
    struct buf body = {.max = 4096};
    char hex[2 * LOG_HASH + 1], digest[sizeof(hex) + 8], subject[160];
    uint8_t bytes[LOG_HASH];
    uint64_t rows;
    int rc = state_digest(view, i, bytes, &rows, err);
    if (rc != 0) return rc;
    state_status(view, i, &status);
    text_hex(hex, bytes, sizeof(bytes));
    snprintf(digest, sizeof(digest), "sha256:%s", hex);
    snprintf(subject, sizeof(subject), "projection/%s", status.projection->name);
    mp_put_map(&body, 5);
    mp_pair_text(&body, "digest", digest);
    mp_pair_uint(&body, "position", status.position);
    mp_pair_text(&body, "projection", status.projection->name);
    mp_pair_uint(&body, "rows", rows);
    mp_pair_uint(&body, "version", status.projection->version);
    rc = buf_check(&body, "an attestation", err);
    log_draft_init(&draft);
    draft.kind = bytes_of("ledger.projection_attested");
    draft.subject = bytes_of(subject);
    draft.actor = bytes_of(actor);
    draft.source = bytes_of("ledger");
    draft.grade = bytes_of("measured");
    draft.body = bytes_of_buf(&body);
    if (rc == 0) rc = batch_add_control(batch, &draft, err);
    buf_done(&body);
    return rc;
}

struct attest {
    struct ledger *ledger;
    uint32_t which;
    const char *actor;
    size_t n;
};

static int attest(void *ctx, struct state_view *view, struct err *err) {
    struct attest *a = ctx;
    struct log_batch *batch = NULL;
    size_t n = 0;
    int rc = state_whole(view, err);
    if (rc == 0) rc = log_batch_new(a->ledger, &batch, err);
    for (size_t i = 0; i < state_projections(view) && rc == 0; i++) {
        struct state_status status;
        state_status(view, i, &status);
        if ((a->which >> i & 1U) != 0 && !status.stale && status.failed_seq == LOG_NO_SEQ) {
            rc = add(batch, view, i, a->actor, err);
            n += rc == 0;
        }
    }
    if (rc == 0 && n != 0) rc = log_batch_commit(batch, NULL, NULL, NULL, err);
    log_batch_free(batch);
    a->n = n;
    return rc;
}

int rebuild_attest(struct ledger *ledger, const struct state_options *options, uint32_t which, const char *actor,
                   size_t *ret_n, struct err *err) {
    struct attest a = {.ledger = ledger, .which = which, .actor = actor};
    int rc = attested_advance(ledger, options, ATTESTED_LAG_MAX, err);
    if (rc == 0) rc = state_ask(ledger, options, attest, &a, err);
    if (rc == 0) {
        *ret_n = a.n;
    }
    return rc;
}
