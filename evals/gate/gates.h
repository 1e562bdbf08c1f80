/* The gates before `promoted`, asked of a view: the same events and the same file of gates give the same answers, whoever asks and
 * whenever. What was measured outside is in the event promotion.verifying, with which the view ends. */
#ifndef EVALS_GATE_GATES_H
#define EVALS_GATE_GATES_H

#include "evals/gate/question.h"
#include "projections/view/state.h"

#define GATE_VALUE_MAX 120
#define GATE_WHY_MAX   512
#define GATE_TOO_FEW   "too few" /* begins why it is closed, where more cases may open it */

struct gate_answer {
    const char *name; /* static */
    bool open;
    char value[GATE_VALUE_MAX], required[GATE_VALUE_MAX]; /* what was measured, and what is asked for */
    char why[GATE_WHY_MAX];                               /* why it is closed; "" when it is open */
    uint64_t evidence[GATE_SEQS_MAX];                     /* the events that it rests on, each once */
    size_t n_evidence;
};
struct gate_answers {
    struct gate_answer one[GATE_IDS];
    size_t n;
};

/* Of a promotion that is being verified, in a view that ends with that event. */
int gates_ask(struct state_view *view, const struct gate_question *question, struct gate_answers *ret, struct err *err);
/* All are open, and there is at least one. */
bool gates_all_open(const struct gate_answers *answers);
/* Appends the list for the field `reasons`: a map for each gate. */
void gates_put_reasons(const struct gate_answers *answers, struct buf *out);
/* The events behind all of them, ascending, each once; at most `max`. Returns how many. */
size_t gates_evidence(const struct gate_answers *answers, uint64_t *ret, size_t max);

/* For the files of this room: opens or closes it, cites. */
void gate_open(struct gate_answer *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void gate_close(struct gate_answer *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void gate_value(struct gate_answer *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void gate_cite(struct gate_answer *a, uint64_t seq);

#endif
