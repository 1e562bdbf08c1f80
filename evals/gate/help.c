/* A command for each gate. They are not part of the answers, which are compared when they are asked again. */
#include "evals/gate/help.h"

#include <string.h>

#include "evals/gate/gates.h"
#include "evals/gate/policy.h"
#include "projections/ready/promotions.h"

static void put_id(const struct row *row, struct buf *out) {
    readiness_put_word(out, row_text(row, PROMOTIONS_PROMOTION));
}

void gate_help_plan(const struct row *row, struct buf *out) {
    struct buf of = {.max = 4 * ROW_TEXT_MAX};
    buf_put_str(out, "ledger promote abort ");
    put_id(row, out);
    buf_put_str(out, " && ledger promote plan ");
    put_id(row, out);
    buf_put_str(out, " ");
    promotions_put_of(row, &of);
    readiness_put_word(out, bytes_of_buf(&of));
    /* where it lies, `plan` reads; promoting changes what the system uses, and that is T2 */
    buf_put_str(out, " --again --tier T2");
    buf_done(&of);
}

static void help_tiered(enum gate_id id, const struct row *row, struct buf *out) {
    if (!row_has(row, PROMOTIONS_TIER)) {
        gate_help_plan(row, out);
    } else if (id == GATE_SNAPSHOT) {
        buf_put_str(out, "ledger recovery snapshot PATH --into DIR");
    } else {
        buf_put_str(out, "ledger tripcode issue STEP --digest ");
        readiness_put_word(out, row_text(row, PROMOTIONS_DIGEST));
        buf_put_str(out, " --for promotion/");
        put_id(row, out);
        buf_put_str(out, " --sign-as KEYFILE");
    }
}

/* What is not known, or only by too few cases, is evaluated; what is worse stays so. */
static void help_compared(struct bytes value, struct bytes why, const struct row *row, struct buf *out) {
    if (bytes_is(value, "unknown") || bytes_has_prefix(why, GATE_TOO_FEW)) {
        buf_put_str(out, "ledger eval run ");
        promotions_put_evaluate(row, out);
    } else {
        buf_put_str(out, "ledger promote abort ");
        put_id(row, out);
        buf_put_str(out, " --reason refused");
    }
}

/* Time alone helps what is healthy; the doctor looks again, and names what helps otherwise. */
static void help_health(struct bytes value, const struct row *row, struct buf *out) {
    if (bytes_has_prefix(value, "pass for ")) {
        buf_put_str(out, "ledger promote verify ");
        put_id(row, out);
    } else {
        buf_put_str(out, "ledger doctor");
    }
}

void gate_help(struct bytes gate, struct bytes value, struct bytes why, const struct row *row, struct buf *out) {
    size_t id = 0;
    while (id < GATE_IDS && !bytes_is(gate, gate_names[id])) {
        id++;
    }
    bool debated = row_has(row, PROMOTIONS_DEBATE) && !row_is(row, PROMOTIONS_DEBATE, "accepted");
    switch (id) {
    case GATE_DEBATE:
        if (debated) return;
        buf_put_str(out, "ledger promote debate ");
        put_id(row, out);
        buf_put_str(out, " --voter NAME=KEY");
        return;
    case GATE_DIFF:
        buf_put_str(out, "ledger promote simulate ");
        put_id(row, out);
        buf_put_str(out, " --verdict pass --report FILE");
        return;
    case GATE_PASS_RATE:
    case GATE_LATENCY:
    case GATE_VIOLATIONS:
    case GATE_PROBES:
        help_compared(value, why, row, out);
        return;
    case GATE_POLICY:
        buf_put_str(out, "ledger policy declare FILE");
        return;
    case GATE_HEALTH:
        help_health(value, row, out);
        return;
    case GATE_SNAPSHOT:
    case GATE_TRIPCODE:
        help_tiered((enum gate_id)id, row, out);
        return;
    default:
        return; /* evaluations are findings of the promotion; room on a disk is made by no command of ours */
    }
}
