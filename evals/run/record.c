/* A sample's key follows from the evaluation, the case and the repeat: recorded twice, it is there once. What a person or a
 * model wrote is private, digests and numbers are open. */
#include "evals/run/record.h"

#include <math.h>
#include <stdio.h>

#include "base/crypt.h"
#include "base/json.h"
#include "base/mp.h"
#include "base/text.h"
#include "evals/run/endpoint.h"
#include "evals/run/machine.h"
#include "ledger/version.h"
#include "projections/ready/models.h"

#define BODY_MAX       ((size_t)768 << 10)
#define OUTPUT_MAX     ((size_t)256 << 10)
#define PROMPT_MAX     ((size_t)64 << 10)
#define SOURCE         "evals"
#define SAMPLE_KEY_MAX 256

#define OBSERVED_CURSOR "ollama/observed" /* of whoever looks at a runtime besides: ingest/ollama/state.c */

int run_record_init(struct run_record *record, const struct run_suite_options *how, const struct run_plan *plan,
                    struct err *err) {
    *record = (struct run_record){.how = how, .plan = plan, .started = LOG_NO_SEQ};
    mp_map_init(&record->body, BODY_MAX);
    mp_map_init(&record->private_, BODY_MAX);
    buf_init(&record->bytes, BODY_MAX);
    buf_init(&record->private_bytes, BODY_MAX);
    return log_batch_new(how->ledger, &record->batch, err);
}

void run_record_done(struct run_record *record) {
    log_batch_free(record->batch);
    mp_map_done(&record->body);
    mp_map_done(&record->private_);
    buf_done(&record->bytes);
    buf_done(&record->private_bytes);
}

/* ---- an event ----------------------------------------------------------------------------------------------------------- */

static void put_real(struct mp_map *map, const char *name, double value) {
    if (!isfinite(value)) return;
    mp_map_begin(map, name);
    mp_put_float(&map->values, value == 0 ? 0.0 : value); /* no negative zero */
    mp_map_end(map);
}

static void put_known(struct mp_map *map, const char *name, uint64_t value) {
    if (value != UINT64_MAX) mp_map_uint(map, name, value);
}

static void put_text(struct mp_map *map, const char *name, const char *text) {
    mp_map_text(map, name, bytes_of(text));
}

/* Adds what body and private_ hold, and clears them. */
static int add_as(struct run_record *r, const char *grade, const char *kind, const char *subject, const char *key,
                  struct err *err) {
    struct log_draft draft;
    log_draft_init(&draft);
    buf_clear(&r->bytes);
    buf_clear(&r->private_bytes);
    int rc = mp_map_write(&r->body, &r->bytes, err);
    if (rc == 0 && r->private_.n > 0) rc = mp_map_write(&r->private_, &r->private_bytes, err);
    draft.kind = bytes_of(kind);
    draft.subject = bytes_of(subject);
    draft.actor = bytes_of(r->how->actor);
    draft.source = bytes_of(SOURCE);
    draft.grade = bytes_of(grade);
    draft.key = bytes_of(key);
    draft.body = bytes_of_buf(&r->bytes);
    draft.private_ = bytes_of_buf(&r->private_bytes);
    if (rc == 0) rc = log_batch_add(r->batch, &draft, err);
    if (rc == ERR_BUSY && log_batch_count(r->batch) > 0) { /* it is full */
        rc = log_batch_commit(r->batch, NULL, NULL, NULL, err);
        if (rc == 0) rc = log_batch_add(r->batch, &draft, err);
    }
    mp_map_clear(&r->body);
    mp_map_clear(&r->private_);
    return rc != 0 ? err_prefix(err, "%s", kind) : 0;
}

static int add(struct run_record *r, const char *kind, const char *subject, const char *key, struct err *err) {
    return add_as(r, "measured", kind, subject, key, err);
}

static int commit_last(struct run_record *r, size_t at, uint64_t *ret_seq, struct err *err) {
    struct log_receipt receipts[RUN_SCORES_MAX + 8];
    int rc = log_batch_commit(r->batch, receipts, NULL, NULL, err);
    if (rc == 0) *ret_seq = receipts[at].seq;
    return rc;
}

/* ---- the beginning ------------------------------------------------------------------------------------------------------ */

static void put_bound(struct mp_map *map, const struct suite *suite, const struct run_binding *b) {
    mp_map_text(map, "suite", suite->name);
    mp_map_hash(map, "suite_digest", suite->digest);
    put_text(map, "model", b->model);
    put_text(map, "digest", b->digest);
    put_text(map, "pack", b->pack);
    put_text(map, "pack_version", b->pack_version);
    put_text(map, "pack_digest", b->pack_digest);
    put_text(map, "route", b->route);
    put_text(map, "config_digest", b->config_digest);
    put_text(map, "program_digest", b->program_digest);
    put_text(map, "command_digest", b->command_digest);
}

static int add_declaration(struct run_record *r, struct err *err) {
    const struct suite *suite = r->how->suite;
    char subject[SUITE_NAME_MAX + 16];
    (void)snprintf(subject, sizeof(subject), "suite/%.*s", (int)suite->name.n, (const char *)suite->name.p);
    mp_map_text(&r->body, "suite", suite->name);
    mp_map_hash(&r->body, "suite_digest", suite->digest);
    mp_map_hash(&r->body, "data_digest", suite->data_digest);
    mp_map_text(&r->body, "version", suite->version);
    mp_map_uint(&r->body, "cases", suite->cases_n);
    if (suite->max_age_s > 0) mp_map_uint(&r->body, "max_age_s", suite->max_age_s);
    mp_map_begin(&r->body, "tasks");
    mp_put_array(&r->body.values, (uint32_t)suite->thresholds_n);
    for (size_t i = 0; i < suite->thresholds_n; i++) {
        const struct suite_threshold *t = &suite->thresholds[i];
        struct buf *out = &r->body.values;
        mp_put_map(out, 4);
        mp_pair_bool(out, "higher_is_better", suite_metric_is_better_higher(t->metric));
        mp_pair_text(out, "metric", suite_metric_names[t->metric]);
        mp_pair_str(out, "name", suite->name);
        mp_put_text(out, "threshold");
        mp_put_float(out, t->value == 0 ? 0.0 : t->value);
    }
    mp_map_end(&r->body);
    if (r->how->path != NULL) put_text(&r->private_, "path", r->how->path);
    return add(r, "eval.suite_declared", subject, "", err);
}

/* What every call is given besides its case. */
static int put_settings(struct run_record *r, struct err *err) {
    const struct suite *suite = r->how->suite;
    struct buf settings = {.max = BODY_MAX}, whole = {.max = BODY_MAX};
    uint8_t digest[HASH_LEN];
    int rc = json_to_mp(suite->settings.n > 0 ? suite->settings : bytes_of("{}"), &settings, err);
    mp_put_map(&whole, 2);
    mp_pair_uint(&whole, "max_tokens", suite->max_tokens);
    mp_put_text(&whole, "settings");
    buf_put_bytes(&whole, bytes_of_buf(&settings));
    const struct bytes bytes = bytes_of_buf(&whole);
    hash_parts(digest, &bytes, 1);
    if (rc == 0) {
        mp_map_raw(&r->body, "settings", bytes);
        mp_map_hash(&r->body, "settings_digest", digest);
    }
    buf_done(&settings);
    buf_done(&whole);
    return rc;
}

static void put_choice(struct run_record *r) {
    const struct run_choice *c = &r->how->choice;
    mp_map_hash(&r->body, "plan_digest", r->plan->digest);
    mp_map_uint(&r->body, "samples", r->plan->n);
    mp_map_uint(&r->body, "concurrency", r->how->concurrency);
    if (c->repeats > 0) mp_map_uint(&r->body, "repeats", c->repeats);
    if (c->shuffled) {
        mp_map_begin(&r->body, "shuffle");
        mp_put_int(&r->body.values, (int64_t)c->shuffle);
        mp_map_end(&r->body);
    }
    if (c->only_n > 0) {
        mp_map_begin(&r->body, "only");
        mp_put_array(&r->body.values, (uint32_t)c->only_n);
        for (size_t i = 0; i < c->only_n; i++) {
            mp_put_text(&r->body.values, c->only[i]);
        }
        mp_map_end(&r->body);
    }
}

/* A program that serves a route, as it was found: one that is not what was proven voids the proof at once. */
static int add_decision(struct run_record *r, const struct run_binding *b, struct err *err) {
    char subject[sizeof(b->route) + 8];
    if (b->route[0] == '\0' || b->program_digest[0] == '\0' || strcmp(b->runtime, "process") != 0) return 0;
    (void)snprintf(subject, sizeof(subject), "route/%s", b->route);
    put_text(&r->body, "route", b->route);
    put_text(&r->body, "config_digest", b->config_digest);
    put_text(&r->body, "program_digest", b->program_digest);
    put_text(&r->body, "decision", "primary");
    put_text(&r->body, "reason", "evaluated");
    return add(r, "route.decided", subject, "", err);
}

int run_record_started(struct run_record *r, const struct run_binding *binding, bool declared, struct err *err) {
    struct run_machine machine;
    int rc = declared ? 0 : add_declaration(r, err);
    if (rc == 0) rc = run_machine_look(&machine, err);
    if (rc == 0) rc = put_settings(r, err);
    if (rc != 0) return rc;
    put_bound(&r->body, r->how->suite, binding);
    put_choice(r);
    put_text(&r->body, "harness", "ledger");
    put_text(&r->body, "harness_version", LEDGER_VERSION);
    put_text(&r->body, "runtime", binding->runtime);
    put_text(&r->body, "endpoint", binding->endpoint);
    put_text(&r->body, "digest_from", binding->digest_from != NULL ? binding->digest_from : "");
    put_text(&r->private_, "weights_path", binding->weights_path);
    put_text(&r->body, "hardware_digest", machine.digest);
    put_text(&r->body, "cpu", machine.cpu);
    put_text(&r->body, "arch", machine.arch);
    if (machine.threads > 0) mp_map_uint(&r->body, "threads", machine.threads);
    if (machine.memory_bytes > 0) mp_map_uint(&r->body, "memory_bytes", machine.memory_bytes);
    if (strcmp(binding->runtime, "process") == 0) mp_map_bool(&r->body, "confined", !binding->unconfined);
    mp_map_raw(&r->private_, "command", binding->command);
    rc = add(r, "eval.started", r->subject, "", err);
    if (rc == 0) rc = add_decision(r, binding, err);
    return rc == 0 ? commit_last(r, declared ? 0 : 1, &r->started, err) : rc;
}

int run_record_resumed(struct run_record *r, const struct run_binding *binding, uint64_t samples, struct err *err) {
    uint64_t seq;
    mp_map_text(&r->body, "suite", r->how->suite->name);
    mp_map_hash(&r->body, "plan_digest", r->plan->digest);
    put_text(&r->body, "digest", binding->digest);
    put_text(&r->body, "program_digest", binding->program_digest);
    put_text(&r->body, "command_digest", binding->command_digest);
    mp_map_uint(&r->body, "samples", samples);
    int rc = add(r, "eval.resumed", r->subject, "", err);
    return rc == 0 ? commit_last(r, 0, &seq, err) : rc;
}

struct observing {
    const struct run_binding *binding;
    bool differs;
};

static int compare(void *ctx, struct state_view *view, struct err *err) {
    struct observing *o = ctx;
    const struct run_binding *b = o->binding;
    struct models_weights known;
    char room[MODELS_RUNTIME_MAX];
    const struct bytes runtime = models_runtime_at(bytes_of(b->runtime), bytes_of(b->endpoint), room);
    int rc = models_resolve(view, runtime, bytes_of(b->listed), (struct bytes){NULL, 0}, &known, err);
    o->differs = rc == 0 && (known.wanted || strcmp(known.digest, b->digest) != 0);
    return rc;
}

int run_record_observed(struct run_record *r, const struct run_binding *binding, struct err *err) {
    struct observing o = {.binding = binding};
    struct state_options options;
    char subject[sizeof(binding->listed) + 8];
    uint8_t mark[8];
    uint64_t seq;
    if (!binding->stated) return 0;
    state_options_init(&options);
    int rc = state_ask(r->how->ledger, &options, compare, &o, err);
    if (rc != 0 || !o.differs) return rc;
    (void)snprintf(subject, sizeof(subject), "model/%s", binding->listed);
    put_text(&r->body, "model", binding->listed);
    put_text(&r->body, "digest", binding->digest);
    put_text(&r->body, "manifest_digest", binding->manifest);
    put_text(&r->body, "runtime", binding->runtime);
    put_text(&r->body, "endpoint", binding->endpoint);
    crypt_random(mark, sizeof(mark));
    const bool given = binding->digest_from != NULL && strcmp(binding->digest_from, RUN_WEIGHTS_GIVEN) == 0;
    rc = add_as(r, given ? "reported" : "measured", "model.observed", subject, "", err);
    if (rc == 0) rc = log_batch_set_cursor(r->batch, OBSERVED_CURSOR, (struct bytes){mark, sizeof(mark)}, err);
    if (rc == 0) rc = commit_last(r, 0, &seq, err);
    log_batch_clear_cursors(r->batch);
    return rc;
}

/* ---- samples ------------------------------------------------------------------------------------------------------------ */

static void put_judged(struct run_record *r, const struct suite_case *one, const struct run_judged *judged) {
    struct mp_map scores;
    mp_map_init(&scores, 4096);
    mp_map_uint(&scores, "passed", judged->outcome == SAMPLE_PASSED);
    put_real(&scores, "score", judged->score);
    mp_map_begin(&r->body, "scores");
    mp_map_write(&scores, &r->body.values, NULL);
    mp_map_end(&r->body);
    mp_map_done(&scores);
    uint32_t unmet = 0;
    for (size_t i = 0; i < judged->n; i++) {
        unmet += judged->ends[i] != CHECK_MET;
    }
    if (judged->outcome == SAMPLE_PASSED || unmet == 0) return;
    mp_map_begin(&r->body, "unmet");
    mp_put_array(&r->body.values, unmet);
    for (size_t i = 0; i < judged->n; i++) {
        char words[64];
        (void)snprintf(words, sizeof(words), "%zu:%s", i + 1, suite_check_names[one->checks[i].type]);
        if (judged->ends[i] != CHECK_MET) mp_put_text(&r->body.values, words);
    }
    mp_map_end(&r->body);
}

static void put_answer(struct run_record *r, const struct run_answer *a) {
    put_real(&r->body, "latency_ms", a->latency_ms);
    put_real(&r->body, "first_ms", a->first_ms);
    put_known(&r->body, "tokens_in", a->tokens_in);
    put_known(&r->body, "tokens_out", a->tokens_out);
    put_real(&r->body, "cost", a->cost);
    if (a->violations > 0) mp_map_uint(&r->body, "violations", a->violations);
    if (a->attempts > 1) mp_map_uint(&r->body, "attempts", a->attempts);
    put_text(&r->body, "finish", a->finish);
    put_text(&r->body, "pack_run", a->pack_run);
}

/* Text as text, other bytes as bytes; what is too long, as its size and digest. */
static int put_output(struct run_record *r, const struct run_answer *a, struct err *err) {
    const struct bytes output = bytes_of_buf(&a->output);
    uint8_t digest[HASH_LEN];
    struct buf item = {.max = output.n + 16};
    if (a->end == RUN_ANSWERED) {
        hash_parts(digest, &output, 1);
        mp_map_hash(&r->body, "output_digest", digest);
    }
    if (output.n == 0) return 0;
    if (text_utf8_valid(output.p, output.n) == output.n) {
        mp_put_str(&item, output);
    } else {
        mp_put_bin(&item, output);
    }
    int rc = buf_check(&item, "an output", err);
    if (rc == 0) mp_map_bounded(&r->private_, "output", bytes_of_buf(&item), OUTPUT_MAX);
    buf_done(&item);
    return rc;
}

static int put_prompt(struct run_record *r, const struct suite_case *one, struct err *err) {
    struct buf prompt = {.max = (size_t)64 << 20};
    uint8_t digest[HASH_LEN];
    run_prompt_put(one, &prompt);
    int rc = buf_check(&prompt, "a prompt", err);
    struct bytes text = bytes_of_buf(&prompt);
    if (rc == 0 && text.n > 0) {
        hash_parts(digest, &text, 1);
        mp_map_hash(&r->body, "prompt_digest", digest);
        text.n = text.n > PROMPT_MAX ? text_utf8_valid(text.p, PROMPT_MAX) : text.n;
        mp_map_text(&r->private_, "prompt", text);
    }
    buf_done(&prompt);
    return rc;
}

static int add_sample(struct run_record *r, const struct run_done *done, struct err *err) {
    static const char *const failures[] = {
        [SAMPLE_PASSED] = "", [SAMPLE_MISSED] = "assertion", [SAMPLE_LIMITED] = "limit", [SAMPLE_ERRED] = "error"};
    const struct suite *suite = r->how->suite;
    const struct run_item *item = &r->plan->items[done->item];
    const struct suite_case *one = &suite->cases[item->at];
    const struct run_judged *judged = &done->judged;
    const char *why = judged->why[0] != '\0' ? judged->why : done->answer.why;
    char both[sizeof(judged->why) + sizeof(done->answer.why) + 4];
    if (done->answer.end == RUN_ANSWERED && judged->why[0] != '\0' && done->answer.why[0] != '\0') {
        (void)snprintf(both, sizeof(both), "%s; %s", judged->why, done->answer.why);
        why = both;
    }
    char key[SAMPLE_KEY_MAX], hex[2 * HASH_LEN + 1];
    text_hex(hex, one->digest, HASH_LEN);
    (void)snprintf(key, sizeof(key), "%s:%s:%u", r->id, hex, item->repeat);
    mp_map_text(&r->body, "suite", suite->name);
    mp_map_text(&r->body, "task", suite->name);
    mp_map_text(&r->body, "sample", one->id);
    if (one->tags_n > 0) {
        mp_map_begin(&r->body, "tags");
        mp_put_array(&r->body.values, (uint32_t)one->tags_n);
        for (size_t i = 0; i < one->tags_n; i++) {
            mp_put_str(&r->body.values, one->tags[i]);
        }
        mp_map_end(&r->body);
    }
    mp_map_uint(&r->body, "repeat", item->repeat);
    put_real(&r->body, "weight", one->weight);
    if (one->probe) mp_map_bool(&r->body, "probe", true);
    if (one->seeded) {
        mp_map_begin(&r->body, "seed");
        mp_put_int(&r->body.values, (int64_t)((uint64_t)one->seed + item->repeat));
        mp_map_end(&r->body);
    }
    mp_map_hash(&r->body, "doc_digest", one->digest);
    put_text(&r->body, "judge_digest", r->judge_digest);
    put_text(&r->body, "failure", failures[judged->outcome]);
    put_answer(r, &done->answer);
    put_judged(r, one, judged);
    int rc = put_output(r, &done->answer, err);
    if (rc == 0) rc = put_prompt(r, one, err);
    if (judged->outcome != SAMPLE_PASSED) put_text(&r->private_, "detail", why);
    if (judged->outcome == SAMPLE_ERRED && r->why[0] == '\0') {
        (void)snprintf(r->why, sizeof(r->why), "%.*s", (int)sizeof(r->why) - 1, why);
    }
    return rc == 0 ? add(r, judged->outcome == SAMPLE_PASSED ? "eval.sampled" : "eval.sample_failed", r->subject, key, err)
                   : rc;
}

static void count(struct run_progress *p, enum sample_outcome outcome) {
    p->done++;
    p->fresh++;
    p->passed += outcome == SAMPLE_PASSED;
    p->missed += outcome == SAMPLE_MISSED;
    p->limited += outcome == SAMPLE_LIMITED;
    p->errors += outcome == SAMPLE_ERRED;
}

int run_record_samples(struct run_record *r, struct run_done *const *done, size_t n, struct err *err) {
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < n; i++) {
        rc = add_sample(r, done[i], err);
    }
    if (rc == 0) rc = log_batch_commit(r->batch, NULL, NULL, NULL, err);
    for (size_t i = 0; rc == 0 && i < n; i++) {
        count(&r->counts, done[i]->judged.outcome);
    }
    if (rc == 0 && r->how->progress != NULL) r->how->progress(r->how->progress_ctx, &r->counts);
    return rc;
}

/* ---- the end ------------------------------------------------------------------------------------------------------------ */

static int add_score(struct run_record *r, const struct run_score *score, struct err *err) {
    const struct suite *suite = r->how->suite;
    mp_map_text(&r->body, "suite", suite->name);
    mp_map_hash(&r->body, "suite_digest", suite->digest);
    mp_map_text(&r->body, "task", suite->name);
    put_text(&r->body, "metric", score->metric);
    if (isfinite(score->value)) {
        put_real(&r->body, "value", score->value);
    } else {
        mp_map_nil(&r->body, "value");
    }
    if (score->verdict != NULL) {
        put_real(&r->body, "threshold", score->threshold);
        mp_map_bool(&r->body, "higher_is_better", score->higher);
        put_text(&r->body, "verdict", score->verdict);
    }
    mp_map_uint(&r->body, "samples", score->samples);
    return add(r, "eval.scored", r->subject, "", err);
}

int run_record_finished(struct run_record *r, const struct run_binding *binding, struct run_suite_result *result,
                        struct err *err) {
    const struct run_progress *c = &result->counts;
    uint64_t passed = 0, failed = 0;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < result->scores_n; i++) {
        const struct run_score *score = &result->scores[i];
        passed += score->verdict != NULL && strcmp(score->verdict, "pass") == 0;
        failed += score->verdict != NULL && strcmp(score->verdict, "fail") == 0;
        rc = add_score(r, score, err);
    }
    if (rc != 0) return rc;
    put_bound(&r->body, r->how->suite, binding);
    put_text(&r->body, "verdict", result->verdict);
    mp_map_uint(&r->body, "passed", passed);
    mp_map_uint(&r->body, "failed", failed);
    mp_map_uint(&r->body, "errors", c->errors);
    mp_map_uint(&r->body, "samples", c->done);
    mp_map_uint(&r->body, "samples_total", result->total);
    mp_map_uint(&r->body, "samples_failed", c->missed + c->limited + c->errors);
    mp_map_bool(&r->body, "partial", result->partial);
    mp_map_bool(&r->body, "cached", false);
    mp_map_bool(&r->body, "dirty", false);
    if (result->resumed > 0) mp_map_uint(&r->body, "resumed", result->resumed);
    if (result->stopped != NULL) put_text(&r->body, "stopped", result->stopped);
    put_text(&r->body, "baseline", result->baseline);
    mp_map_uint(&r->body, "violations", result->violations);
    mp_map_uint(&r->body, "tokens_in", result->tokens_in);
    mp_map_uint(&r->body, "tokens_out", result->tokens_out);
    put_real(&r->body, "cost", result->cost);
    put_real(&r->body, "duration_ms", (double)result->duration_ns / 1e6);
    rc = add(r, "eval.finished", r->subject, "", err);
    if (rc == 0 && result->changed) rc = add_decision(r, binding, err);
    return rc == 0 ? commit_last(r, result->scores_n, &result->finished_seq, err) : rc;
}
