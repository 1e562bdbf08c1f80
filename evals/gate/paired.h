/* The candidate's samples against those of what is live: what the gates pass_rate, latency, violations and probes ask. */
#ifndef EVALS_GATE_PAIRED_H
#define EVALS_GATE_PAIRED_H

#include "evals/gate/question.h"
#include "projections/rows/row.h"
#include "projections/view/state.h"

/* All suites together. */
struct gate_paired {
    bool first;          /* nothing was live before */
    char unknown[256];   /* why nothing is known; "" otherwise */
    double low;          /* the lowest of the suites' lower bounds of the difference of pass rates */
    double difference;   /* the lowest difference */
    bool faster, better; /* in every suite: a lower median; a rate above the margin */
    char medians[96];
    uint64_t violations[2], probes, probes_changed;
    uint64_t evidence[GATE_SEQS_MAX];
    size_t n_evidence;
};
/* `row`: of the promotion. */
int gate_pair(struct state_view *view, const struct gate_question *question, const struct row *row, struct gate_paired *ret,
              struct err *err);

#endif
