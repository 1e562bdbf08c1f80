/* eval validate: everything that is wrong with suites, or what each of them is. */
#include <math.h>
#include <stdio.h>

#include "base/text.h"
#include "cli/evals/evals.h"
#include "cli/print/fact.h"
#include "cli/print/say.h"
#include "evals/load/load.h"
#include "evals/stat/stat.h"
#include "packs/manifest/finding.h"

struct validation {
    struct cli *cli;
    struct obj suites, faults; /* in JSON: all so far; of this suite */
    uint64_t n_faults;
    bool failed; /* some suite has faults */
};

static void on_fault(void *ctx, const char *path, unsigned line, unsigned column, const char *what) {
    struct validation *v = ctx;
    v->n_faults++;
    if (v->cli->json) {
        struct obj one = {0};
        obj_str(&one, "file", bytes_of(path));
        obj_uint(&one, "line", line > 0 ? line : UINT64_MAX);
        obj_uint(&one, "column", line > 0 ? column : UINT64_MAX);
        obj_str(&one, "message", bytes_of(what));
        obj_obj(&v->faults, NULL, &one);
        return;
    }
    out_safe(v->cli, bytes_of(path));
    if (line > 0) {
        out_printf(v->cli, ":%u:%u", line, column);
    }
    out_str(v->cli, ": ");
    out_safe(v->cli, bytes_of(what));
    out_str(v->cli, "\n");
}

static uint64_t samples_of(const struct suite *suite) {
    uint64_t n = 0;
    for (size_t i = 0; i < suite->cases_n; i++) {
        n += suite->cases[i].repeats;
    }
    return n;
}

/* "pass_rate_lower at least 0.9 at a confidence of 0.95" */
static void put_threshold(const struct suite_threshold *t, struct buf *out) {
    buf_printf(out, "%s %s %.6g", suite_metric_names[t->metric],
               suite_metric_is_better_higher(t->metric) ? "at least" : "at most", t->value);
    if (!isnan(t->confidence)) {
        buf_printf(out, " at a confidence of %.6g", t->confidence);
    }
    if (t->baseline.n > 0) {
        buf_put_str(out, " against ");
        buf_put_bytes(out, t->baseline);
    }
}

static void put_thresholds(const struct suite *suite, struct obj *obj) {
    struct obj list = {0};
    for (size_t i = 0; i < suite->thresholds_n; i++) {
        struct buf text = {.max = 1024};
        put_threshold(&suite->thresholds[i], &text);
        obj_str(&list, NULL, bytes_of_buf(&text));
        buf_done(&text);
    }
    obj_list(obj, "thresholds", &list);
}

/* Digests as everywhere: "sha256:" and hex. */
#define DIGEST_TEXT 80
static const char *digest_text(char ret[DIGEST_TEXT], const uint8_t *digest) {
    memcpy(ret, "sha256:", 7);
    text_hex(ret + 7, digest, HASH_LEN);
    return ret;
}

/* Without a threshold there is nothing that a result could reach (projections/ready/readiness_eval.def). "": it has some.
 * The value is one that this many cases can reach. */
static void warn_of(const struct suite *suite, char ret[192]) {
    size_t n = 0;
    for (size_t i = 0; i < suite->cases_n; i++) {
        n += suite->cases[i].checks_n > 0;
    }
    const double low = stat_wilson((double)n, (double)n, SUITE_CONFIDENCE).low;
    ret[0] = '\0';
    if (suite->thresholds_n > 0) return;
    (void)snprintf(ret, 192,
                   "it has no threshold, so its results prove nothing; add, for instance: "
                   "thresholds: [{metric: pass_rate_lower, at_least: %.1f}]",
                   n > 0 ? fmax(floor(low * 10) / 10, 0.1) : 0.5);
}

static void say_good(struct validation *v, const char *path, const struct suite *suite) {
    char digest[DIGEST_TEXT], data[DIGEST_TEXT], warning[192];
    warn_of(suite, warning);
    const struct fact facts[] = {
        fact_str("suite", "suite", suite->name),
        fact_str("version", "version", suite->version),
        fact_text("digest", "digest", digest_text(digest, suite->digest)),
        fact_text("data digest", "data_digest", digest_text(data, suite->data_digest)),
        fact_count("cases", "cases", suite->cases_n),
        fact_count("samples", "samples", samples_of(suite)),
    };
    const size_t n = sizeof(facts) / sizeof(facts[0]);
    if (v->cli->json) {
        struct obj one = {0};
        obj_str(&one, "file", bytes_of(path));
        obj_bool(&one, "valid", true);
        fact_put(&one, facts, n);
        put_thresholds(suite, &one);
        obj_text(&one, "warning", warning[0] != '\0' ? warning : NULL);
        obj_list(&one, "faults", &v->faults);
        obj_obj(&v->suites, NULL, &one);
        return;
    }
    fact_lines(v->cli, facts, n, 12);
    for (size_t i = 0; i < suite->thresholds_n; i++) {
        struct buf text = {.max = 1024};
        put_threshold(&suite->thresholds[i], &text);
        const struct fact line = fact_str("threshold", NULL, bytes_of_buf(&text));
        fact_lines(v->cli, &line, 1, 12);
        buf_done(&text);
    }
    const struct fact line = fact_text("warning", NULL, warning);
    if (warning[0] != '\0') fact_lines(v->cli, &line, 1, 12);
}

static void say_bad(struct validation *v, const char *path) {
    v->failed = true;
    if (v->cli->json) {
        struct obj one = {0};
        obj_str(&one, "file", bytes_of(path));
        obj_bool(&one, "valid", false);
        obj_list(&one, "faults", &v->faults);
        obj_obj(&v->suites, NULL, &one);
    } else if (v->n_faults <= FINDINGS_MAX) { /* else the last line says how many there are */
        out_printf(v->cli, "%llu fault%s\n", (unsigned long long)v->n_faults, text_s(v->n_faults));
    }
}

static int run(struct cli *cli, const struct opt_args *args) {
    struct validation v = {.cli = cli};
    struct err err = {0};
    int exit_code = EXIT_GOOD;
    for (size_t i = 0; exit_code == EXIT_GOOD && i < args->n_args && out_good(cli); i++) {
        struct suite *suite = NULL;
        if (i > 0 && !cli->json) out_str(cli, "\n");
        v.n_faults = 0;
        int rc = load_suite(args->args[i], on_fault, &v, &suite, &err);
        if (rc == 0) {
            say_good(&v, args->args[i], suite);
        } else if (v.n_faults > 0) {
            say_bad(&v, args->args[i]);
        } else {
            exit_code = cli_fail_input(cli, &err);
        }
        suite_free(suite);
    }
    if (cli->json && exit_code == EXIT_GOOD) {
        struct obj obj = {0};
        obj_text(&obj, "schema", "ledger.eval_validate/1");
        obj_bool(&obj, "valid", !v.failed);
        obj_list(&obj, "suites", &v.suites);
        exit_code = cli_print(cli, &obj, false);
    }
    obj_done(&v.suites);
    obj_done(&v.faults);
    return exit_code == EXIT_GOOD && v.failed ? EXIT_INPUT : exit_code;
}

const struct spec evals_validate = {
    .synopsis = "FILE...",
    .about = "Checks suites: every key and value, the files that cases name, patterns, JSON Schemas, pointers, and\n"
             "whether this many samples can reach the thresholds at all. All faults are reported, each with file,\n"
             "line and column, and nothing is written. Prints what a suite without faults is known by: its digest\n"
             "covers what it means, not how it is spelled; and a warning if it has no threshold, because then its\n"
             "results prove nothing. Exit code 3 if a suite has a fault.",
    .examples = "ledger eval validate suites/*.yaml\nledger eval validate sums.yaml --json | jq -r '.suites[0].digest'",
    .min_args = 1,
    .max_args = 1000,
    .run = run,
};
