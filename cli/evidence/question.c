/* A reader of "valid" concludes that all is well. So the verdict comes with the question, as the exporter states it, and
 * with what else the range contains, as the headers prove it. Kinds that stand out come first. */
#include "cli/evidence/question.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/evidence/report.h"
#include "cli/print/out.h"

#define TEXT_MAX   ((size_t)1 << 20)
#define KINDS_TEXT 40 /* kinds with a row of their own; JSON has all */

/* ---- the question ---- */

struct rows {
    question_row_fn *row;
    void *ctx;
    struct buf text;
};

/* Ends the row that the text so far makes. */
static void end_row(struct rows *r, const char *label, bool stands_out) {
    r->row(r->ctx, label, bytes_of_buf(&r->text), stands_out);
    buf_clear(&r->text);
}

static void put_term(struct buf *out, const struct export_term *t) {
    if (t->op == EXPORT_EQUALS && t->value.n == 0) {
        buf_printf(out, "%s is empty", t->field);
        return;
    }
    buf_printf(out, "%s %s ", t->field, t->op == EXPORT_EQUALS ? "is" : "begins with");
    buf_put_bytes(out, t->value);
}

/* `none`: the text when there are no names; a name may be "none" itself. */
static void put_names(struct rows *r, const char *label, const struct bytes *names, size_t n, const char *none) {
    for (size_t i = 0; i < n; i++) {
        buf_put_str(&r->text, i == 0 ? "" : ", ");
        buf_put_bytes(&r->text, names[i]);
    }
    buf_put_str(&r->text, n == 0 ? none : "");
    end_row(r, label, false);
}

/* Without a time bound: the times that the range covers anyway. */
static void put_no_time(struct rows *r, const struct export_question *q) {
    char first[TEXT_TIME_MAX], last[TEXT_TIME_MAX];
    question_time(first, q->first_time);
    question_time(last, q->last_time);
    if (q->n_events == 0 || (!q->sparse && q->from == 0 && q->to == q->size)) {
        buf_put_str(&r->text, q->n_events == 0 ? "any" : "any: the range is the whole log");
    } else {
        buf_printf(&r->text, "no bound of time: %s, recorded from %s to %s",
                   q->sparse ? "events that were chosen" : "the range is by sequence numbers", first, last);
    }
}

static void ask_time(struct rows *r, const struct export_question *q) {
    char time[TEXT_TIME_MAX];
    if (q->has_since) {
        question_time(time, q->since);
        buf_printf(&r->text, "from %s%s", time, q->has_until ? " " : "");
    }
    if (q->has_until) {
        question_time(time, q->until);
        buf_printf(&r->text, "until before %s", time);
    }
    if (!q->has_since && !q->has_until) {
        put_no_time(r, q);
    }
    end_row(r, "time", false);
}

static void ask_range(struct rows *r, const struct export_question *q) {
    if (q->to - q->from == 1) {
        buf_printf(&r->text, "event %llu", (unsigned long long)q->from);
    } else if (q->to > q->from) {
        buf_printf(&r->text, "events %llu to %llu", (unsigned long long)q->from, (unsigned long long)q->to - 1);
    } else {
        buf_put_str(&r->text, "none");
    }
    buf_printf(&r->text, ", of a log of %llu", (unsigned long long)q->size);
    end_row(r, "range", false);
}

void question_asked(const struct export_question *q, question_row_fn *row, void *ctx) {
    static const char *const bodies[] = {[EXPORT_BODIES_MATCHING] = "of the events that match",
                                         [EXPORT_BODIES_ALL] = "of all events of the range",
                                         [EXPORT_BODIES_NONE] = "of none"};
    struct rows r = {.row = row, .ctx = ctx};
    buf_init(&r.text, TEXT_MAX);
    for (size_t i = 0; i < q->n_terms; i++) {
        put_term(&r.text, &q->term[i]);
        end_row(&r, i == 0 ? "filter" : "", false);
    }
    if (q->n_terms == 0) {
        buf_put_str(&r.text, q->sparse ? "none: events were chosen one by one" : "none: every event matches");
        end_row(&r, "filter", false);
    }
    ask_time(&r, q);
    ask_range(&r, q);
    buf_put_str(&r.text, bodies[q->bodies]);
    end_row(&r, "bodies", false);
    put_names(&r, "private", q->private_, q->n_private, "no fields");
    buf_put_str(&r.text, q->artifacts ? "those that disclosed events name" : "none");
    end_row(&r, "artifacts", false);
    put_names(&r, "states", q->states, q->n_states, "none");
    buf_done(&r.text);
}

/* ---- the answer ---- */

void question_misses(unsigned missed, struct buf *out) {
    const char *between = "";
    for (size_t i = 0; i < EXPORT_MISSES; i++) {
        if ((missed >> i & 1) != 0) {
            buf_printf(out, i == EXPORT_FIELDS ? "%soutside the time" : "%sanother %s", between, export_miss_name(i));
            between = ", ";
        }
    }
}

/* "1 run.tool_called (seq 64)". */
static void put_tally(struct buf *out, const struct export_kind *kind, const struct export_tally *t, bool seqs) {
    buf_printf(out, "%llu %s", (unsigned long long)t->n, kind->name != NULL ? kind->name : "of other kinds");
    for (uint64_t i = 0; seqs && i < t->n && i < EXPORT_TALLY_SEQS; i++) {
        buf_printf(out, "%s%llu", i == 0 ? " (seq " : ", ", (unsigned long long)t->seq[i]);
    }
    buf_put_str(out, !seqs ? "" : t->n > EXPORT_TALLY_SEQS ? ", ...)" : ")");
}

/* Each with its number of events, where that is not all of them. */
static void put_reasons(struct buf *out, const struct export_kind *kind) {
    const char *between = ": ";
    uint64_t n = kind->fate[EXPORT_LEFT_OUT].n;
    for (unsigned i = 0; i < EXPORT_MISSES; i++) {
        if (kind->missed[i] > 0) {
            buf_put_str(out, between);
            question_misses(1U << i, out);
            if (kind->missed[i] < n) {
                buf_printf(out, " (%llu)", (unsigned long long)kind->missed[i]);
            }
            between = ", ";
        }
    }
}

static void answer_kind(struct rows *r, const struct export_kind *kind, enum export_fate fate, bool stands_out) {
    static const char *const label[EXPORT_FATES] = {"disclosed", "withheld", "erased", "undisclosed"};
    put_tally(&r->text, kind, &kind->fate[fate], fate != EXPORT_DISCLOSED);
    if (fate == EXPORT_LEFT_OUT) {
        put_reasons(&r->text, kind);
    }
    if (stands_out) {
        buf_put_str(&r->text, "; the filter names this kind");
    }
    end_row(r, label[fate], stands_out);
}

/* The rows of one fate; of the events left out, either those that stand out or the others. */
static void answer_fate(struct rows *r, const struct export_question *q, enum export_fate fate, bool stands_out) {
    uint64_t rest = 0;
    size_t shown = 0, more = 0;
    for (size_t i = 0; i <= q->n_kinds; i++) {
        const struct export_kind *kind = i < q->n_kinds ? &q->kind[i] : &q->others;
        if (kind->fate[fate].n == 0 || (kind->stands_out.n > 0 && fate == EXPORT_LEFT_OUT) != stands_out) {
            continue;
        }
        if (shown++ < KINDS_TEXT) {
            answer_kind(r, kind, fate, stands_out);
        } else {
            rest += kind->fate[fate].n;
            more++;
        }
    }
    if (more > 0) {
        buf_printf(&r->text, "%llu of %zu kind%s more, which --json names", (unsigned long long)rest, more, text_s(more));
        end_row(r, "", stands_out);
    }
}

void question_answered(const struct export_question *q, question_row_fn *row, void *ctx) {
    struct rows r = {.row = row, .ctx = ctx};
    buf_init(&r.text, TEXT_MAX);
    answer_fate(&r, q, EXPORT_LEFT_OUT, true);
    for (int fate = 0; fate < EXPORT_FATES; fate++) {
        answer_fate(&r, q, (enum export_fate)fate, false);
    }
    buf_done(&r.text);
}

void question_bound(const struct export_question *q, struct buf *out) {
    uint64_t hidden = export_hidden(q), named = export_stand_out(q);
    buf_put_str(out, q->sparse ? "of these events only: nothing is said of others"
                               : "complete for this question and for no other");
    if (hidden > 0) {
        buf_printf(out, "; %llu of %llu event%s %s not disclosed", (unsigned long long)hidden,
                   (unsigned long long)q->n_events, q->n_events == 1 ? "" : "s", hidden == 1 ? "is" : "are");
    }
    if (named > 0) {
        buf_printf(out, "; %llu of %s that the filter names", (unsigned long long)named, named == 1 ? "a kind" : "kinds");
    }
}

/* ---- on standard output ---- */

static void print_row(void *ctx, const char *label, struct bytes text, bool stands_out) {
    struct cli *cli = ctx;
    out_printf(cli, "  %s%-11s%s ", out_color(cli, stands_out ? OUT_YELLOW : OUT_PLAIN), label, out_color(cli, OUT_PLAIN));
    report_wrapped(cli, text, 14);
}

void question_print(struct cli *cli, const struct export_question *q) {
    char first[TEXT_TIME_MAX], last[TEXT_TIME_MAX];
    out_str(cli, "question      the exporter's word, signed by the log key; made with ");
    out_safe(cli, bytes_of(q->exporter));
    out_str(cli, "\n");
    question_asked(q, print_row, cli);
    question_time(first, q->first_time);
    question_time(last, q->last_time);
    out_printf(cli, "answer        proven from %llu header%s", (unsigned long long)q->n_events,
               q->n_events == 1 ? "" : "s");
    if (q->n_events > 0) {
        out_printf(cli, ", %s to\n              %s", first, last);
    }
    out_str(cli, "\n");
    question_answered(q, print_row, cli);
    out_str(cli, "\n");
}
