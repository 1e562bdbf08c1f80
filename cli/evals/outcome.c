/* For people the bad news first: that every sample ended in an error, or that something was not run. */
#include "cli/evals/outcome.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/locale.h"
#include "base/mp.h"
#include "cli/print/fact.h"
#include "cli/print/say.h"
#include "evals/stat/stat.h"
#include "projections/ready/eval.h"
#include "projections/view/look.h"

#define CONFIDENCE 0.95

void outcome_progress(void *ctx, const struct run_progress *p) {
    struct out_progress *line = ctx;
    const uint64_t known = p->passed + p->missed + p->limited, before = p->done - p->fresh;
    int n = 0;
    line->note[0] = '\0';
    if (known > 0) {
        const struct stat_interval range = stat_wilson((double)p->passed, (double)known, CONFIDENCE);
        n = snprintf(line->note, sizeof(line->note), "%.1f %% passed (%.1f to %.1f)",
                     100 * (double)p->passed / (double)known, 100 * range.low, 100 * range.high);
    }
    if (p->errors > 0) {
        (void)snprintf(line->note + n, sizeof(line->note) - (size_t)n, "%s%llu errors", n > 0 ? ", " : "",
                       (unsigned long long)p->errors);
    }
    out_progress_draw(line, p->fresh, p->planned - before);
}

/* ---- does it count? ---- */

struct standing {
    const char *eval;
    bool known, counts, bound;            /* bound: it names weights or a program */
    char reason[REASON_MAX], weights[16]; /* weights: who says which they are */
};

static int find_standing(void *ctx, struct state_view *view, struct err *err) {
    struct standing *s = ctx;
    const struct bytes id = bytes_of(s->eval);
    struct row row;
    bool there = false;
    int rc = look_judged(view, "evals", &id, 1, &row, &there, err);
    s->known = rc == 0 && there;
    if (s->known) {
        s->counts = row_bool(&row, EVAL_COUNTS);
        s->bound = row_has(&row, EVAL_DIGEST) || row_has(&row, EVAL_PROGRAM_DIGEST);
        (void)snprintf(s->reason, sizeof(s->reason), "%.*s",
                       REASON_PART(row_text(&row, EVAL_REASON), sizeof(s->reason) - 1));
        (void)snprintf(s->weights, sizeof(s->weights), "%.*s",
                       REASON_PART(row_text(&row, EVAL_DIGEST_FROM), sizeof(s->weights) - 1));
    }
    row_done(&row);
    return rc;
}

/* The judge is that of the states; what cannot be asked is not said. */
static void ask_standing(struct ledger *ledger, const struct run_suite_result *r, struct standing *ret) {
    struct state_options options;
    struct err ignored = {0};
    *ret = (struct standing){.eval = r->id};
    if (r->finished && state_options_present(ledger, &options, &ignored) == 0) {
        (void)state_ask(ledger, &options, find_standing, ret, &ignored);
    }
}

/* ---- JSON ---- */

static void put_real(struct obj *obj, const char *key, double value) {
    struct buf mp = {.max = 16};
    if (isfinite(value)) {
        mp_put_float(&mp, value == 0 ? 0.0 : value);
        obj_raw(obj, key, bytes_of_buf(&mp));
    } else {
        obj_text(obj, key, NULL);
    }
    buf_done(&mp);
}

static int print_json(struct cli *cli, const struct standing *standing, const struct run_suite_result *r) {
    struct obj obj = {0}, list = {0};
    obj_text(&obj, "schema", "ledger.eval_run/1");
    obj_text(&obj, "eval", r->id);
    obj_bool(&obj, "finished", r->finished);
    obj_text(&obj, "verdict", r->verdict);
    if (standing->known) {
        obj_bool(&obj, "counts", standing->counts);
        obj_text(&obj, "reason", standing->reason[0] != '\0' ? standing->reason : NULL);
        obj_text(&obj, "weights", standing->weights[0] != '\0' ? standing->weights : NULL);
    }
    obj_bool(&obj, "partial", r->partial);
    obj_bool(&obj, "changed", r->changed);
    obj_text(&obj, "stopped", r->stopped);
    obj_uint(&obj, "resumed", r->resumed);
    obj_uint(&obj, "planned", r->counts.planned);
    obj_uint(&obj, "samples", r->counts.done);
    obj_uint(&obj, "samples_total", r->total);
    obj_uint(&obj, "passed", r->counts.passed);
    obj_uint(&obj, "missed", r->counts.missed);
    obj_uint(&obj, "limited", r->counts.limited);
    obj_uint(&obj, "errors", r->counts.errors);
    if (r->why[0] != '\0') obj_str(&obj, "first_error", bytes_of(r->why));
    if (r->away[0] != '\0') obj_str(&obj, "no_answer", bytes_of(r->away));
    for (size_t i = 0; i < r->scores_n; i++) {
        const struct run_score *s = &r->scores[i];
        struct obj one = {0};
        obj_text(&one, "metric", s->metric);
        put_real(&one, "value", s->value);
        put_real(&one, "threshold", s->verdict != NULL ? s->threshold : NAN);
        obj_text(&one, "verdict", s->verdict);
        obj_uint(&one, "samples", s->samples);
        if (s->why[0] != '\0') obj_str(&one, "why", bytes_of(s->why));
        obj_obj(&list, NULL, &one);
    }
    obj_list(&obj, "scores", &list);
    obj_uint(&obj, "tokens_in", r->tokens_in);
    obj_uint(&obj, "tokens_out", r->tokens_out);
    put_real(&obj, "cost", r->cost);
    put_real(&obj, "duration_ms", (double)r->duration_ns / 1e6);
    obj_uint(&obj, "started", r->started_seq);
    obj_uint(&obj, "ended", r->finished_seq);
    return cli_print(cli, &obj, false);
}

/* ---- people ---- */

static int print_scores(struct cli *cli, const struct run_suite_result *r) {
    struct fact_table table = {.cli = cli};
    for (size_t i = 0; i < r->scores_n; i++) {
        const struct run_score *s = &r->scores[i];
        char value[LOCALE_REAL_MAX] = "", asked[LOCALE_REAL_MAX + 16] = "", real[LOCALE_REAL_MAX];
        if (isfinite(s->value)) (void)snprintf(value, sizeof(value), "%.6g", s->value);
        if (s->verdict != NULL) {
            (void)snprintf(asked, sizeof(asked), "at %s %s", s->higher ? "least" : "most", locale_real(real, s->threshold));
        }
        const struct fact facts[] = {
            fact_text("METRIC", "metric", s->metric),
            fact_text("VALUE", "value", value),
            fact_text("ASKED", "threshold", asked),
            fact_text("VERDICT", "verdict", s->verdict != NULL ? s->verdict : ""),
            fact_count("SAMPLES", "samples", s->samples),
        };
        fact_row(&table, facts, sizeof(facts) / sizeof(facts[0]));
    }
    return fact_end(&table, NULL, NULL);
}

static void print_bad_news(struct cli *cli, const struct run_suite_result *r) {
    const struct run_progress *c = &r->counts;
    const bool all = c->errors > 0 && c->errors == c->done;
    if (c->errors > 0) {
        out_printf(cli, "%s%s of the %llu samples ended in an error%s, so nothing is known of %s:\n",
                   out_color(cli, OUT_RED), all ? "all" : "some", (unsigned long long)c->done, out_color(cli, OUT_PLAIN),
                   all ? "it" : "their answers");
        out_str(cli, "  ");
        out_safe(cli, bytes_of(r->why));
        out_str(cli, "\n\n");
    }
    if (r->changed) out_str(cli, "what was evaluated is not what it was at the beginning\n\n");
}

/* Why a threshold was missed, or could not be judged. */
static void print_whys(struct cli *cli, const struct run_suite_result *r) {
    for (size_t i = 0; i < r->scores_n; i++) {
        if (r->scores[i].why[0] == '\0') continue;
        out_printf(cli, "%s: ", r->scores[i].metric);
        out_safe(cli, bytes_of(r->scores[i].why));
        out_str(cli, "\n");
    }
}

/* NULL: nobody says, or there are none. */
static const char *weights_words(const char *from) {
    static const char *const words[][2] = {{RUN_WEIGHTS_GIVEN, "given: those of the file that --weights names"},
                                           {"file", "file: those of the file that the server names"},
                                           {"runtime", "runtime: the server states their digest"}};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(from, words[i][0]) == 0) return words[i][1];
    }
    return NULL;
}

static int print_people(struct cli *cli, const struct standing *standing, const struct run_suite_result *r) {
    const struct run_progress *c = &r->counts;
    char counts[160], verdict[160], stands[sizeof(standing->reason) + 8];
    print_bad_news(cli, r);
    int exit_code = r->scores_n > 0 ? print_scores(cli, r) : 0;
    if (exit_code != 0) return exit_code;
    print_whys(cli, r);
    if (r->scores_n > 0) out_str(cli, "\n");
    (void)snprintf(counts, sizeof(counts), "%llu of %llu: %llu passed, %llu missed, %llu over their limit, %llu errors",
                   (unsigned long long)c->done, (unsigned long long)(r->total > 0 ? r->total : c->planned),
                   (unsigned long long)c->passed, (unsigned long long)c->missed, (unsigned long long)c->limited,
                   (unsigned long long)c->errors);
    (void)snprintf(verdict, sizeof(verdict), "%s%s%s%s", r->finished ? r->verdict : "none: it is not finished",
                   r->partial && r->finished ? ", partial" : "", r->stopped != NULL ? ", stopped: " : "",
                   r->stopped != NULL ? r->stopped : "");
    (void)snprintf(stands, sizeof(stands), "%s%s%s", standing->counts ? "yes" : "no",
                   standing->reason[0] != '\0' ? ": " : "", standing->reason);
    const char *weights = weights_words(standing->weights);
    char resumed[64];
    (void)snprintf(resumed, sizeof(resumed), "%llu time%s", (unsigned long long)r->resumed, r->resumed == 1 ? "" : "s");
    const struct fact facts[] = {
        fact_text("eval", "eval", r->id),
        fact_text("samples", "samples", counts),
        fact_said(fact_text("resumed", "resumed", resumed), r->resumed > 0 ? NULL : ""),
        fact_text("verdict", "verdict", verdict),
        fact_said(fact_text("counts", "counts", stands), standing->known ? NULL : ""),
        fact_said(fact_text("weights", "weights", weights), weights != NULL ? weights : ""),
    };
    fact_lines(cli, facts, sizeof(facts) / sizeof(facts[0]), 8);
    return 0;
}

/* What there is to do, where nothing came of it yet. */
static void print_rest(struct cli *cli, struct bytes again, const struct run_suite_result *r) {
    struct err err = {0};
    if (r->away[0] != '\0') {
        err_set(&err, ERR_NET, "no answer: %s", r->away);
        cli_warn(cli, &err);
    }
    cli_note(cli, "%s; what is on record stays. To continue: %.*s",
             r->away[0] != '\0' ? "the endpoint does not answer" : "interrupted", (int)again.n, (const char *)again.p);
}

/* What makes the next one count, where that is not in the answers. */
static void print_help(struct cli *cli, const struct standing *s, const struct suite *suite,
                       const struct run_suite_result *r) {
    if (!s->known || s->counts) return;
    if (!s->bound) cli_note(cli, "which weights answered is not known: --weights FILE names the model's file of weights");
    for (size_t i = 0; i < suite->thresholds_n; i++) {
        const struct bytes name = suite->thresholds[i].baseline;
        struct buf command = {.max = 4096};
        if (name.n == 0 || r->baseline[0] != '\0' || r->counts.done < r->total || r->counts.errors > 0) continue;
        cli_self(cli, &command);
        buf_put_str(&command, " eval baseline ");
        cli_word(suite->name, &command);
        buf_put_u8(&command, ' ');
        cli_word(name, &command);
        buf_printf(&command, " %s", r->id);
        cli_note(cli, "nothing to compare with yet; to make this one the baseline, and then evaluate again: %.*s",
                 (int)command.n, (const char *)command.p);
        buf_done(&command);
        return;
    }
}

int outcome_print(struct cli *cli, struct ledger *ledger, const struct suite *suite, struct bytes again,
                  const struct run_suite_result *r) {
    struct standing standing;
    ask_standing(ledger, r, &standing);
    int exit_code = cli->json ? print_json(cli, &standing, r) : print_people(cli, &standing, r);
    if (exit_code == 0 && !r->finished) print_rest(cli, again, r);
    if (exit_code == 0 && r->finished) print_help(cli, &standing, suite, r);
    if (exit_code != 0) return exit_code;
    if (!r->finished && r->away[0] != '\0') return EXIT_SYSTEM;
    return r->finished && strcmp(r->verdict, "pass") == 0 ? EXIT_GOOD : EXIT_NO;
}
