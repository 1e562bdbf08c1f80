/* Does an evaluation count? Its scores are compared with what is asked of them, then the rules of readiness.def are
 * checked: each has a function here that says whether its condition holds. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/locale.h"
#include "base/text.h"
#include "projections/ready/baselines.h"
#include "projections/ready/eval.h"
#include "projections/ready/eval_suite.h"
#include "projections/view/look.h"

#define TOLD_MAX 3 /* scores and tasks that a finding names */

/* The first few of a list, for the words of a finding. */
struct told {
    size_t n, named, used;
    char words[256];
    int64_t seqs[TOLD_MAX]; /* of their events */
};

/* The scores of an evaluation, summed up. */
struct scores {
    size_t n, partial, result[EVAL_RESULT_FAILS + 1];
    struct told told[EVAL_RESULT_FAILS + 1], contradicted, edited, unchecked, empty, beyond, unbased;
    size_t checked;
    int64_t samples, of_task; /* samples of all tasks, and of the current one */
    uint8_t task[HASH_LEN];   /* hash of the current task */
    bool unknown;             /* a task does not state its samples */
};

struct judging {
    struct state_view *view;
    const struct row *eval;
    struct eval_suite suite; /* that it was made by */
    struct row declared;     /* the newest of that name */
    bool based;              /* its suite has a baseline */
    struct scores scores;
    struct bytes verdict; /* as it was given, or as its scores make it */
    struct eval_verdict *ret;
    struct eval_list *results; /* NULL: not requested */
};

static void tell(struct told *told, const char *words, int64_t seq) {
    if (told->n < TOLD_MAX) {
        told->seqs[told->n] = seq;
    }
    if (told->n++ < TOLD_MAX) {
        int n =
            snprintf(told->words + told->used, sizeof(told->words) - told->used, "%s%s", told->n > 1 ? "; " : "", words);
        told->named += n > 0 && (size_t)n < sizeof(told->words) - told->used;
        told->used += n > 0 && (size_t)n < sizeof(told->words) - told->used ? (size_t)n : 0;
        told->words[told->used] = '\0';
    }
}

/* Such a finding rests on the events of the scores, and on the declaration that asks for them; a missing task has no
 * event. */
static void cite_told(struct judging *j, const struct told *told) {
    for (size_t i = 0; i < told->n && i < TOLD_MAX; i++) {
        if (told->seqs[i] > 0) {
            reason_cite(&j->ret->reason, (uint64_t)told->seqs[i], 0);
        }
    }
    if (told->n > 0 && j->suite.there) {
        reason_cite_cell(&j->ret->reason, &j->suite.row, SUITE_SEQ, SIZE_MAX);
    }
}

static void say_told(struct judging *j, const char *name, const struct told *told) {
    cite_told(j, told);
    if (told->n > told->named) {
        readiness_say(&j->ret->found, name, "%s; and %zu more", told->words, told->n - told->named);
    } else {
        readiness_say(&j->ret->found, name, "%s", told->words);
    }
}

/* ---- scores ---- */

#define NAME(text) REASON_PART(text, 24)

/* Several metrics of a task share its samples. Scores are ordered by task. */
static void count_samples(struct scores *s, const struct row *score) {
    const struct bytes task = row_text(score, EVAL_SCORE_TASK);
    int64_t n = row_int(score, EVAL_SCORE_SAMPLES);
    uint8_t is[HASH_LEN];
    hash_parts(is, &task, 1);
    if (s->n == 0 || memcmp(is, s->task, sizeof(is)) != 0) {
        s->unknown = s->unknown || (s->n > 0 && s->of_task < 0);
        s->of_task = -1;
        memcpy(s->task, is, sizeof(is));
    }
    int64_t more = n - (s->of_task > 0 ? s->of_task : 0);
    if (row_has(score, EVAL_SCORE_SAMPLES) && n > s->of_task) {
        s->unknown = __builtin_add_overflow(s->samples, more > 0 ? more : 0, &s->samples) || s->unknown;
        s->of_task = n;
    }
}

/* The harness and we add in different orders, so that the last digits may differ. A corrected score has its new value. */
static void check_edited(struct scores *s, const char *name, const struct row *score, bool held) {
    double is = row_real(score, EVAL_SCORE_VALUE), made = row_real(score, EVAL_SCORE_SAMPLED);
    char words[192], a[LOCALE_REAL_MAX], b[LOCALE_REAL_MAX];
    bool there = row_has(score, EVAL_SCORE_VALUE);
    if (row_bool(score, EVAL_SCORE_CORRECTED)) return;
    if (!row_has(score, EVAL_SCORE_SAMPLED)) {
        if (held) tell(&s->unchecked, name, row_int(score, EVAL_SCORE_SEQ));
        return;
    }
    s->checked++;
    if (there && fabs(is - made) <= 1e-9 * fmax(fmax(fabs(is), fabs(made)), 1.0)) return;
    snprintf(words, sizeof(words), "%s is %s, its samples make %s", name, there ? locale_real(a, is) : "no number",
             locale_real(b, made));
    tell(&s->edited, words, row_int(score, EVAL_SCORE_SEQ));
}

/* What has no value without a baseline (evals/suite/metric.c). */
static bool compares(struct bytes metric) {
    return bytes_is(metric, "regression_lower") || bytes_is(metric, "probes_changed");
}

static void count(struct judging *j, const struct row *score) {
    struct bytes task = row_text(score, EVAL_SCORE_TASK), metric = row_text(score, EVAL_SCORE_METRIC);
    double asked;
    bool higher;
    char words[128], is[LOCALE_REAL_MAX], real[LOCALE_REAL_MAX];
    bool foreign = eval_score_is_foreign(j->eval, score);
    struct eval_suite none = {.imported = true};
    enum eval_result result = eval_suite_judge(foreign ? &none : &j->suite, score, &asked, &higher);
    if (foreign && result != EVAL_RESULT_FAILS) return; /* anybody may write that it failed, nobody that it did not */
    int n = snprintf(words, sizeof(words), "'%.*s%s%.*s'", NAME(task), task.n > 0 ? " " : "", NAME(metric));
    if (j->results != NULL) {
        eval_list_take(j->results, score, result, asked);
    }
    if (row_bool(score, EVAL_SCORE_CONTRADICTED)) {
        tell(&j->scores.contradicted, words, row_int(score, EVAL_SCORE_SEQ));
    }
    check_edited(&j->scores, words, score, result != EVAL_RESULT_INFORMS);
    if (result == EVAL_RESULT_FAILS && !isnan(asked)) {
        snprintf(words + n, sizeof(words) - (size_t)n, " is %s, at %s %s is asked for",
                 locale_real(is, row_real(score, EVAL_SCORE_VALUE)), higher ? "least" : "most", locale_real(real, asked));
    } else if (result == EVAL_RESULT_FAILS) {
        snprintf(words + n, sizeof(words) - (size_t)n, " is said to fail");
    }
    if (row_has(score, EVAL_SCORE_SAMPLES) && row_int(score, EVAL_SCORE_SAMPLES) <= 0 && result != EVAL_RESULT_INFORMS) {
        tell(&j->scores.empty, words, row_int(score, EVAL_SCORE_SEQ));
    }
    if (row_has(j->eval, EVAL_SAMPLES) && row_int(score, EVAL_SCORE_SAMPLES) > row_int(j->eval, EVAL_SAMPLES)) {
        tell(&j->scores.beyond, words, row_int(score, EVAL_SCORE_SEQ));
    }
    count_samples(&j->scores, score);
    j->scores.n++;
    j->scores.partial += row_bool(score, EVAL_SCORE_PARTIAL);
    j->scores.result[result]++;
    bool unbased = result == EVAL_RESULT_VALUELESS && !j->based && compares(metric);
    tell(unbased ? &j->scores.unbased : &j->scores.told[result], words, row_int(score, EVAL_SCORE_SEQ));
}

static int take_scores(struct judging *j, struct err *err) {
    const struct bytes id = row_text(j->eval, EVAL_ID);
    struct state_rows *rows = NULL;
    const struct row *score;
    int rc = look_rows(j->view, "eval_scores", &id, 1, &rows, err);
    while (rc == 0 && (rc = look_next(rows, &score, err)) == 0) {
        if (row_int(score, EVAL_SCORE_RUN) == row_int(j->eval, EVAL_STARTED_SEQ)) {
            count(j, score);
        }
    }
    state_rows_close(rows);
    return rc == 1 ? 0 : rc;
}

static size_t unclear(const struct scores *s) {
    return s->result[EVAL_RESULT_UNCLEAR] + s->result[EVAL_RESULT_UNDIRECTED] + s->result[EVAL_RESULT_VALUELESS] +
           s->result[EVAL_RESULT_OPPOSED];
}

static struct bytes verdict_of(const struct row *eval, const struct scores *s) {
    if (row_has(eval, EVAL_SAID) || !row_is(eval, EVAL_STATE, "finished")) {
        return row_text(eval, EVAL_SAID);
    }
    return s->result[EVAL_RESULT_FAILS] > 0                       ? bytes_of("fail")
           : s->result[EVAL_RESULT_PASSES] > 0 && unclear(s) == 0 ? bytes_of("pass")
                                                                  : (struct bytes){0};
}

/* ---- the conditions of readiness.def ---- */

static bool is_invalidated(struct judging *j) {
    struct bytes why = row_text(j->eval, EVAL_INVALID);
    readiness_say(&j->ret->found, "why", "%s%.*s", why.n > 0 ? ": " : "", REASON_NAME(why));
    return row_is(j->eval, EVAL_STATE, "invalidated");
}

static bool is_scores_alone(struct judging *j) {
    return row_is(j->eval, EVAL_STATE, "scored");
}

static bool is_unfinished(struct judging *j) {
    return !row_is(j->eval, EVAL_STATE, "finished") && !is_scores_alone(j);
}

/* Failed scores have a finding of their own. */
static bool says_fail(struct judging *j) {
    int64_t n = row_int(j->eval, EVAL_FAILED);
    readiness_say(&j->ret->found, "count", "%s", "");
    if (n > 0) {
        readiness_say(&j->ret->found, "count", ": %lld score%s below what is asked for", (long long)n, n == 1 ? "" : "s");
    }
    return bytes_is(j->verdict, "fail") && j->scores.result[EVAL_RESULT_FAILS] == 0;
}

static bool says_warn(struct judging *j) {
    return bytes_is(j->verdict, "warn");
}

static bool has_failed_scores(struct judging *j) {
    say_told(j, "scores", &j->scores.told[EVAL_RESULT_FAILS]);
    return j->scores.result[EVAL_RESULT_FAILS] > 0;
}

static bool has_contradictions(struct judging *j) {
    say_told(j, "scores", &j->scores.contradicted);
    return j->scores.contradicted.n > 0;
}

static bool has_edited_scores(struct judging *j) {
    say_told(j, "scores", &j->scores.edited);
    return j->scores.edited.n > 0;
}

/* Where there are samples to make them of: what they do not make, nobody can check. */
static bool has_unchecked_scores(struct judging *j) {
    say_told(j, "scores", &j->scores.unchecked);
    bool sampled = j->scores.checked > 0 || row_has(j->eval, EVAL_SAMPLES_RECORDED); /* 0: reported ones */
    return row_bool(j->eval, EVAL_IMPORTED) && sampled && j->scores.unchecked.n > 0;
}

static bool counts_failures(struct judging *j) {
    readiness_say(&j->ret->found, "n", "%lld", (long long)row_int(j->eval, EVAL_FAILED));
    return bytes_is(j->verdict, "pass") && row_int(j->eval, EVAL_FAILED) > (int64_t)j->scores.result[EVAL_RESULT_FAILS];
}

static bool counts_few_passes(struct judging *j) {
    size_t n = j->scores.result[EVAL_RESULT_PASSES];
    readiness_say(&j->ret->found, "n", "%lld", (long long)row_int(j->eval, EVAL_PASSED));
    readiness_say(&j->ret->found, "count", "%zu score%s", n, n == 1 ? " passes" : "s pass");
    return row_has(j->eval, EVAL_PASSED) &&
           (size_t)(row_int(j->eval, EVAL_PASSED) > 0 ? row_int(j->eval, EVAL_PASSED) : 0) < n;
}

static bool has_opposed_scores(struct judging *j) {
    say_told(j, "scores", &j->scores.told[EVAL_RESULT_OPPOSED]);
    return j->scores.result[EVAL_RESULT_OPPOSED] > 0;
}

static bool has_erased_body(struct judging *j) {
    bool has = row_has(j->eval, EVAL_ERASED_SEQ), known = row_has(j->eval, EVAL_ERASED_BY);
    readiness_say(&j->ret->found, "erased", "%lld", (long long)row_int(j->eval, EVAL_ERASED_SEQ));
    readiness_say(&j->ret->found, "by", "%s", "");
    if (known) {
        readiness_say(&j->ret->found, "by", " (event %lld)", (long long)row_int(j->eval, EVAL_ERASED_BY));
    }
    if (has) {
        reason_cite_cell(&j->ret->reason, j->eval, EVAL_ERASED_SEQ, SIZE_MAX);
    }
    if (has && known) {
        reason_cite_cell(&j->ret->reason, j->eval, EVAL_ERASED_BY, SIZE_MAX);
    }
    return has;
}

static bool has_no_baseline(struct judging *j) {
    say_told(j, "scores", &j->scores.unbased);
    return j->scores.unbased.n > 0;
}

static bool informs_only(const struct judging *j) {
    return j->scores.n > 0 && j->scores.result[EVAL_RESULT_INFORMS] == j->scores.n;
}

static bool is_not_judged(struct judging *j) {
    struct bytes id = row_text(j->eval, EVAL_ID);
    readiness_say(&j->ret->found, "judged", "%.*s", REASON_PART(id, 128));
    return row_bool(j->eval, EVAL_IMPORTED) && informs_only(j);
}

/* When its end was erased, that finding says why; where nothing was held against a threshold, that one does. */
static bool has_no_verdict(struct judging *j) {
    bool erased =
        row_has(j->eval, EVAL_ERASED_SEQ) && row_int(j->eval, EVAL_ERASED_SEQ) == row_int(j->eval, EVAL_FINISHED_SEQ);
    return !erased && (j->verdict.n > 0 || !is_not_judged(j)) && !bytes_is(j->verdict, "pass") &&
           !bytes_is(j->verdict, "warn") && !bytes_is(j->verdict, "fail");
}

static bool is_not_scored(struct judging *j) {
    return j->scores.n == 0;
}

static bool is_not_held(struct judging *j) {
    return !row_bool(j->eval, EVAL_IMPORTED) && informs_only(j);
}

static bool has_undirected_scores(struct judging *j) {
    say_told(j, "scores", &j->scores.told[EVAL_RESULT_UNDIRECTED]);
    return j->scores.result[EVAL_RESULT_UNDIRECTED] > 0;
}

static bool has_valueless_scores(struct judging *j) {
    say_told(j, "scores", &j->scores.told[EVAL_RESULT_VALUELESS]);
    return j->scores.told[EVAL_RESULT_VALUELESS].n > 0;
}

static bool has_unclear_scores(struct judging *j) {
    say_told(j, "scores", &j->scores.told[EVAL_RESULT_UNCLEAR]);
    return j->scores.result[EVAL_RESULT_UNCLEAR] > 0;
}

static bool lacks_tasks(struct judging *j) {
    struct told told = {0};
    char words[80];
    for (size_t i = 0; i < j->suite.n; i++) {
        const struct eval_suite_task *t = &j->suite.tasks[i];
        if (!t->scored) {
            snprintf(words, sizeof(words), "'%.*s%s%.*s'", NAME(t->name), t->metric.n > 0 ? " " : "", NAME(t->metric));
            tell(&told, words, 0);
        }
    }
    say_told(j, "tasks", &told);
    return told.n > 0;
}

/* Whether it ran fewer samples than planned, by its end or by its scores. */
static bool runs_few(const struct judging *j, int64_t *ret_n, int64_t *ret_of) {
    bool told = row_has(j->eval, EVAL_SAMPLES), total = row_has(j->eval, EVAL_SAMPLES_TOTAL);
    bool rest = j->scores.n > 0 && !j->scores.unknown && j->scores.of_task >= 0;
    int64_t n = row_int(j->eval, EVAL_SAMPLES), of = row_int(j->eval, EVAL_SAMPLES_TOTAL);
    *ret_of = total && of > n ? of : n;
    *ret_n = rest && (!told || j->scores.samples < n) ? j->scores.samples : n;
    return (told || rest) && (total || told) && *ret_n < *ret_of;
}

/* What its files lack, in words. False: that is not all that makes it partial. */
static bool is_of_files(const struct judging *j, struct told *ret) {
    static const char *const words[][2] = {
        {"samples_missing", "a file of its samples was not there when it was imported"},
        {"samples_fewer", "its files have fewer samples than it counts"},
        {"samples_differ", "the samples beside its result file are not those that it names"},
        {"results_missing", "its result file was not there when its samples were imported"}};
    struct list list;
    struct bytes item, reason = {0};
    size_t n = 0;
    list_open(&list, row_list(j->eval, EVAL_PARTIAL_REASONS));
    for (; list_next(&list, &item); n++) {
        for (size_t i = 0; list_name(item, "", &reason) && i < sizeof(words) / sizeof(words[0]); i++) {
            if (bytes_is(reason, words[i][0])) tell(ret, words[i][1], 0);
        }
    }
    return n > 0 && n == ret->n;
}

static bool lacks_files(struct judging *j) {
    struct told told = {0};
    is_of_files(j, &told);
    readiness_say(&j->ret->found, "files", "%s", told.words);
    readiness_say(&j->ret->found, "source", "%s",
                  row_is(j->eval, EVAL_HARNESS, "lm_eval") ? "lm-eval" : ""); /* others have one file */
    return told.n > 0;
}

static bool is_partial(struct judging *j) {
    int64_t n, of;
    struct told files = {0};
    bool few = runs_few(j, &n, &of);
    bool all = few && row_int(j->eval, EVAL_SAMPLES) >= of && row_int(j->eval, EVAL_ERRORS) > 0;
    readiness_say(&j->ret->found, "part", "%s", all ? "has a known answer" : "was run");
    readiness_say(&j->ret->found, "numbers", "%s", "");
    if (few) readiness_say(&j->ret->found, "numbers", ": %lld of %lld", (long long)n, (long long)of);
    return few || ((row_bool(j->eval, EVAL_PARTIAL) || j->scores.partial > 0) && !is_of_files(j, &files));
}

static bool has_no_samples(struct judging *j) {
    const struct told *empty = &j->scores.empty;
    say_told(j, "scores", empty);
    readiness_say(&j->ret->found, "for", "%s%s", empty->n > 0 ? " for " : "",
                  empty->n > 0 ? readiness_fact(&j->ret->found, "scores") : "");
    return empty->n > 0 || (row_has(j->eval, EVAL_SAMPLES) && row_int(j->eval, EVAL_SAMPLES) <= 0);
}

static bool runs_too_many(struct judging *j) {
    int64_t n = row_int(j->eval, EVAL_SAMPLES), of = row_int(j->eval, EVAL_SAMPLES_TOTAL);
    bool many = row_has(j->eval, EVAL_SAMPLES) && row_has(j->eval, EVAL_SAMPLES_TOTAL) && n > of;
    say_told(j, "scores", &j->scores.beyond);
    if (j->scores.beyond.n > 0) {
        readiness_say(&j->ret->found, "numbers", "%lld samples were run, and more are behind %s", (long long)n,
                      readiness_fact(&j->ret->found, "scores"));
    } else {
        readiness_say(&j->ret->found, "numbers", "%lld samples were run of %lld", (long long)n, (long long)of);
    }
    return many || j->scores.beyond.n > 0;
}

static bool is_not_known_whole(struct judging *j) {
    return row_bool(j->eval, EVAL_IMPORTED) && !row_has(j->eval, EVAL_PARTIAL) && !is_partial(j);
}

static bool has_errors(struct judging *j) {
    int64_t told = row_int(j->eval, EVAL_ERRORS), seen = row_int(j->eval, EVAL_SAMPLES_ERRED);
    readiness_say(&j->ret->found, "n", "%lld", (long long)(seen > told ? seen : told));
    readiness_say(&j->ret->found, "how", "%s", seen > told ? ", or nobody says how they failed" : "");
    return told != 0 || seen > 0;
}

static bool is_not_measured(struct judging *j) {
    bool unmeasured = !row_bool(j->eval, EVAL_IMPORTED) && row_has(j->eval, EVAL_UNMEASURED_SEQ);
    readiness_say(&j->ret->found, "unmeasured", "%lld", (long long)row_int(j->eval, EVAL_UNMEASURED_SEQ));
    if (unmeasured) reason_cite_cell(&j->ret->reason, j->eval, EVAL_UNMEASURED_SEQ, SIZE_MAX);
    return unmeasured;
}

/* How many were run: as its end says, else as its start; at least one. */
static bool has_few_records(struct judging *j) {
    int64_t n = row_int(j->eval, EVAL_SAMPLES_RECORDED);
    int64_t run = row_int(j->eval, row_has(j->eval, EVAL_SAMPLES) ? EVAL_SAMPLES : EVAL_SAMPLES_TOTAL);
    run = run > 1 ? run : 1;
    readiness_say(&j->ret->found, "recorded", "%lld of %lld", (long long)n, (long long)run);
    return !row_bool(j->eval, EVAL_IMPORTED) && n < run;
}

static bool names_no_file(struct judging *j) {
    return row_bool(j->eval, EVAL_IMPORTED) && !row_has(j->eval, EVAL_FILE_DIGEST);
}

static bool is_cached(struct judging *j) {
    return row_bool(j->eval, EVAL_CACHED);
}

static bool is_dirty(struct judging *j) {
    return row_bool(j->eval, EVAL_DIRTY);
}

static bool is_mixed(struct judging *j) {
    struct bytes changed = row_text(j->eval, EVAL_CHANGED);
    readiness_say(&j->ret->found, "what", "%.*s", REASON_NAME(changed));
    return changed.n > 0;
}

static bool names_no_weights(struct judging *j) {
    return !row_has(j->eval, EVAL_DIGEST) && !row_has(j->eval, EVAL_PROGRAM_DIGEST);
}

/* The newest declaration says how long; without one it never gets too old. */
static bool is_stale(struct judging *j) {
    const int64_t ns = 1000000000;
    int64_t max = row_has(&j->declared, SUITE_MAX_AGE_S) ? row_int(&j->declared, SUITE_MAX_AGE_S) : -1;
    int64_t end; /* the first moment at which it is too old */
    struct bytes name = row_text(j->eval, EVAL_SUITE);
    bool ends = max >= 0 && !__builtin_mul_overflow(max, ns, &end) &&
                !__builtin_add_overflow(end, row_int(j->eval, EVAL_FINISHED_AT), &end) &&
                !__builtin_add_overflow(end, 1, &end);
    if (!ends || !state_past(j->view, end)) return false;
    reason_cite_cell(&j->ret->reason, &j->declared, SUITE_SEQ, SIZE_MAX);
    readiness_say(&j->ret->found, "max", "%lld second%s", (long long)max, text_s((uint64_t)max));
    readiness_say(&j->ret->found, "suite", "%.*s", REASON_NAME(name));
    return true;
}

/* ---- the walk ---- */

static const struct {
    enum readiness_id id;
    bool (*unmet)(struct judging *j);
} rules[] = {
#define RULE(id, unmet, ...) {READINESS_##id, unmet},
#include "projections/ready/readiness_eval.def"
#undef RULE
};

static void walk(struct judging *j) {
    struct readiness *found = &j->ret->found;
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        if (rules[i].unmet(j)) {
            readiness_add(found, rules[i].id);
            if (readiness_rules[rules[i].id].outcome <= READINESS_UNFINISHED) {
                break; /* the other rules apply to what ended and was not invalidated */
            }
        }
    }
    j->ret->counts = found->n == 0;
    j->ret->outcome = found->n > 0 ? readiness_rules[found->found[0].id].outcome : READINESS_UNDECIDED;
    readiness_tell(found, false, &j->ret->reason);
}

static int judging_open(struct judging *j, struct state_view *view, const struct row *eval, bool based,
                        struct eval_verdict *ret, struct eval_list *results, struct err *err) {
    const struct bytes name = row_text(eval, EVAL_SUITE);
    *j = (struct judging){.view = view, .eval = eval, .based = based, .ret = ret, .results = results};
    ret->counts = false;
    readiness_init(&ret->found);
    reason_init(&ret->reason);
    int rc = look_stored(view, "suites", &name, 1, &j->declared, NULL, err);
    int other = eval_suite_open(view, name, row_text(eval, EVAL_SUITE_DIGEST), &j->suite, rc == 0 ? err : NULL);
    if (rc == 0) rc = other;
    j->suite.imported = row_bool(eval, EVAL_IMPORTED);
    if (rc == 0 && !based) rc = baseline_is_there(view, name, &j->based, err);
    if (rc == 0) rc = take_scores(j, err);
    j->verdict = verdict_of(eval, &j->scores);
    return rc;
}

static void judging_done(struct judging *j) {
    eval_suite_done(&j->suite);
    row_done(&j->declared);
}

int eval_judge_verdict(struct state_view *view, const struct row *eval, bool based, struct eval_verdict *ret,
                       struct err *err) {
    struct judging j;
    int rc = judging_open(&j, view, eval, based, ret, NULL, err);
    if (rc == 0) walk(&j);
    judging_done(&j);
    return rc;
}

/* ---- the tables ---- */

static int put_missing(struct eval_verdict *verdict, struct row *row, struct err *err) {
    struct list_out out;
    struct buf about = {.max = 4 * ROW_TEXT_MAX};
    buf_put_str(&about, "eval/");
    buf_put_bytes(&about, row_text(row, EVAL_ID));
    list_out_init(&out);
    readiness_list(&verdict->found, bytes_of_buf(&about), readiness_put_fact, &verdict->found, &out);
    int rc = list_out_set(&out, row, EVAL_MISSING, err);
    list_out_done(&out);
    buf_done(&about);
    return rc;
}

int eval_judge(struct state_view *view, struct row *row, struct err *err) {
    struct eval_verdict verdict;
    struct judging j;
    struct eval_list results = {0};
    list_out_init(&results.list);
    buf_init(&results.words, ROW_TEXT_MAX);
    int rc = judging_open(&j, view, row, false, &verdict, &results, err);
    if (rc == 0) {
        const struct scores *s = &j.scores;
        walk(&j);
        row_set_text(row, EVAL_VERDICT, j.verdict);
        if (j.verdict.n == 0) {
            row_set_null(row, EVAL_VERDICT);
        }
        row_set_int(row, EVAL_SCORED, (int64_t)s->n);
        row_set_int(row, EVAL_SCORES_PASSED, (int64_t)s->result[EVAL_RESULT_PASSES]);
        row_set_int(row, EVAL_SCORES_FAILED, (int64_t)s->result[EVAL_RESULT_FAILS]);
        row_set_int(row, EVAL_SCORES_OTHER, (int64_t)unclear(s));
        row_set_int(row, EVAL_SCORES_PARTIAL, (int64_t)s->partial);
        if (row_bool(row, EVAL_IMPORTED)) row_set_int(row, EVAL_SCORES_CHECKED, (int64_t)s->checked);
        row_set_bool(row, EVAL_COUNTS, verdict.counts);
        row_set_str(row, EVAL_REASON, verdict.counts ? NULL : verdict.reason.words);
        reason_give(&verdict.reason, row, EVAL_BASE);
        rc = put_missing(&verdict, row, err);
        if (rc == 0) rc = eval_list_put(&results, row, err);
    }
    judging_done(&j);
    list_out_done(&results.list);
    buf_done(&results.words);
    return rc;
}
