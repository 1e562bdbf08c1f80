/* What most folds do with the row of an entity that has a state: take a legal step, cite what decided, count what was not
 * legal. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "projections/fold/fold.h"

#define VIOLATION_MAX 256

void fold_touch(struct fold *fold, struct row *row, size_t base) {
    row_set_int(row, base + FOLD_UPDATED_SEQ, (int64_t)fold_event(fold)->seq);
}

void fold_cite(struct fold *fold, struct row *row, size_t base) {
    fold_touch(fold, row, base);
    row_cite(row, base + FOLD_EVIDENCE, fold_event(fold)->seq);
}

void fold_since(struct fold *fold, struct row *row, size_t base) {
    int64_t when = (int64_t)fold_when(fold);
    if (!row_has(row, base + FOLD_SINCE) || row_int(row, base + FOLD_SINCE) < when) {
        row_set_int(row, base + FOLD_SINCE, when);
    }
    row_set_int(row, base + FOLD_SINCE_SEQ, (int64_t)fold_event(fold)->seq);
}

void fold_state(struct fold *fold, struct row *row, size_t base, size_t state_column, const char *state) {
    uint64_t seq = fold_event(fold)->seq;
    fold_touch(fold, row, base);
    if (!row_is(row, state_column, state)) {
        row_set_str(row, state_column, state);
        fold_since(fold, row, base);
    }
    row_cite_only(row, base + FOLD_EVIDENCE, &seq, 1);
}

int64_t fold_named_until(int64_t when) {
    const int64_t second = (int64_t)CLOCK_NS_PER_S;
    return when % second == 0 ? when + second - 1 : when;
}

static bool is_late(const struct row *row, size_t at, int64_t when) {
    return row_has(row, at) && fold_named_until(when) < row_int(row, at);
}

bool fold_is_late(const struct fold *fold, const struct row *row, size_t at) {
    return is_late(row, at, (int64_t)fold_when(fold));
}

bool fold_is_news(struct fold *fold, struct row *row, size_t base, size_t at, size_t late) {
    int64_t when = (int64_t)fold_when(fold);
    if (is_late(row, at, when)) {
        row_add(row, late, 1);
        fold_touch(fold, row, base);
        return false;
    }
    if (!row_has(row, at) || row_int(row, at) < when) {
        row_set_int(row, at, when);
    }
    return true;
}

void fold_violation(struct fold *fold, struct row *row, size_t base, const char *fmt, ...) {
    char words[VIOLATION_MAX];
    va_list args;
    va_start(args, fmt);
    vsnprintf(words, sizeof(words), fmt, args);
    va_end(args);
    size_t n = text_utf8_valid((const uint8_t *)words, strlen(words)); /* whole characters only */
    row_add(row, base + FOLD_VIOLATIONS, 1);
    row_set_text(row, base + FOLD_VIOLATION, (struct bytes){(const uint8_t *)words, n});
    row_set_int(row, base + FOLD_VIOLATION_SEQ, (int64_t)fold_event(fold)->seq);
    fold_cite(fold, row, base);
}

static bool fits(const char *rule, struct bytes text) {
    return bytes_is(bytes_of(rule), "*") || bytes_is(text, rule);
}

const struct fold_step_rule *fold_rule(const struct fold_step_rule *rules, size_t n, struct bytes from, struct bytes step) {
    for (size_t i = 0; i < n; i++) {
        if (fits(rules[i].from, from) && fits(rules[i].step, step)) return &rules[i];
    }
    return NULL;
}

bool fold_take_step(struct fold *fold, struct row *row, size_t base, size_t state_column,
                    const struct fold_step_rule *rules, size_t n) {
    struct bytes step = fold_step(fold), from = row_text(row, state_column);
    const struct fold_step_rule *rule = fold_rule(rules, n, from, step);
    char was[64];
    snprintf(was, sizeof(was), "%.*s", (int)from.n, from.n > 0 ? (const char *)from.p : "");
    if (rule != NULL && rule->to != NULL) {
        fold_state(fold, row, base, state_column, rule->to);
    }
    if (rule == NULL) {
        fold_violation(fold, row, base, "%.*s from %s is no legal step", (int)step.n, (const char *)step.p,
                       from.n > 0 ? was : "nothing");
    } else if (rule->why != NULL) {
        fold_violation(fold, row, base, "%s", rule->why);
    } else if (rule->to == NULL) {
        fold_touch(fold, row, base);
    }
    return rule != NULL && (rule->to != NULL || rule->why == NULL);
}
