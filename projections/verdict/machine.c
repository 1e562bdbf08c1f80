/* Clauses about what the machine has to carry: the models of a pack, what a pack requires of the hardware, and promotions that
 * nobody goes on with. */
#include "projections/verdict/machine.h"

#include "projections/decide/capacity.h"
#include "projections/ready/needs.h"
#include "projections/ready/promotions.h"
#include "projections/verdict/probed.h"

#define WAIT_DAYS 7 /* that a promotion may stay where it is */

/* ---- does the pack fit? ---- */

static const struct verdict_help profile = {MESSAGE_NONE, "ledger ingest hardware"},
                                 sizes = {MESSAGE_NONE, "ledger ingest ollama"}, room = {MESSAGE_FIRST_SMALLER, NULL};

static const struct {
    enum verdict_state state;
    enum message_key says;
    const struct verdict_help *help;
} fits[CAPACITY_WHYS] = {
    [CAPACITY_NO_WHY] = {VERDICT_PASS, MESSAGE_NONE, NULL},
    [CAPACITY_BY_POLICY] = {VERDICT_FAIL, MESSAGE_FIT_POLICY, &room},
    [CAPACITY_BY_QUOTA] = {VERDICT_FAIL, MESSAGE_FIT_QUOTA, &room},
    [CAPACITY_BY_MEMORY] = {VERDICT_FAIL, MESSAGE_FIT_MEMORY, &room},
    [CAPACITY_BY_SIZE] = {VERDICT_UNKNOWN, MESSAGE_FIT_SIZE, &sizes},
    [CAPACITY_BY_HARDWARE] = {VERDICT_UNKNOWN, MESSAGE_FIT_HARDWARE, &profile},
};

static int cite_machine(struct verdict_case *c, struct err *err) {
    struct capability_host host;
    int rc = capability_host(c->view, (struct bytes){0}, &host, err);
    if (rc == 0 && host.seq != LOG_NO_SEQ) {
        reason_cite(&c->reason, host.seq, 0);
    }
    return rc;
}

static int take_model(struct verdict_case *c, const struct need *need, struct err *err) {
    struct capacity_model model;
    struct capability limits;
    enum capacity_why why = CAPACITY_NO_WHY;
    if (named_text(need->row, "digest").n == 0) return 0; /* the clause 'models' says that it is not there */
    int rc = capacity_of_model(c->view, need->name, (struct bytes){0}, &model, &why, &limits, err);
    capability_done(&limits);
    if (rc != 0) return rc;
    enum verdict_state state = fits[why].state;
    verdict_found(c, state, need->row, need->name,
                  SAY_KEY(fits[why].says,
                          message_name("model", bytes_of(model.name[0] != '\0' ? model.name : model.digest)),
                          message_int("bytes", model.bytes)));
    if (verdict_leads(c, state)) {
        c->help = fits[why].help;
    }
    return state == c->state ? cite_machine(c, err) : 0;
}

static void take_requirement(struct verdict_case *c, const struct need *need) {
    const struct requirement *r = need->requirement;
    if (!bytes_is(r->sort, "tier") && !bytes_is(r->sort, "memory") && !bytes_is(r->sort, "vram")) return;
    enum verdict_state state = r->is == REQUIRES_THERE    ? VERDICT_PASS
                               : r->is == REQUIRES_ABSENT ? VERDICT_FAIL
                                                          : VERDICT_UNKNOWN;
    const struct message_arg what = message_words("what", bytes_of(r->what));
    const struct message_arg why = message_words("reason", bytes_of(r->reason.words));
    verdict_found(c, state, NULL, r->name,
                  state == VERDICT_UNKNOWN ? SAY_WITH(FIT_UNTOLD, what) : SAY_WITH(FIT_LACKS, what, why));
    for (size_t i = 0; c->state == state && i < r->reason.n_seqs; i++) {
        reason_cite(&c->reason, r->reason.seqs[i], 0);
    }
    if (verdict_leads(c, state)) {
        c->help = state == VERDICT_UNKNOWN ? &profile : &room;
    }
}

static int take_need(void *ctx, struct need *need, struct err *err) {
    if (need->sort == NEED_OF_MODEL && need->row != NULL) return take_model(ctx, need, err);
    if (need->sort == NEED_OF_REQUIREMENT && need->requirement != NULL) {
        take_requirement(ctx, need);
    }
    return 0;
}

int verdict_pack_capacity(struct verdict_case *c, struct err *err) {
    unsigned sorts = NEED_OF(NEED_OF_MODEL) | NEED_OF(NEED_OF_REQUIREMENT);
    int rc = c->installed != NULL ? needs_walk(c->view, c->installed, sorts, take_need, c, err) : 0;
    if (rc == 0 && c->found == 0) {
        verdict_leave_out(c, SAY(NO_CAPACITY));
    }
    verdict_passes(c, SAY_WITH(FITS, message_int("n", (int64_t)c->found)));
    return rc;
}

/* ---- promotions that wait ---- */

void verdict_promotion_waits(struct verdict_case *c, const struct row *row) {
    static const struct verdict_help go_on = {MESSAGE_FIRST_GO_ON, "ledger promote abort {about}"};
    struct bytes name = named_text(row, "promotion");
    char when[VERDICT_WHEN];
    if (!promotions_is_under_way(row) || verdict_of_late(c, named_int(row, "since"), WAIT_DAYS)) return;
    verdict_when(when, named_int(row, "since"));
    verdict_found(c, VERDICT_WARN, row, name,
                  SAY_WITH(PROMOTION_WAITS, message_name("promotion", name),
                           message_name("state", named_text(row, "state")), message_name("time", bytes_of(when))));
    if (verdict_leads(c, VERDICT_WARN)) {
        c->help = &go_on;
    }
}
