/* The judge is asked with the temperature 0 and one seed. A judge that does not answer, or not as it was asked, is an error of the
 * sample: it is never a pass. */
#include "evals/run/judging.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "evals/check/judge.h"
#include "evals/run/endpoint.h"
#include "work/model.h"

#define JUDGE_SETTINGS "{\"seed\":0,\"temperature\":0}"
#define IDENTIFY_MS    10000

struct run_judging {
    const struct suite *suite;
    struct work_model *lanes[RUN_LANES_MAX];
    unsigned lanes_n;
    char model[WORK_MODEL_NAME_MAX];
    struct work_stop stop;
};

static void copy(char *ret, size_t size, struct bytes text) {
    (void)snprintf(ret, size, "%.*s", (int)(text.n < size ? text.n : size - 1), (const char *)text.p);
}

static bool needs_judge(const struct suite *suite) {
    for (size_t i = 0; i < suite->cases_n; i++) {
        for (size_t k = 0; k < suite->cases[i].checks_n; k++) {
            if (suite->cases[i].checks[k].type == SUITE_JUDGE) return true;
        }
    }
    return false;
}

static int identify(struct run_judging *j, char digest[RUN_DIGEST_MAX], struct err *err) {
    struct work_identity *is = calloc(1, sizeof(*is));
    if (is == NULL) return err_set(err, ERR_NOMEM, "no memory for the identity of the judge");
    int rc = work_model_identify(j->lanes[0], j->model, IDENTIFY_MS, &j->stop, is, err);
    if (rc == 0 && is->end == WORK_CALL_OFF_BOX) {
        rc = err_set(err, ERR_INVALID, "the judge is not on this box, and nothing was sent; expected: --off-box");
    } else if (rc == 0 && is->end != WORK_CALL_OK && is->status == 0) {
        rc = err_set(err, ERR_NET, "the judge: %s", is->why);
    } else if (rc == 0 && is->end == WORK_CALL_OK) {
        (void)snprintf(digest, RUN_DIGEST_MAX, "%s", is->weights[0] != '\0' ? is->weights : is->manifest);
    }
    free(is);
    return rc;
}

static int open_lanes(struct run_judging *j, unsigned lanes, bool off_box, struct err *err) {
    const struct suite_judge *judge = &j->suite->judge;
    char url[512], key[1024];
    copy(url, sizeof(url), judge->url);
    copy(key, sizeof(key), judge->key_file);
    const struct work_endpoint at = {.protocol = bytes_is(judge->protocol, "openai") ? WORK_OPENAI : WORK_OLLAMA,
                                     .url = url,
                                     .key_file = key[0] != '\0' ? key : NULL,
                                     .off_box = off_box,
                                     .keep = true};
    int rc = 0;
    while (rc == 0 && j->lanes_n < lanes && j->lanes_n < RUN_LANES_MAX) {
        rc = work_model_open(&at, &j->lanes[j->lanes_n], err);
        j->lanes_n += rc == 0;
    }
    return rc != 0 ? err_prefix(err, "the judge") : 0;
}

int run_judging_open(const struct suite *suite, unsigned lanes, bool off_box, const struct work_stop *stop,
                     struct run_judging **ret, char digest[RUN_DIGEST_MAX], struct err *err) {
    struct run_judging *j = calloc(1, sizeof(*j));
    if (j == NULL) return err_set(err, ERR_NOMEM, "no memory for the judge");
    j->suite = suite;
    j->stop = *stop;
    digest[0] = '\0';
    copy(j->model, sizeof(j->model), suite->judge.model);
    int rc = 0;
    if (needs_judge(suite) && suite->judge.url.n > 0) {
        rc = open_lanes(j, lanes, off_box, err);
        if (rc == 0) rc = identify(j, digest, err);
    }
    if (rc != 0) {
        run_judging_close(j);
        return rc;
    }
    *ret = j;
    return 0;
}

void run_judging_close(struct run_judging *judging) {
    if (judging == NULL) return;
    for (unsigned i = 0; i < judging->lanes_n; i++) {
        work_model_close(judging->lanes[i]);
    }
    free(judging);
}

/* ---- one question ------------------------------------------------------------------------------------------------------- */

struct verdict {
    bool known, away;
    uint64_t wait_ms;
    double score;
    char why[512];
};

static int call(struct run_judging *j, unsigned lane, struct bytes system, struct bytes user, const double scale[2],
                struct verdict *ret, struct err *err) {
    struct work_model_result result;
    struct err why = {0};
    const struct work_message messages[] = {{"system", system}, {"user", user}};
    const struct work_model_request request = {.operation = WORK_CHAT,
                                               .model = j->model,
                                               .messages = messages,
                                               .messages_n = 2,
                                               .options = bytes_of(JUDGE_SETTINGS),
                                               .stop = j->stop};
    int rc = work_model_call(j->lanes[lane], &request, &result, err);
    if (rc == 0 && result.end != WORK_CALL_OK) {
        (void)snprintf(ret->why, sizeof(ret->why), "the judge: %.480s", result.why);
        ret->away = endpoint_is_away(&result);
        ret->wait_ms = (uint64_t)result.retry_after_s * 1000;
    } else if (rc == 0) {
        int read = judge_read(bytes_of_buf(&result.text), scale, &ret->score, NULL, &why);
        ret->known = read == 0;
        if (read != 0) (void)snprintf(ret->why, sizeof(ret->why), "the judge: %.480s", why.msg);
    }
    work_model_result_done(&result);
    return rc;
}

static int ask(struct run_judging *j, unsigned lane, const struct suite_check *check, const struct suite_case *one,
               struct bytes answer, struct verdict *ret, struct err *err) {
    struct buf system = {.max = (size_t)4 << 20}, user = {.max = (size_t)16 << 20};
    struct err why = {0};
    if (j->lanes_n == 0) {
        (void)snprintf(ret->why, sizeof(ret->why), "the suite names no judge");
        return 0;
    }
    int rc = judge_ask(check, one, answer, &system, &user, &why);
    if (rc == 0) {
        rc = call(j, lane % j->lanes_n, bytes_of_buf(&system), bytes_of_buf(&user), check->scale, ret, err);
    } else if (rc == ERR_NOMEM) {
        err_set(err, rc, "%s", why.msg);
    } else {
        (void)snprintf(ret->why, sizeof(ret->why), "the judge: %.480s", why.msg);
        rc = 0;
    }
    buf_done(&system);
    buf_done(&user);
    return rc;
}

/* ---- all checks ----------------------------------------------------------------------------------------------------------- */

static bool is_graded(enum suite_check_type type) {
    return type == SUITE_EDIT_DISTANCE || type == SUITE_TOKEN_F1 || type == SUITE_JUDGE;
}

/* One that is not met decides; one that cannot be decided leaves it open. */
static void sum_up(struct run_judged *ret, enum check_end end, const char *why) {
    if (end == CHECK_UNMET && ret->outcome != SAMPLE_MISSED) {
        ret->outcome = SAMPLE_MISSED;
        (void)snprintf(ret->why, sizeof(ret->why), "%.500s", why);
    } else if (end == CHECK_ERROR && ret->outcome == SAMPLE_PASSED) {
        ret->outcome = SAMPLE_ERRED;
        (void)snprintf(ret->why, sizeof(ret->why), "%.500s", why);
    }
}

static int judge_one(struct run_judging *j, unsigned lane, const struct suite_case *one, size_t i,
                     const struct run_answer *answer, struct run_judged *ret, struct err *err) {
    const struct suite_check *check = &one->checks[i];
    struct check_given given = {.output = bytes_of_buf(&answer->output),
                                .has_exit = answer->has_exit,
                                .exit = answer->exit,
                                .named = answer->named,
                                .named_ctx = answer->named_ctx};
    struct check_outcome outcome = {.measure = NAN};
    struct verdict verdict = {.known = false};
    char why[600];
    int rc = check->type == SUITE_JUDGE ? ask(j, lane, check, one, given.output, &verdict, err) : 0;
    given.has_judged = verdict.known;
    given.judged = verdict.score;
    if (rc == 0) rc = check_one(check, &given, &outcome, err);
    if (rc != 0) return rc;
    (void)snprintf(why, sizeof(why), "%s %zu: %.480s", suite_check_names[check->type], i + 1,
                   verdict.why[0] != '\0' ? verdict.why : outcome.why);
    ret->away = ret->away || verdict.away;
    ret->wait_ms = verdict.away ? verdict.wait_ms : ret->wait_ms;
    ret->ends[i] = outcome.end;
    ret->measures[i] = outcome.measure;
    if (is_graded(check->type) && isnan(ret->score)) ret->score = outcome.measure;
    why[sizeof(ret->why) - 1] = '\0';
    sum_up(ret, outcome.end, why);
    return 0;
}

int run_judging_judge(struct run_judging *judging, unsigned lane, const struct suite_case *one,
                      const struct run_answer *answer, struct run_judged *ret, struct err *err) {
    int rc = 0;
    ret->score = NAN;
    if (answer->end != RUN_ANSWERED) {
        ret->outcome = answer->end == RUN_LIMITED  ? SAMPLE_LIMITED
                       : answer->end == RUN_BROKEN ? SAMPLE_MISSED
                                                   : SAMPLE_ERRED;
        (void)snprintf(ret->why, sizeof(ret->why), "%s", answer->why);
        return 0;
    }
    ret->outcome = SAMPLE_PASSED;
    ret->ends = calloc(one->checks_n + 1, sizeof(ret->ends[0]));
    ret->measures = calloc(one->checks_n + 1, sizeof(ret->measures[0]));
    if (ret->ends == NULL || ret->measures == NULL) return err_set(err, ERR_NOMEM, "no memory for the checks of a case");
    for (size_t i = 0; rc == 0 && i < one->checks_n; i++) {
        rc = judge_one(judging, lane, one, i, answer, ret, err);
        ret->n = i + 1;
    }
    ret->away = ret->away && ret->outcome == SAMPLE_ERRED;
    return rc;
}
