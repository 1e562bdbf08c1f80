/* Numbers first, then what flipped, then what it means. A sentence claims no more than its test does. */
#include "cli/evals/comparison.h"

#include <math.h>
#include <stdio.h>

#include "base/text.h"
#include "cli/print/cell.h"
#include "cli/print/table.h"
#include "projections/ready/eval.h"

#define LISTED        40 /* flips in a table */
#define NAMED         5  /* cases in a sentence */
#define NAMED_COLUMNS 60
#define WORDS_MAX     ((size_t)1 << 20)

const char *comparison_outcome(const struct compare_pair *pair, size_t side) {
    const struct sample *one = side == 0 ? pair->a : pair->b;
    return !one ? "-" : evaluation_outcomes[one->outcome];
}

enum compare_answer comparison_answer(const struct comparison *c) {
    return c->by_latency && c->found.latency_answer == COMPARE_WORSE ? COMPARE_WORSE : c->found.answer;
}

/* ---- sentences ---- */

static void put_p(struct buf *out, double p) {
    if (p < 0.0001) {
        buf_put_str(out, "p < 0.0001");
    } else {
        buf_printf(out, "p = %.4f", p);
    }
}

static void put_percent(struct buf *out, double share) {
    buf_printf(out, "%.4g %%", 100 * share);
}

static void put_passes(const struct comparison *c, struct buf *out) {
    static const char *const answers[] = {[COMPARE_NOISE] = "Passes: the difference may be noise",
                                          [COMPARE_BETTER] = "Passes: B is better beyond noise",
                                          [COMPARE_WORSE] = "Passes: B is worse beyond noise"};
    const struct compare *f = &c->found;
    uint64_t lost = c->pairs.count[COMPARE_LOST], gained = c->pairs.count[COMPARE_GAINED];
    if (f->n == 0) {
        buf_put_str(out, "Passes: nothing is known of both in any pair, so nothing can be said.\n");
        return;
    }
    if (lost + gained == 0) {
        buf_printf(out, "Passes: no sample flipped in %zu pair%s.\n", f->n, text_s(f->n));
        return;
    }
    buf_printf(out, "%s at ", answers[f->passes]);
    put_percent(out, c->options.confidence);
    if (f->cases == f->n) {
        buf_printf(out, ": %llu of %zu samples flipped to fail and %llu to pass (McNemar exact, ", (unsigned long long)lost,
                   f->n, (unsigned long long)gained);
        put_p(out, f->p);
        buf_put_str(out, ").\n");
    } else {
        buf_printf(out, ": of %zu cases %zu got worse and %zu better (sign test, ", f->cases, f->cases_worse,
                   f->cases_better);
        put_p(out, f->p);
        buf_printf(out, "). Of their %zu samples %llu flipped to fail and %llu to pass.\n", f->n, (unsigned long long)lost,
                   (unsigned long long)gained);
    }
    if (f->effective < (double)f->cases) {
        buf_printf(out, "Cases do not weigh alike: the interval decides, of %.1f cases in effect.\n", f->effective);
    }
    if (f->passes == COMPARE_NOISE && f->needed != UINT64_MAX && f->needed > f->cases) {
        buf_printf(out, "About %llu more cases would tell, with a chance of %.0f %%, if they flip as often as these.\n",
                   (unsigned long long)(f->needed - f->cases), 100 * STAT_POWER);
    } else if (f->passes == COMPARE_NOISE && f->cases_worse == f->cases_better) {
        buf_put_str(out, "As many flipped either way: no number of cases like these would tell.\n");
    }
}

static void put_errors(const struct comparison *c, struct buf *out) {
    const struct compare *f = &c->found;
    static const char *const answers[] = {[COMPARE_NOISE] = "the difference may be noise",
                                          [COMPARE_BETTER] = "B has fewer beyond noise",
                                          [COMPARE_WORSE] = "B has more beyond noise"};
    if (c->pairs.count[COMPARE_ERRED] > 0) {
        buf_printf(out, "Errors, which are left out of the passes: %llu in A, %llu in B; %s (",
                   (unsigned long long)c->pairs.erred[0], (unsigned long long)c->pairs.erred[1], answers[f->errors]);
        put_p(out, f->p_errors);
        buf_put_str(out, ").\n");
    }
    if (f->violations[0] + f->violations[1] > 0) {
        buf_printf(out, "Violations of policies: %llu in A, %llu in B%s.\n", (unsigned long long)f->violations[0],
                   (unsigned long long)f->violations[1],
                   f->violations[1] > f->violations[0] ? ", and more are worse however few they are" : "");
    }
    if (f->probes > 0) {
        buf_printf(out, "Probes: %llu of %llu answered otherwise than in A.\n", (unsigned long long)f->probes_changed,
                   (unsigned long long)f->probes);
    }
}

static void put_latency(const struct comparison *c, struct buf *out) {
    const struct compare_numbers *l = &c->found.latency;
    static const char *const answers[] = {[COMPARE_NOISE] = "the difference may be noise",
                                          [COMPARE_BETTER] = "B is faster beyond noise",
                                          [COMPARE_WORSE] = "B is slower beyond noise"};
    if (l->n == 0) return;
    buf_printf(out, "Latency: %s (medians of %zu cases, permutation test, ", answers[c->found.latency_answer], l->cases);
    put_p(out, l->p);
    buf_printf(out, ")%s.\n",
               c->found.latency_answer == COMPARE_WORSE && !c->by_latency ? "; with --latency that would decide" : "");
}

static void put_score(const struct comparison *c, struct buf *out) {
    const struct compare_numbers *s = &c->found.score;
    if (s->n == 0) return;
    buf_printf(out, "Scores: %s (means of %zu cases, permutation test, ",
               s->p <= 1 - c->options.confidence ? "they differ beyond noise" : "the difference may be noise", s->cases);
    put_p(out, s->p);
    buf_put_str(out, ").\n");
}

/* "3 only in A (c1, c2, c3)". */
static void put_left(const struct comparison *c, enum compare_change change, const char *what, struct buf *out) {
    uint64_t n = c->pairs.count[change], named = 0;
    if (n == 0) return;
    buf_printf(out, "Not compared: %llu sample%s %s (", (unsigned long long)n, text_s(n), what);
    for (size_t i = 0; i < c->pairs.n && named < NAMED; i++) {
        const struct compare_pair *pair = &c->pairs.pairs[i];
        if (pair->change != change) continue;
        struct buf name = {.max = WORDS_MAX}, safe = {.max = 4 * WORDS_MAX};
        evaluation_sample_name(pair->a ? pair->a : pair->b, &name);
        text_safe(&safe, bytes_of_buf(&name));
        size_t width = 0, fits = table_fits(bytes_of_buf(&safe), NAMED_COLUMNS, &width);
        buf_put_str(out, named++ > 0 ? ", " : "");
        buf_put_bytes(out, (struct bytes){safe.p, fits});
        buf_put_str(out, fits < safe.n ? "..." : "");
        buf_done(&safe);
        buf_done(&name);
    }
    buf_printf(out, "%s).\n", n > named ? ", ..." : "");
}

static void put_all_left(const struct comparison *c, struct buf *out) {
    put_left(c, COMPARE_ONLY_A, "only in A", out);
    put_left(c, COMPARE_ONLY_B, "only in B", out);
    put_left(c, COMPARE_ALTERED, "of cases that differ between the versions of the suite", out);
    for (size_t i = 0; i < 2; i++) {
        const struct samples *samples = &c->samples[i];
        const char *side = i == 0 ? "A" : "B";
        if (samples->repeated > 0) {
            buf_printf(out, "%s recorded %llu sample%s again: the first of which something is known counts.\n", side,
                       (unsigned long long)samples->repeated, text_s(samples->repeated));
        }
        if (samples->erased + samples->unreadable > 0) {
            buf_printf(out, "%s has %llu more sample%s that cannot be read.\n", side,
                       (unsigned long long)(samples->erased + samples->unreadable),
                       text_s(samples->erased + samples->unreadable));
        }
    }
}

void comparison_weak(const struct comparison *c, struct buf *out) {
    for (size_t i = 0; i < 2; i++) {
        if (row_bool(&c->rows[i], EVAL_COUNTS)) continue;
        struct bytes reason = row_text(&c->rows[i], EVAL_REASON);
        buf_printf(out, "Weak evidence: %s does not count", i == 0 ? "A" : "B");
        if (reason.n > 0) {
            buf_put_str(out, ": ");
            text_safe(out, reason);
        }
        buf_put_str(out, ".\n");
    }
}

void comparison_words(const struct comparison *c, struct buf *out) {
    static const char *const answers[] = {[COMPARE_NOISE] = "B is not shown to be better or worse than A.\n",
                                          [COMPARE_BETTER] = "B is better than A.\n",
                                          [COMPARE_WORSE] = "B is worse than A.\n"};
    put_passes(c, out);
    put_errors(c, out);
    put_score(c, out);
    put_latency(c, out);
    put_all_left(c, out);
    comparison_weak(c, out);
    buf_put_str(out, answers[comparison_answer(c)]);
}

/* ---- the numbers ---- */

struct line {
    const char *name;
    double sides[2];
    struct stat_interval interval;
    bool percent, has_interval;
};

static void put_number(struct buf *out, double v, const struct line *line, bool sign) {
    if (!isfinite(v)) {
        buf_put_str(out, "-");
    } else if (line->percent) {
        buf_printf(out, sign ? "%+.2f %%" : "%.2f %%", 100 * v);
    } else {
        buf_printf(out, sign ? "%+.6g" : "%.6g", v);
    }
}

static void print_line(struct table *table, const struct line *line) {
    struct buf cell = {.max = 256};
    table_text(table, line->name);
    for (size_t i = 0; i < 2; i++) {
        put_number(&cell, line->sides[i], line, false);
        table_cell(table, bytes_of_buf(&cell));
        buf_clear(&cell);
    }
    put_number(&cell, line->sides[1] - line->sides[0], line, true);
    table_cell(table, bytes_of_buf(&cell));
    buf_clear(&cell);
    if (line->has_interval) {
        put_number(&cell, line->interval.low, line, true);
        buf_put_str(&cell, " to ");
        put_number(&cell, line->interval.high, line, true);
    }
    table_cell(table, bytes_of_buf(&cell));
    buf_done(&cell);
}

static void print_numbers(const struct comparison *c) {
    const struct compare *f = &c->found;
    const struct compare_numbers *s = &f->score, *l = &f->latency;
    char interval[32];
    snprintf(interval, sizeof(interval), "INTERVAL, %.4g %%", 100 * c->options.confidence);
    const struct table_column columns[] = {{"", TABLE_KEEP, 0},
                                           {"A", TABLE_RIGHT, 0},
                                           {"B", TABLE_RIGHT, 0},
                                           {"B - A", TABLE_RIGHT, 0},
                                           {interval, TABLE_RIGHT, 0}};
    const struct line lines[] = {
        {"pass rate", {f->rate[0], f->rate[1]}, f->interval, true, f->n > 0},
        {"score, mean", {s->mean[0], s->mean[1]}, s->interval, false, s->n > 0},
        {"latency, mean ms", {l->mean[0], l->mean[1]}, l->interval, false, l->n > 0},
        {"latency, p50 ms", {l->p50[0], l->p50[1]}, {0, 0}, false, false},
        {"latency, p95 ms", {l->p95[0], l->p95[1]}, {0, 0}, false, false},
        {"latency, p99 ms", {l->p99[0], l->p99[1]}, {0, 0}, false, false},
        {"cost", {f->cost[0], f->cost[1]}, {0, 0}, false, false},
        {"errors", {(double)c->pairs.erred[0], (double)c->pairs.erred[1]}, {0, 0}, false, false},
    };
    struct table *table = table_new(c->view->cli, columns, sizeof(columns) / sizeof(columns[0]));
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        if (isfinite(lines[i].sides[0])) {
            print_line(table, &lines[i]);
        }
    }
    table_end(table);
}

/* ---- the flips ---- */

static void print_flips(const struct comparison *c) {
    static const struct table_column columns[] = {{"CHANGE", TABLE_WHOLE, 0}, {"TASK", TABLE_TAIL, 0},
                                                  {"CASE", TABLE_TAIL, 48},   {"A", TABLE_KEEP, 0},
                                                  {"B", TABLE_KEEP, 0},       {"EVENTS", TABLE_KEEP, 0}};
    static const enum compare_change order[] = {COMPARE_LOST, COMPARE_GAINED, COMPARE_ERRED};
    static const enum out_color colors[] = {OUT_RED, OUT_GREEN, OUT_YELLOW};
    struct cli *cli = c->view->cli;
    struct table *table = NULL;
    uint64_t all = 0, shown = 0;
    for (size_t k = 0; k < 3; k++) {
        all += c->pairs.count[order[k]];
        for (size_t i = 0; i < c->pairs.n && shown < LISTED; i++) {
            const struct compare_pair *pair = &c->pairs.pairs[i];
            struct buf name = {.max = WORDS_MAX}, events = {.max = 64};
            if (pair->change != order[k]) continue;
            if (!table) {
                out_str(cli, "\n");
                table = table_new(cli, columns, sizeof(columns) / sizeof(columns[0]));
            }
            evaluation_sample_name(pair->a, &name);
            buf_printf(&events, "%llu, %llu", (unsigned long long)pair->a->seq, (unsigned long long)pair->b->seq);
            table_color(table, colors[k]);
            table_text(table, compare_change_words[pair->change]);
            table_cell(table, pair->a->task);
            table_cell(table, bytes_of_buf(&name));
            table_text(table, comparison_outcome(pair, 0));
            table_text(table, comparison_outcome(pair, 1));
            table_cell(table, bytes_of_buf(&events));
            buf_done(&name);
            buf_done(&events);
            shown++;
        }
    }
    table_end(table);
    if (all > shown) {
        out_printf(cli, "and %llu more; --format jsonl lists every pair\n", (unsigned long long)(all - shown));
    }
}

/* ---- the tags ---- */

static void print_tags(const struct comparison *c) {
    static const struct table_column columns[] = {
        {"TAG", TABLE_TAIL, 0},    {"PAIRS", TABLE_RIGHT, 0},    {"A", TABLE_RIGHT, 0},    {"B", TABLE_RIGHT, 0},
        {"B - A", TABLE_RIGHT, 0}, {"INTERVAL", TABLE_RIGHT, 0}, {"LOST", TABLE_RIGHT, 0}, {"GAINED", TABLE_RIGHT, 0},
        {"P", TABLE_RIGHT, 0},     {"PASSES", TABLE_WHOLE, 0}};
    static const char *const answers[] = {
        [COMPARE_NOISE] = "noise", [COMPARE_BETTER] = "better", [COMPARE_WORSE] = "worse"};
    struct table *table = NULL;
    for (size_t i = 0; i < c->tags.n; i++) {
        const struct compare_tag *tag = &c->tags.all[i];
        const struct line line = {NULL, {tag->found.rate[0], tag->found.rate[1]}, tag->found.interval, true, true};
        const double shown[] = {line.sides[0], line.sides[1], tag->found.difference};
        struct buf cell = {.max = 256};
        if (!table) {
            out_str(c->view->cli, "\n");
            table = table_new(c->view->cli, columns, sizeof(columns) / sizeof(columns[0]));
        }
        table_cell(table, tag->tag.n > 0 ? tag->tag : bytes_of("(none)"));
        table_uint(table, tag->found.n);
        for (size_t k = 0; k < 3; k++) {
            put_number(&cell, shown[k], &line, k == 2);
            table_cell(table, bytes_of_buf(&cell));
            buf_clear(&cell);
        }
        put_number(&cell, line.interval.low, &line, true);
        buf_put_str(&cell, " to ");
        put_number(&cell, line.interval.high, &line, true);
        table_cell(table, bytes_of_buf(&cell));
        buf_clear(&cell);
        table_uint(table, tag->count[COMPARE_LOST]);
        table_uint(table, tag->count[COMPARE_GAINED]);
        buf_printf(&cell, "%.3g", tag->found.p);
        table_cell(table, bytes_of_buf(&cell));
        table_text(table, answers[tag->found.passes]);
        buf_done(&cell);
    }
    table_end(table);
    if (c->tags.n > 1) {
        out_printf(c->view->cli,
                   "%zu tags are %zu tests: one of them may differ by chance alone. The answer is that of all "
                   "pairs.\n",
                   c->tags.n, c->tags.n);
    }
}

static void print_lines(struct cli *cli, struct bytes text) {
    while (text.n > 0) {
        const uint8_t *end = bytes_find(text, '\n');
        size_t n = end ? (size_t)(end - text.p) : text.n;
        struct bytes line = {text.p, n};
        while (line.n > 0) {
            out_safe(cli, table_line(&line, out_width(cli)));
            out_str(cli, "\n");
        }
        n += end ? 1 : 0;
        text = (struct bytes){text.p + n, text.n - n};
    }
}

void comparison_say(struct comparison *c) {
    struct cli *cli = c->view->cli;
    struct buf words = {.max = 4 * WORDS_MAX};
    for (size_t i = 0; i < 2; i++) {
        buf_clear(&words);
        evaluation_head(c->view, &c->rows[i], &words);
        out_str(cli, i == 0 ? "A  " : "B  ");
        out_safe(cli, bytes_of_buf(&words));
        out_str(cli, "\n");
    }
    out_str(cli, "\n");
    print_numbers(c);
    print_flips(c);
    print_tags(c);
    out_str(cli, "\n");
    buf_clear(&words);
    comparison_words(c, &words);
    print_lines(cli, bytes_of_buf(&words));
    out_printf(cli, "%llu resamples, seed %llu.\n", (unsigned long long)c->options.resamples,
               (unsigned long long)c->options.seed);
    buf_done(&words);
}
