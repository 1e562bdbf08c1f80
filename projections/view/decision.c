/* Words and seqs of a decision. */
#include "projections/view/decision.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "projections/rows/named.h"
#include "projections/view/reason.h"

void decide_begin(struct decision *ret) {
    memset(ret, 0, sizeof(*ret));
    ret->yes = true;
}

void decide_no(struct decision *ret, const char *fmt, ...) {
    char words[2 * sizeof(ret->reason)];
    va_list args;
    va_start(args, fmt);
    vsnprintf(words, sizeof(words), fmt, args);
    va_end(args);
    ret->yes = false;
    snprintf(ret->reason, sizeof(ret->reason), "%.*s%s", REASON_CUT(bytes_of(words), sizeof(ret->reason) - 1));
}

void decide_cite(struct decision *ret, uint64_t seq) {
    size_t at = 0;
    while (at < ret->n_evidence && ret->evidence[at] < seq) {
        at++;
    }
    if (ret->n_evidence == ROW_SEQS_MAX || (at < ret->n_evidence && ret->evidence[at] == seq)) {
        return;
    }
    memmove(ret->evidence + at + 1, ret->evidence + at, (ret->n_evidence - at) * sizeof(seq));
    ret->evidence[at] = seq;
    ret->n_evidence++;
}

void decide_cite_row(struct decision *ret, const struct row *row) {
    uint64_t seqs[ROW_SEQS_MAX];
    size_t column = named_column(row, "evidence");
    size_t n = column == SIZE_MAX ? 0 : row_seqs(row, column, seqs, ROW_SEQS_MAX);
    for (size_t i = 0; i < n && i < ROW_SEQS_MAX; i++) {
        decide_cite(ret, seqs[i]);
    }
}
