/* First the names, in one view, then the samples of each: reading those takes a while, and no view is held over it. */
#include "evals/score/baselines.h"

#include <stdlib.h>

#include "projections/ready/baselines.h"
#include "projections/view/look.h"

struct asking {
    const struct suite *suite;
    struct score_baselines *ret;
};

static bool is_asked(const struct score_baselines *baselines, struct bytes name) {
    for (size_t i = 0; i < baselines->n; i++) {
        if (bytes_eq(baselines->all[i].name, name)) return true;
    }
    return name.n == 0;
}

/* May be called again, when the states of the first time were damaged. */
static int ask(void *ctx, struct state_view *view, struct err *err) {
    struct asking *asking = ctx;
    struct score_baselines *ret = asking->ret;
    int rc = 0;
    ret->n = 0;
    for (size_t i = 0; rc == 0 && i < asking->suite->thresholds_n; i++) {
        const struct bytes key[] = {asking->suite->name, asking->suite->thresholds[i].baseline};
        struct row row;
        bool there;
        if (is_asked(ret, key[1])) continue;
        rc = look_judged(view, "eval_baselines", key, 2, &row, &there, err);
        struct bytes id = rc == 0 && there ? row_text(&row, BASELINE_EVAL) : (struct bytes){NULL, 0};
        if (rc == 0 && there && row_bool(&row, BASELINE_COUNTS) && id.n > 0 && id.n < BASELINE_ID_MAX) {
            memset(ret->evals[ret->n], 0, BASELINE_ID_MAX);
            bytes_copy(ret->evals[ret->n], id);
            ret->all[ret->n++] = (struct score_baseline){.name = key[1]};
        }
        row_done(&row);
    }
    return rc;
}

int score_baselines_open(struct ledger *ledger, const struct suite *suite, struct score_baselines *ret, struct err *err) {
    struct asking asking = {suite, ret};
    struct state_options options;
    size_t most = suite->thresholds_n + 1;
    *ret = (struct score_baselines){.all = calloc(most, sizeof *ret->all),
                                    .samples = calloc(most, sizeof *ret->samples),
                                    .evals = calloc(most, sizeof *ret->evals)};
    if (ret->all == NULL || ret->samples == NULL || ret->evals == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    int rc = state_options_present(ledger, &options, err);
    if (rc == 0) rc = state_ask(ledger, &options, ask, &asking, err);
    for (size_t i = 0; rc == 0 && i < ret->n; i++) {
        rc = samples_read(ledger, bytes_of(ret->evals[i]), true, &ret->samples[i], err);
        ret->all[i].samples = ret->samples[i].all;
        ret->all[i].n = ret->samples[i].n;
    }
    return rc;
}

void score_baselines_close(struct score_baselines *baselines) {
    for (size_t i = 0; baselines->samples != NULL && i < baselines->n; i++) {
        samples_done(&baselines->samples[i]);
    }
    free(baselines->samples);
    free(baselines->all);
    free(baselines->evals);
    *baselines = (struct score_baselines){0};
}
