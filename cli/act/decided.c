/* The body has to be there before the lock is taken, so the decision is made twice: outside, and again by the guard, which
 * lets only the same bytes pass. */
#include "cli/act/decided.h"

#include "base/hash.h"
#include "base/text.h"
#include "ledger/write/guard.h"
#include "packs/life/installed.h"
#include "projections/attest/advance.h"
#include "projections/decide/step.h"
#include "projections/store/attested.h"

#define TRIES 5

struct deciding {
    struct ledger *ledger;
    struct bytes kind; /* of the event that records it; empty: nothing is recorded */
    decided_fn *ask;
    void *ctx;
    const struct buf *body; /* as decided before */
    struct buf again;
    bool changed;
};

static int ask_again(void *ctx, struct state_view *view, struct err *err) {
    struct deciding *d = ctx;
    struct decision lock = {.yes = true};
    int rc = d->kind.n > 0 ? decide_is_unlocked(view, d->kind, &lock, err) : 0;
    if (rc == 0 && !lock.yes) rc = err_set(err, ERR_CONFLICT, "refused: %s", lock.reason);
    buf_clear(&d->again);
    return rc == 0 ? d->ask(d->ctx, view, &d->again, err) : rc;
}

/* Outside the lock every byte of the packs that are asked for is read. */
static int ask_how(struct deciding *d, struct installed_look *look, enum compare_depth depth, struct state_options *ret,
                   struct err *err) {
    *look = (struct installed_look){log_dir(d->ledger), depth};
    int rc = state_options_present(d->ledger, ret, err);
    ret->no_write = true;
    ret->pack_files = installed_files;
    ret->pack_files_ctx = look;
    return rc;
}

static int judge_again(void *ctx, uint64_t size, struct err *err) {
    struct deciding *d = ctx;
    struct state_options options;
    struct installed_look look;
    int rc = ask_how(d, &look, COMPARE_STATUS, &options, err);
    if (rc != 0) return rc;
    options.at = size;
    rc = state_ask(d->ledger, &options, ask_again, d, err);
    d->changed = rc == 0 && !bytes_eq(bytes_of_buf(&d->again), bytes_of_buf(d->body));
    return d->changed ? err_set(err, ERR_CONFLICT, "the states kept changing while it was decided") : rc;
}

static int ask_now(struct deciding *d, struct buf *body, struct err *err) {
    struct state_options options;
    struct installed_look look;
    int rc = ask_how(d, &look, COMPARE_BYTES, &options, err);
    if (rc == 0) rc = state_ask(d->ledger, &options, ask_again, d, err);
    if (rc == 0) {
        buf_put_bytes(body, bytes_of_buf(&d->again));
        rc = buf_check(body, "the decision", err);
    }
    return rc;
}

int decided_ask(struct ledger *ledger, decided_fn *ask, void *ctx, struct buf *body, struct err *err) {
    struct deciding d = {.ledger = ledger, .ask = ask, .ctx = ctx};
    buf_init(&d.again, body->max);
    int rc = ask_now(&d, body, err);
    buf_done(&d.again);
    return rc;
}

/* By its subject and body. */
static void name_content(struct log_draft *draft, const struct buf *body, char room[2 * HASH_LEN + 1]) {
    uint8_t digest[HASH_LEN];
    const struct bytes nul = {(const uint8_t *)"", 1},
                       parts[] = {draft->kind, nul, draft->subject, nul, bytes_of_buf(body)};
    hash_parts(digest, parts, sizeof(parts) / sizeof(parts[0]));
    text_hex(room, digest, HASH_LEN);
    draft->key = bytes_of(room);
}

static int try_append(struct deciding *d, struct log_draft *draft, struct log_receipt *ret, struct log_head *ret_head,
                      struct err *err) {
    struct log_batch *batch = NULL;
    int rc = log_batch_new(d->ledger, &batch, err);
    if (rc == 0) rc = log_batch_add(batch, draft, err);
    if (rc == 0) {
        guard_set(batch, judge_again, d);
        rc = log_batch_commit(batch, ret, ret_head, NULL, err);
    }
    log_batch_free(batch);
    return rc;
}

int decided_append(struct ledger *ledger, struct log_draft *draft, bool by_content, decided_fn *ask, void *ctx,
                   struct buf *body, struct log_receipt *ret, struct log_head *ret_head, struct err *err) {
    struct deciding d = {.ledger = ledger, .kind = draft->kind, .ask = ask, .ctx = ctx, .body = body};
    struct state_options options;
    char key[2 * HASH_LEN + 1];
    int rc = 0;
    buf_init(&d.again, body->max);
    state_options_init(&options);
    attested_advance(ledger, &options, ATTESTED_LAG_MAX, NULL); /* if it fails, the judge has more to fold */
    for (int i = 0; i < TRIES && (i == 0 || (rc == ERR_CONFLICT && d.changed)); i++) {
        buf_clear(body);
        rc = ask_now(&d, body, err);
        draft->body = bytes_of_buf(body);
        if (rc == 0 && by_content) name_content(draft, body, key);
        if (rc == 0) rc = try_append(&d, draft, ret, ret_head, err);
    }
    buf_done(&d.again);
    return rc;
}
