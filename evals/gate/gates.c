/* Each gate reads rows of the view and says what it found, what its rule asks for and by which events. What is not known
 * closes it. Whether evaluations speak for a candidate is decided in projections/ready. */
#include "evals/gate/gates.h"

#include <stdio.h>
#include <string.h>

#include "base/mp.h"
#include "projections/decide/decide.h"

static void cite(struct gate_answer *a, uint64_t seq) {
    for (size_t i = 0; i < a->n_evidence; i++) {
        if (a->evidence[i] == seq) return;
    }
    if (a->n_evidence < GATE_SEQS_MAX) {
        a->evidence[a->n_evidence++] = seq;
    }
}

static struct gate_answer *begin(struct gate_answers *answers, const char *name, const char *required) {
    struct gate_answer *a = &answers->one[answers->n++];
    memset(a, 0, sizeof(*a));
    a->name = name;
    snprintf(a->required, sizeof(a->required), "%s", required);
    return a;
}

static int ask_evaluation(struct state_view *view, struct bytes promotion, struct gate_answer *a, struct err *err) {
    struct decision d;
    int rc = decide_is_evaluated(view, promotion, &d, err);
    if (rc != 0) return rc;
    a->open = d.yes;
    snprintf(a->value, sizeof(a->value), "%s", d.yes ? "passed" : "not passed");
    snprintf(a->why, sizeof(a->why), "%s", d.reason);
    for (size_t i = 0; i < d.n_evidence; i++) {
        cite(a, d.evidence[i]);
    }
    return 0;
}

int gates_ask(struct state_view *view, struct bytes promotion, struct gate_answers *ret, struct err *err) {
    memset(ret, 0, sizeof(*ret));
    return ask_evaluation(view, promotion, begin(ret, "evaluation", "a full pass, and no suite failed last"), err);
}

bool gates_all_open(const struct gate_answers *answers) {
    bool open = answers->n > 0;
    for (size_t i = 0; i < answers->n; i++) {
        open = open && answers->one[i].open;
    }
    return open;
}

void gates_put_reasons(const struct gate_answers *answers, struct buf *out) {
    mp_put_array(out, (uint32_t)answers->n);
    for (size_t i = 0; i < answers->n; i++) {
        const struct gate_answer *a = &answers->one[i];
        mp_put_map(out, 5 + (a->why[0] != '\0'));
        mp_put_text(out, "evidence");
        mp_put_array(out, (uint32_t)a->n_evidence);
        for (size_t k = 0; k < a->n_evidence; k++) {
            mp_put_uint(out, a->evidence[k]);
        }
        mp_pair_text(out, "gate", a->name);
        if (a->why[0] != '\0') {
            mp_pair_text(out, "reason", a->why);
        }
        mp_pair_text(out, "required", a->required);
        mp_pair_text(out, "state", a->open ? "open" : "closed");
        mp_pair_text(out, "value", a->value);
    }
}

size_t gates_evidence(const struct gate_answers *answers, uint64_t *ret, size_t max) {
    size_t n = 0;
    for (size_t i = 0; i < answers->n; i++) {
        for (size_t k = 0; k < answers->one[i].n_evidence; k++) {
            uint64_t seq = answers->one[i].evidence[k];
            size_t at = 0;
            while (at < n && ret[at] < seq) {
                at++;
            }
            if ((at < n && ret[at] == seq) || n == max) continue;
            memmove(&ret[at + 1], &ret[at], (n - at) * sizeof(*ret));
            ret[at] = seq;
            n++;
        }
    }
    return n;
}
