/* Samples read back: what was recorded comes back in order, once, of the newest run only, without what was taken back; with
 * the index, without it and proven the same as a walk over every event. */
#include <math.h>
#include <time.h>

#include "evals/sample/samples.h"
#include "evals/score/baselines.h"
#include "ingest/ingest.h"
#include "query/query.h"
#include "tests/ledger/scratch.h"

static struct scratch s;
static struct samples got;

static int start(void **state) {
    (void)state;
    scratch_in_memory();
    scratch_new(&s, 0);
    return 0;
}

static int finish(void **state) {
    (void)state;
    samples_done(&got);
    scratch_done(&s);
    return 0;
}

static const char *source = "evals", *grade = "measured";

static uint64_t append(const char *kind, const char *subject, const char *json) {
    struct log_draft draft;
    struct log_receipt receipt;
    struct buf body = {.max = 1 << 20};
    log_draft_init(&draft);
    must(log_json_to_body(bytes_of(json), &body, &why));
    draft.kind = bytes_of(kind);
    draft.subject = bytes_of(subject);
    draft.actor = bytes_of("user:test");
    draft.source = bytes_of(source);
    draft.grade = bytes_of(grade);
    draft.body = bytes_of_buf(&body);
    must(log_append(s.ledger, &draft, &receipt, NULL, &why));
    buf_done(&body);
    return receipt.seq;
}

static uint64_t passed(const char *subject, const char *id, unsigned repeat) {
    char json[200];
    snprintf(json, sizeof(json), "{\"task\":\"t\",\"sample\":\"%s\",\"repeat\":%u}", id, repeat);
    return append("eval.sampled", subject, json);
}

static void correct(uint64_t seq) {
    const struct log_correct_options options = {seq, LOG_NO_SEQ, "mistake", "user:test", NULL};
    struct log_receipt receipt;
    must(log_correct(s.ledger, &options, &receipt, &why));
}

static void erase(uint64_t seq) {
    const struct log_erase_options options = {
        .what = LOG_ERASE_BODY, .seqs = &seq, .n_seqs = 1, .reason = "request", .actor = "user:test"};
    struct log_receipt receipt;
    must(log_erase(s.ledger, &options, &receipt, &why));
}

static void read_back(const char *id) {
    samples_done(&got);
    must(samples_read(s.ledger, bytes_of(id), true, &got, &why));
}

static void expect(const char *ids) {
    static const char *const marks[] = {"", "-", "!", "?"};
    char have[500] = "";
    for (size_t i = 0; i < got.n; i++) {
        const struct sample *one = &got.all[i];
        size_t used = strlen(have);
        snprintf(have + used, sizeof(have) - used, "%s%.*s.%llu%s", i > 0 ? " " : "", (int)one->id.n,
                 (const char *)one->id.p, (unsigned long long)one->repeat, marks[one->outcome]);
    }
    assert_string_equal(have, ids);
}

static void a_sample_has_what_its_event_says(void **state) {
    (void)state;
    append("eval.started", "eval/a", "{\"suite\":\"t\"}");
    uint64_t seq =
        append("eval.sample_failed", "eval/a",
               "{\"task\":\"t\",\"sample\":\"one\",\"failure\":\"assertion\",\"repeat\":3,\"weight\":0.5,\"probe\":true,"
               "\"latency_ms\":12.5,\"first_ms\":3,\"tokens_in\":7,\"tokens_out\":9,\"cost\":0.25,\"violations\":2,"
               "\"scores\":{\"passed\":0,\"score\":0.75},"
               "\"doc_digest\":\"sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\","
               "\"output_digest\":\"sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\"}");
    append("eval.sampled", "eval/a", "{\"sample\":\"two\",\"task\":\"t\"}");
    read_back("a");
    expect("one.3- two.0");
    const struct sample *one = &got.all[0], *two = &got.all[1];
    assert_true(one->seq == seq && one->probe && one->violations == 2 && one->tokens_in == 7 && one->tokens_out == 9);
    assert_true(one->weight >= 0.5 && one->weight <= 0.5 && one->latency_ms >= 12.5 && one->first_ms >= 3 &&
                one->cost >= 0.25);
    assert_true(one->score >= 0.75 && one->case_digest.p[7] == 'a' && one->output_digest.p[7] == 'b');
    assert_true(isnan(two->latency_ms) && isnan(two->cost) && isnan(two->score) && two->weight >= 1 && two->weight <= 1);
    assert_true(two->tokens_in == SAMPLE_ABSENT && two->output_digest.n == 0 && !two->probe);
}

static void who_began_says_what_came_of_it(void **state) {
    (void)state;
    uint64_t began = append("eval.started", "eval/a", "{\"suite\":\"t\"}");
    passed("eval/a", "one", 0);
    source = "cli";
    passed("eval/a", "two", 0);
    grade = "reported";
    append("eval.started", "eval/a", "{}");
    passed("eval/a", "three", 0);
    source = "evals";
    passed("eval/a", "four", 0);
    grade = "measured";
    read_back("a");
    expect("three.0"); /* whoever starts an id anew, and nobody else */
    samples_done(&got);
    must(samples_read_from(s.ledger, bytes_of("a"), began, true, &got, &why));
    expect("one.0");
    assert_int_equal(got.foreign, 3);
}

static void only_the_newest_run_is_read(void **state) {
    (void)state;
    append("eval.started", "eval/a", "{}");
    passed("eval/a", "old", 0);
    passed("eval/b", "other", 0);
    uint64_t second = append("eval.started", "eval/a", "{}");
    passed("eval/a", "new", 1);
    passed("eval/a", "new", 0);
    read_back("a");
    expect("new.0 new.1");
    assert_true(got.started == second);
    correct(second); /* there was no second start */
    read_back("a");
    expect("new.0 new.1 old.0");
    read_back("none");
    assert_true(got.n == 0 && got.started == SAMPLE_ABSENT);
}

static void what_was_taken_back_does_not_count(void **state) {
    (void)state;
    append("eval.started", "eval/a", "{}");
    uint64_t one = passed("eval/a", "one", 0), two = passed("eval/a", "two", 0), three = passed("eval/a", "three", 0);
    passed("eval/a", "four", 0);
    correct(one);
    erase(two);
    char json[80];
    snprintf(json, sizeof(json), "{\"reason\":\"edited\",\"seq\":%llu}", (unsigned long long)three);
    append("eval.invalidated", "eval/a", json);
    append("eval.sampled", "eval/a", "{\"task\":\"t\"}");
    read_back("a");
    expect("four.0");
    assert_true(got.corrected == 2 && got.erased == 1 && got.unreadable == 1);
}

static void a_case_counts_by_its_first_known_outcome(void **state) {
    (void)state;
    append("eval.started", "eval/a", "{}");
    append("eval.sample_failed", "eval/a", "{\"task\":\"t\",\"sample\":\"x\",\"failure\":\"error\"}");
    append("eval.sample_failed", "eval/a", "{\"task\":\"t\",\"sample\":\"x\",\"failure\":\"limit\"}");
    passed("eval/a", "x", 0);
    append("eval.sample_failed", "eval/a", "{\"task\":\"t\",\"sample\":\"y\"}");
    read_back("a");
    expect("x.0! y.0?");
    assert_true(got.repeated == 2);
}

static void samples_of_other_programs_are_read_too(void **state) {
    (void)state;
    static const char lines[] =
        "{\"doc_id\": 0, \"doc\": {\"q\": \"1\"}, \"target\": \"1\", \"resps\": [[\"1\"]], \"filter\": \"strict\", "
        "\"metrics\": [\"exact_match\"], \"exact_match\": 1.0}\n"
        "{\"doc_id\": 0, \"doc\": {\"q\": \"1\"}, \"target\": \"1\", \"resps\": [[\"1\"]], \"filter\": \"loose\", "
        "\"metrics\": [\"exact_match\"], \"exact_match\": 0.0}\n";
    const char *path = scratch_at(&s, "samples_demo_2026-01-02T03-04-05.000000.jsonl");
    scratch_write(path, bytes_of(lines));
    struct ingest_result result;
    const struct ingest_options options = {.paths = &path, .n_paths = 1};
    must(ingest_source_run(s.ledger, "lm-eval", &options, &result, &why));
    struct log_reader *reader;
    struct log_event event;
    char id[200] = "";
    must(log_reader_open(s.ledger, 0, LOG_NO_SEQ, &reader, &why));
    while (log_reader_next(reader, &event, &why) == 0) {
        if (bytes_is(event.kind, "eval.sampled")) {
            snprintf(id, sizeof(id), "%.*s", (int)event.subject.n - 5, (const char *)event.subject.p + 5);
        }
    }
    log_reader_close(reader);
    read_back(id);
    expect("0.0- 0.0");
    assert_true(bytes_is(got.all[0].filter, "loose") && bytes_is(got.all[1].filter, "strict"));
    assert_true(got.all[0].score <= 0 && got.all[1].score >= 1 && got.repeated == 0);
}

/* ---- baselines ---- */

#define WEIGHTS "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void thresholds_find_the_baseline_of_their_name_while_it_counts(void **state) {
    (void)state;
    struct suite_threshold asked[3] = {{.metric = SUITE_PASS_RATE}, {.metric = SUITE_REGRESSION}, {.metric = SUITE_PROBES}};
    struct suite suite = {.name = bytes_of("t"), .thresholds = asked, .thresholds_n = 3};
    struct score_baselines found;
    asked[1].baseline = asked[2].baseline = bytes_of("release");
    append("eval.started", "eval/a", "{\"suite\":\"t\",\"digest\":\"" WEIGHTS "\"}");
    passed("eval/a", "one", 0);
    passed("eval/a", "two", 0);
    append("eval.scored", "eval/a",
           "{\"task\":\"t\",\"metric\":\"pass_rate_lower\",\"value\":1,\"threshold\":0.5,\"higher_is_better\":true,"
           "\"verdict\":\"pass\"}");
    append("eval.finished", "eval/a", "{\"suite\":\"t\",\"digest\":\"" WEIGHTS "\",\"verdict\":\"pass\"}");
    append("eval.baseline_set", "suite/t", "{\"suite\":\"t\",\"baseline\":\"other\",\"eval\":\"a\"}");
    must(score_baselines_open(s.ledger, &suite, &found, &why));
    assert_int_equal(found.n, 0);
    score_baselines_close(&found);
    append("eval.baseline_set", "suite/t", "{\"suite\":\"t\",\"baseline\":\"release\",\"eval\":\"a\"}");
    must(score_baselines_open(s.ledger, &suite, &found, &why));
    assert_int_equal(found.n, 1);
    assert_true(bytes_is(found.all[0].name, "release") && found.all[0].n == 2 && strcmp(found.evals[0], "a") == 0);
    score_baselines_close(&found);
    append("eval.invalidated", "eval/a", "{\"reason\":\"contaminated\"}");
    must(score_baselines_open(s.ledger, &suite, &found, &why));
    assert_int_equal(found.n, 0);
    score_baselines_close(&found);
}

/* ---- against a walk over every event ---- */

static uint64_t seed;

static uint64_t below(uint64_t n) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (seed >> 11) % n;
}

#define HISTORY_MAX 400
struct told { /* what the walk remembers of an event */
    uint64_t seq;
    bool start, sample, gone;
    char id[8];
    uint64_t repeat;
    bool known, passed;
};

static void the_answer_is_that_of_a_walk_over_every_event(void **state) {
    (void)state;
    const char *given = getenv("LEDGER_TEST_SEED");
    seed = given != NULL ? strtoull(given, NULL, 0) : (uint64_t)time(NULL) * 2654435761U + (uint64_t)getpid();
    printf("LEDGER_TEST_SEED=%llu\n", (unsigned long long)seed);
    fflush(stdout);
    seed |= 1;
    struct told all[HISTORY_MAX];
    size_t n = 0;
    for (size_t round = 0; round < 300; round++) {
        struct told *t = &all[n];
        *t = (struct told){.repeat = below(2)};
        snprintf(t->id, sizeof(t->id), "c%llu", (unsigned long long)below(8));
        uint64_t what = below(40), victim = n > 0 ? below(n) : 0;
        if (what == 0) {
            t->start = true;
            t->seq = append("eval.started", "eval/a", "{}");
            n++;
        } else if (what < 20) {
            t->sample = t->known = t->passed = true;
            t->seq = passed("eval/a", t->id, (unsigned)t->repeat);
            n++;
        } else if (what < 32) {
            char json[200];
            t->sample = true;
            t->known = below(2) == 0;
            snprintf(json, sizeof(json), "{\"task\":\"t\",\"sample\":\"%s\",\"repeat\":%u,\"failure\":\"%s\"}", t->id,
                     (unsigned)t->repeat, t->known ? "assertion" : "unknown");
            t->seq = append("eval.sample_failed", "eval/a", json);
            n++;
        } else if (what < 35) {
            passed("eval/b", t->id, 0);
        } else if (n > 0 && !all[victim].gone) {
            bool erased = all[victim].sample && below(2) == 0;
            (erased ? erase : correct)(all[victim].seq);
            all[victim].gone = true;
        }
    }
    if (below(2) == 0) must(query_index_build(s.ledger, NULL, &why));
    const struct told *wanted[8][2] = {{NULL}};
    size_t count = 0, first = 0;
    for (size_t i = 0; i < n; i++) {
        if (all[i].start && !all[i].gone) first = i;
    }
    for (size_t i = first; i < n; i++) {
        if (!all[i].sample || all[i].gone) continue;
        const struct told **at = &wanted[all[i].id[1] - '0'][all[i].repeat];
        count += *at == NULL;
        if (*at == NULL || (!(*at)->known && all[i].known)) *at = &all[i];
    }
    for (int proven = 0; proven < 2; proven++) {
        samples_done(&got);
        must(samples_read(s.ledger, bytes_of("a"), proven == 1, &got, &why));
        assert_int_equal(got.n, count);
        for (size_t i = 0; i < got.n; i++) {
            const struct sample *one = &got.all[i];
            const struct told *want = wanted[one->id.p[1] - '0'][one->repeat];
            assert_true(want != NULL && one->seq == want->seq);
            assert_int_equal(one->outcome, want->passed ? SAMPLE_PASSED : want->known ? SAMPLE_MISSED : SAMPLE_ERRED);
            if (i > 0) assert_true(sample_order(&got.all[i - 1], one) < 0);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_sample_has_what_its_event_says, start, finish),
        cmocka_unit_test_setup_teardown(who_began_says_what_came_of_it, start, finish),
        cmocka_unit_test_setup_teardown(only_the_newest_run_is_read, start, finish),
        cmocka_unit_test_setup_teardown(what_was_taken_back_does_not_count, start, finish),
        cmocka_unit_test_setup_teardown(a_case_counts_by_its_first_known_outcome, start, finish),
        cmocka_unit_test_setup_teardown(samples_of_other_programs_are_read_too, start, finish),
        cmocka_unit_test_setup_teardown(thresholds_find_the_baseline_of_their_name_while_it_counts, start, finish),
        cmocka_unit_test_setup_teardown(the_answer_is_that_of_a_walk_over_every_event, start, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
