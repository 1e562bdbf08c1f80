/* eval compare: two evaluations, sample by sample. eval diff compares their scores, which is all that is left when samples were
 * not recorded. */
#include <string.h>

#include "base/thread.h"
#include "cli/evals/comparison.h"
#include "cli/evals/evals.h"
#include "cli/print/say.h"
#include "projections/ready/eval.h"

#define RESAMPLES_MIN 100

enum { C_CONFIDENCE, C_SEED, C_RESAMPLES, C_LATENCY, C_BY, C_AT, C_FORMAT };
static const struct opt compare_options[] = {
    [C_CONFIDENCE] = {"confidence", 0, "SHARE", "level of tests and intervals: above 0.5, below 1 (default 0.95)"},
    [C_SEED] = {"seed", 0, "N", "seed of everything that is drawn at random (default 1)"},
    [C_RESAMPLES] = {"resamples", 0, "N", "resamples of bootstrap and permutation, from 100 (default 1000)"},
    [C_LATENCY] = {"latency", 0, NULL, "slower beyond noise is worse, too"},
    [C_BY] = {"by", 0, "WHAT", "tag: the passes of each tag of the cases besides"},
    [C_AT] = {"at", 0, "WHEN", ASOF_AT_HELP},
    [C_FORMAT] = {"format", 0, "FORMAT", "table (default), json, jsonl, csv, junit"},
    {0},
};

/* ---- the command line ---- */

static int read_options(const struct opt_args *args, struct compare_options *ret, struct err *err) {
    *ret = (struct compare_options){COMPARE_CONFIDENCE, COMPARE_SEED, COMPARE_RESAMPLES};
    int rc = evaluation_confidence(opt_text(args, &compare_options[C_CONFIDENCE]), &ret->confidence, err);
    if (rc == 0) rc = opt_u64(args, &compare_options[C_SEED], &ret->seed, err);
    if (rc == 0) rc = opt_u64(args, &compare_options[C_RESAMPLES], &ret->resamples, err);
    if (rc == 0 && (ret->resamples < RESAMPLES_MIN || ret->resamples > STAT_RESAMPLES_MAX)) {
        rc = err_set(err, ERR_INVALID, "--resamples: expected %d to %d", RESAMPLES_MIN, STAT_RESAMPLES_MAX);
    }
    return rc;
}

/* ---- which ---- */

/* Samples of different suites are not comparable, even where their cases have the same names. */
static int check_suites(const struct comparison *c, struct err *err) {
    struct bytes suites[] = {row_text(&c->rows[0], EVAL_SUITE), row_text(&c->rows[1], EVAL_SUITE)};
    struct bytes digests[] = {row_text(&c->rows[0], EVAL_SUITE_DIGEST), row_text(&c->rows[1], EVAL_SUITE_DIGEST)};
    if (suites[0].n > 0 && suites[1].n > 0 && !bytes_eq(suites[0], suites[1])) {
        return err_set(err, ERR_INVALID, "they are of different suites, '%.*s' and '%.*s'", REASON_NAME(suites[0]),
                       REASON_NAME(suites[1]));
    }
    if (!bytes_eq(suites[0], suites[1])) {
        cli_note(c->view->cli, "ledger: eval compare: only one of them names its suite");
    } else if (!bytes_eq(digests[0], digests[1])) {
        cli_note(c->view->cli,
                 "ledger: eval compare: they do not name the same version of their suite: only cases with the same digest "
                 "are compared");
    }
    return 0;
}

static int check_pairs(const struct comparison *c, const char *const names[2], struct err *err) {
    const uint64_t *count = c->pairs.count;
    for (size_t i = 0; i < 2; i++) {
        if (c->samples[i].n == 0) {
            return err_set(err, ERR_INVALID,
                           "'%.100s' has no samples on record ('ledger eval diff' compares scores without samples)",
                           names[i]);
        }
    }
    if (c->pairs.n == count[COMPARE_ONLY_A] + count[COMPARE_ONLY_B] + count[COMPARE_ALTERED]) {
        return err_set(err, ERR_INVALID, "they have no case in common that is the same in both (%llu differ)",
                       (unsigned long long)count[COMPARE_ALTERED]);
    }
    return 0;
}

struct reading {
    struct comparison *c;
    size_t side;
    int rc;
    struct err err;
};

static void *read_side(void *ctx) {
    struct reading *r = ctx;
    struct comparison *c = r->c;
    r->rc = samples_read_until(c->view->ledger, row_text(&c->rows[r->side], EVAL_ID), state_at(c->view->state),
                               &c->samples[r->side], &r->err);
    return NULL;
}

/* The two are read side by side, where there is a thread to be had: each takes about as long as all the rest. */
static int read_both(struct comparison *c, struct err *err) {
    struct reading sides[2] = {{.c = c, .side = 0}, {.c = c, .side = 1}};
    pthread_t thread;
    bool threaded = thread_start(&thread, read_side, &sides[1]) == 0;
    read_side(&sides[0]);
    if (threaded) {
        pthread_join(thread, NULL);
    } else {
        read_side(&sides[1]);
    }
    const struct reading *failed = sides[0].rc != 0 ? &sides[0] : &sides[1];
    return failed->rc != 0 ? err_set(err, failed->rc, "%s", failed->err.msg) : 0;
}

static int load(struct comparison *c, const char *const names[2], struct err *err) {
    struct compare_side sides[2];
    int rc = check_suites(c, err);
    if (rc == 0) rc = read_both(c, err);
    for (size_t i = 0; rc == 0 && i < 2; i++) {
        sides[i] = (struct compare_side){c->samples[i].all, c->samples[i].n, row_text(&c->rows[i], EVAL_SUITE_DIGEST)};
    }
    if (rc == 0) rc = compare_pair(&sides[0], &sides[1], &c->pairs, err);
    if (rc == 0) rc = check_pairs(c, names, err);
    if (rc == 0) rc = compare_samples(&c->pairs, &c->options, &c->found, err);
    if (rc == 0 && c->by_tag) rc = compare_by_tag(&c->pairs, &sides[0], &sides[1], &c->options, &c->tags, err);
    return rc;
}

/* ---- the answer ---- */

static int show(struct comparison *c, const char *format) {
    if (!format && c->view->cli->json) format = "json";
    int exit_code = 0;
    if (!format || strcmp(format, "table") == 0) {
        comparison_say(c);
    } else if (strcmp(format, "json") == 0) {
        exit_code = comparison_put(c);
    } else if (strcmp(format, "junit") == 0) {
        exit_code = comparison_put_junit(c);
    } else {
        exit_code = comparison_put_rows(c, strcmp(format, "csv") == 0 ? ROWS_CSV : ROWS_JSONL);
    }
    return exit_code != 0 ? exit_code : comparison_answer(c) == COMPARE_WORSE ? EXIT_NO : EXIT_GOOD;
}

static int answer(struct comparison *c, const struct opt_args *args, const char *format) {
    const char *const names[] = {args->args[0], args->args[1]};
    struct err err = {0};
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < 2; i++) {
        rc = evaluation_find(c->view, names[i], &c->rows[i], &err);
        if (rc == ERR_NOTFOUND && state_whole(c->view->state, &(struct err){0}) == 0) {
            return cli_fail_input(c->view->cli, &err);
        }
    }
    if (rc == 0) rc = load(c, names, &err);
    return rc == 0 ? show(c, format) : cli_fail(c->view->cli, &err);
}

static int compare(struct cli *cli, const struct opt_args *args) {
    struct asof view = {0};
    struct err err = {0};
    struct comparison c = {.view = &view, .by_latency = opt_has(args, &compare_options[C_LATENCY])};
    const char *format = opt_text(args, &compare_options[C_FORMAT]);
    int exit_code = evaluation_format(cli, format);
    if (exit_code != 0) return exit_code;
    if (read_options(args, &c.options, &err) != 0) return cli_usage(cli, "%s", err.msg);
    exit_code = evaluation_by(cli, opt_text(args, &compare_options[C_BY]), format, &c.by_tag);
    if (exit_code != 0) return exit_code;
    exit_code = asof_open(&view, cli, opt_text(args, &compare_options[C_AT]));
    if (exit_code == 0) {
        size_t table = state_table_find(view.state, "evals");
        asof_warn(&view, table);
        row_init(&c.rows[0], state_table(view.state, table));
        row_init(&c.rows[1], state_table(view.state, table));
        exit_code = asof_exit(&view, answer(&c, args, format));
        compare_pairs_done(&c.pairs);
        compare_tags_done(&c.tags);
        for (size_t i = 0; i < 2; i++) {
            samples_done(&c.samples[i]);
            row_done(&c.rows[i]);
        }
    }
    asof_close(&view);
    return exit_code;
}

const struct spec evals_compare = {
    .synopsis = "A B [--confidence SHARE] [--seed N] [--resamples N] [--latency] [--by tag] [--at WHEN] [--format FORMAT]",
    .about = "Compares two evaluations of one suite sample by sample, A being the one before: which cases flipped,\n"
             "and whether the difference is more than noise. Samples are paired by task, case and repeat; of\n"
             "different versions of the suite only cases with the same digest are. Passes are compared by\n"
             "McNemar's exact test and the interval of their paired difference, scores by bootstrap intervals,\n"
             "latencies by percentiles and a permutation test; samples that ended in an error are counted apart.\n"
             "\n"
             "'eval diff' compares the scores of two evaluations, which exist even where samples were not\n"
             "recorded, and says nothing about noise.\n"
             "\n"
             "Exit code 0 if B is not worse, 1 if it is: fewer passes or more errors beyond noise, more violations\n"
             "of policies, and with --latency a higher median beyond noise; 3 if they cannot be compared.",
    .examples = "ledger eval compare e17 e18\nledger eval compare e17 e18 --format junit >compare.xml",
    .opts = compare_options,
    .min_args = 2,
    .max_args = 2,
    .run = compare,
};
