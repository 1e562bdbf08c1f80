/* Names are cut at whole characters, messages after a whole word: what a row holds must stay UTF-8. */
#include "projections/view/reason.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "projections/fold/fold.h"

void reason_init(struct reason *reason) {
    memset(reason, 0, sizeof(*reason));
}

size_t reason_fits(struct bytes text, size_t max) {
    size_t n = text.n < max ? text.n : max;
    while (n > 0 && n < text.n && (text.p[n] & 0xc0) == 0x80) {
        n--;
    }
    return n;
}

size_t reason_cut(struct bytes text, size_t max) {
    const size_t more = max > 3 ? max - 3 : 0, least = more / 2;
    size_t n = reason_fits(text, text.n > max ? more : max), at = n;
    if (text.n <= max) return n;
    while (at > least && text.p[at] != ' ') {
        at--;
    }
    n = at > least ? at : n;
    while (n > least && memchr(" ;:,", text.p[n - 1], 4) != NULL) {
        n--;
    }
    return n;
}

void reason_say(struct reason *reason, const char *fmt, ...) {
    static const char more[] = "...";
    char words[2 * REASON_MAX];
    size_t room = sizeof(reason->words) - sizeof(more) - reason->n;
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(words, sizeof(words), fmt, args);
    va_end(args);
    if (n <= 0 || reason->n >= sizeof(reason->words) - sizeof(more)) {
        return; /* already cut */
    }
    struct bytes whole = bytes_of(words);
    size_t take = whole.n > room ? reason_cut(whole, room + 3) : whole.n;
    memcpy(reason->words + reason->n, words, take);
    reason->n += take;
    reason->words[reason->n] = '\0';
    if (take < (size_t)n) {
        memcpy(reason->words + reason->n, more, sizeof(more));
        reason->n = sizeof(reason->words) - sizeof(more);
    }
}

void reason_cite(struct reason *reason, uint64_t seq, uint64_t at) {
    if (at != 0 && seq >= reason->newest) {
        reason->newest = seq;
        reason->newest_at = at;
    }
    for (size_t i = 0; i < reason->n_seqs; i++) {
        if (reason->seqs[i] == seq) return;
    }
    if (reason->n_seqs == ROW_SEQS_MAX) {
        memmove(reason->seqs, reason->seqs + 1, (ROW_SEQS_MAX - 1) * sizeof(reason->seqs[0]));
        reason->n_seqs--;
    }
    reason->seqs[reason->n_seqs++] = seq;
}

void reason_cite_cell(struct reason *reason, const struct row *row, size_t seq_column, size_t at_column) {
    if (row_has(row, seq_column)) {
        int64_t at = at_column != SIZE_MAX ? row_int(row, at_column) : 0;
        reason_cite(reason, (uint64_t)row_int(row, seq_column), at > 0 ? (uint64_t)at : 0);
    }
}

void reason_cite_row(struct reason *reason, const struct row *row, size_t base) {
    uint64_t seqs[ROW_SEQS_MAX];
    size_t n = row_seqs(row, base + FOLD_EVIDENCE, seqs, ROW_SEQS_MAX);
    for (size_t i = 0; i < n && i < ROW_SEQS_MAX; i++) {
        bool since = (int64_t)seqs[i] == row_int(row, base + FOLD_SINCE_SEQ) && row_int(row, base + FOLD_SINCE) > 0;
        reason_cite(reason, seqs[i], since ? (uint64_t)row_int(row, base + FOLD_SINCE) : 0);
    }
}

void reason_cite_all(struct reason *reason, const struct reason *other) {
    for (size_t i = 0; i < other->n_seqs; i++) {
        reason_cite(reason, other->seqs[i], other->seqs[i] == other->newest ? other->newest_at : 0);
    }
}

void reason_give(const struct reason *reason, struct row *row, size_t base) {
    for (size_t i = 0; i < reason->n_seqs; i++) {
        row_cite(row, base + FOLD_EVIDENCE, reason->seqs[i]);
    }
}
