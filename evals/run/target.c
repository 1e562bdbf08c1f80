/* What a target answered is released here, whoever made it. */
#include "evals/run/target.h"

void run_answer_done(struct run_answer *answer) {
    if (answer->named_done != NULL) {
        answer->named_done(answer->named_ctx);
    }
    buf_done(&answer->output);
    answer->named = NULL;
    answer->named_ctx = NULL;
    answer->named_done = NULL;
}
