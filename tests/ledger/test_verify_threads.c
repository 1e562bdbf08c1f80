/* A verification on several threads reports what it reports on one: for a good ledger, and for one that was damaged in many
 * ways, down to the order and text of its findings. The damage is drawn by a seeded generator: records are flipped,
 * truncated, swapped, deleted and added, and bundles are forged by somebody who knows the format and repairs every hash
 * inside them. */
#include "tests/ledger/judge.h"

#include <stdatomic.h>

#include "base/clock.h"
#include "ledger/core/author.h"
#include "ledger/trust/trust.h"
#include "ledger/write/batch.h"
#include "tests/ledger/spoil.h"

static _Atomic uint64_t tick, passed; /* the boot clock advances by `tick` with each reading */

uint64_t __real_clock_boot_ns(void);
uint64_t __wrap_clock_boot_ns(void);

uint64_t __wrap_clock_boot_ns(void) {
    passed += tick;
    return __real_clock_boot_ns() + passed;
}

/* Sanitizers make each verification ten times as slow. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define DAMAGES 6
#else
#define DAMAGES 40
#endif

static struct log_trust *trust;

static int start_rich(void **state) {
    tick = 0;
    start(state);
    trust = log_trust_new();
    rich_fill();
    must(log_trust_authors(trust, scratch_at(&s, "authors"), &why));
    return 0;
}

static int finish_rich(void **state) {
    log_trust_free(trust);
    return finish(state);
}

static void report_of(unsigned threads, bool since, struct log_report *ret) {
    const struct log_verify_options o = {.trust = trust, .threads = threads, .since_verified = since};
    memset(ret, 0, sizeof(*ret));
    must(log_verify(s.ledger, &o, ret, &why));
}

/* Verifies on 1, 2, 3 and 7 threads; `report` is what all of them report. */
static void same_on_any_number(bool since, uint64_t seed) {
    static const unsigned threads[] = {2, 3, 7};
    static struct log_report other;
    report_of(1, since, &report);
    for (size_t i = 0; i < sizeof(threads) / sizeof(threads[0]); i++) {
        report_of(threads[i], since, &other);
        if (memcmp(&report, &other, sizeof(report)) == 0) continue;
        for (size_t k = 0; k < LOG_FINDINGS_MAX; k++) {
            const struct log_finding *a = &report.findings[k], *b = &other.findings[k];
            if (memcmp(a, b, sizeof(*a)) != 0) {
                fail_msg("damage %llu: on %u threads finding %zu is %lld, %s: %s; on one it is %lld, %s: %s",
                         (unsigned long long)seed, threads[i], k, (long long)b->seq, b->place, b->reason, (long long)a->seq,
                         a->place, a->reason);
            }
        }
        fail_msg("damage %llu: on %u threads the verdict is %d with %llu findings, on one %d with %llu",
                 (unsigned long long)seed, threads[i], (int)other.verdict, (unsigned long long)other.n_findings,
                 (int)report.verdict, (unsigned long long)report.n_findings);
    }
}

static void a_good_ledger_is_good_on_any_number_of_threads(void **state) {
    (void)state;
    same_on_any_number(false, 0);
    verdict_is(LOG_NOT_ANCHORED);
    assert_int_equal(report.n_findings, 0);
    aspect_is(LOG_AUTHORS, LOG_ASPECT_NOTE, "signed: ");
    aspect_is(LOG_GAPS, LOG_ASPECT_NOTE, "recorded, the first is event ");
    aspect_is(LOG_SEALS, LOG_ASPECT_GOOD, "4 epoch keys, 3 handovers");
}

static void more_threads_than_there_may_be_are_as_many_as_there_may(void **state) {
    static struct log_report other;
    (void)state;
    report_of(1, false, &report);
    report_of(1000, false, &other);
    assert_memory_equal(&report, &other, sizeof(report));
}

/* The known head is of size 5,000. */
static void since_a_known_head_the_rest_is_read_on_any_number_of_threads(void **state) {
    struct core_view view;
    struct merkle_edge edge;
    struct buf line;
    uint8_t root[EVENT_HASH];
    (void)state;
    must(core_view_begin(s.ledger, &view, &why));
    must(merkle_edge_load(&edge, 5000, core_node, &view, &why));
    merkle_edge_root(&edge, root);
    core_view_end(&view);
    buf_init(&line, 4096);
    buf_printf(&line, "head %s %d ", SCRATCH_ORIGIN, 5000);
    merkle_hash_encode(&line, root);
    scratch_write(scratch_at(&s, "trust"), bytes_of_buf(&line));
    must(log_trust_file(trust, scratch_at(&s, "trust"), &why));
    buf_done(&line);
    same_on_any_number(true, 0);
    verdict_is(LOG_GOOD);
    assert_int_equal(report.from, 4608);
    for (uint64_t seed = 1; seed <= DAMAGES / 6; seed++) {
        struct spoiled *spoiled = spoil(seed);
        same_on_any_number(true, seed);
        unspoil(spoiled);
    }
}

static void of_damage_the_same_is_said_on_any_number_of_threads(void **state) {
    uint64_t last = getenv("LEDGER_TEST_FULL") != NULL ? 2000 : DAMAGES, invalid = 0;
    (void)state;
    for (uint64_t seed = 1; seed <= last; seed++) {
        struct spoiled *spoiled = spoil(seed);
        same_on_any_number(false, seed);
        invalid += report.verdict == LOG_INVALID ? 1 : 0;
        unspoil(spoiled);
    }
    assert_true(invalid > last * 3 / 4); /* some changes have no effect, as in the unused bits of a compressed frame */
    same_on_any_number(false, 0);
    assert_int_equal(report.n_findings, 0);
}

/* Each kind of forged content in a group that is read by the worker threads, and what is reported. */
static void a_forged_bundle_is_named_by_what_is_wrong_in_it(void **state) {
    static const struct {
        enum forgery forgery;
        enum log_aspect aspect;
        const char *table, *text;
    } cases[] = {
        {FORGE_KIND, LOG_INTEGRITY, "bundle", "'kind' must be parts of a-z 0-9 _"},
        {FORGE_ACTOR, LOG_INTEGRITY, "bundle", "'actor' has a control character"},
        {FORGE_SUBJECT, LOG_INTEGRITY, "bundle", "'subject' is empty"},
        {FORGE_UTF8, LOG_INTEGRITY, "bundle", "text is not valid UTF-8"},
        {FORGE_GRADE, LOG_INTEGRITY, "bundle", "'grade' must be"},
        {FORGE_SCHEMA, LOG_INTEGRITY, "bundle", "'schema' is outside"},
        {FORGE_CAUSE, LOG_INTEGRITY, "bundle", "its cause is not an earlier event"},
        {FORGE_RUN, LOG_INTEGRITY, "bundle", "'run' has 257 bytes"},
        {FORGE_KEY, LOG_INTEGRITY, "keyrun", "are not those of the events"},
        {FORGE_CREATED, LOG_INTEGRITY, "bundle", "ledger.created is not the first event"},
        {FORGE_ROTATED, LOG_SEALS, "bundle", "its vkey is not the verifier key"},
        {FORGE_PAYLOAD, LOG_INTEGRITY, "bundle", "bytes after the payload"},
        {FORGE_BODY, LOG_INTEGRITY, "bundle", "the payload's body is not a map"},
        {FORGE_ORDER, LOG_INTEGRITY, "bundle", "map keys are not in the order of their bytes"},
        {FORGE_AUTHOR, LOG_INTEGRITY, "bundle", "the payload's author is not"},
        {FORGE_ERASED, LOG_ERASURES, "bundle", "its body is missing"},
        {FORGE_PRIVATE, LOG_INTEGRITY, "private", "its private fields are missing"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint64_t group = 7 + i % 5;
        struct spoiled *spoiled = spoil_begin();
        spoil_forge(spoiled, group, 100, cases[i].forgery);
        same_on_any_number(false, i);
        uint64_t seq = group * EVENT_GROUP + (cases[i].forgery == FORGE_KEY ? 0 : 100);
        found(cases[i].aspect, seq, cases[i].table, cases[i].text);
        if (cases[i].forgery != FORGE_ERASED) { /* which leaves the leaf as it was */
            found(LOG_INTEGRITY, (group + 1) * EVENT_GROUP, "bundle", "its prev is not the leaf of the event before");
            found(LOG_INTEGRITY, (group + 1) * EVENT_GROUP - 1, "tile", "is not the root of events");
        }
        unspoil(spoiled);
    }
}

static void a_time_that_goes_back_between_groups_is_found(void **state) {
    (void)state;
    struct spoiled *spoiled = spoil_begin();
    spoil_forge(spoiled, 9, 0, FORGE_TIME);
    same_on_any_number(false, 0);
    found(LOG_INTEGRITY, 9 * EVENT_GROUP, "bundle", "its time is before the event before");
    unspoil(spoiled);
}

/* ---- large records ---- */

/* Text that does not compress well. */
static struct bytes noise(size_t n) {
    static char text[600000];
    assert_true(n <= sizeof(text));
    for (size_t i = 0; i < n; i++) {
        text[i] = (char)('0' + spoil_random(75));
    }
    return (struct bytes){(const uint8_t *)text, n};
}

/* Whether it is in the group or in its own record. */
static void append_large(const char *field, size_t n, unsigned times) {
    struct log_batch *batch;
    struct buf body;
    buf_init(&body, (size_t)1 << 20);
    must(log_batch_new(s.ledger, &batch, &why));
    for (unsigned i = 0; i < times; i++) {
        buf_clear(&body);
        mp_put_map(&body, 1);
        mp_put_str(&body, bytes_of(field));
        mp_put_str(&body, noise(n));
        struct log_draft draft = scratch_draft("run.step", "run/1", bytes_of_buf(&body));
        must(log_batch_add(batch, &draft, &why));
    }
    must(log_batch_commit(batch, NULL, NULL, NULL, &why));
    log_batch_free(batch);
    buf_done(&body);
}

/* More threads than there are spaces for large groups and records. */
static void what_is_large_is_checked_on_any_number_of_threads(void **state) {
    (void)state;
    uint64_t first = scratch_size(&s);
    for (unsigned round = 0; round < 3; round++) {
        append_large("step", 16000, 700);
        append_large("step", 500000, 5);
        append_large("detail", 500000, 5);
    }
    same_on_any_number(false, 0);
    verdict_is(LOG_NOT_ANCHORED);
    assert_int_equal(report.n_findings, 0);
    record_flip(T_PAYLOAD, key_u64(first + 702), -1);
    record_flip(T_PRIVATE, key_u64(first + 707), -1);
    same_on_any_number(false, 0);
    found(LOG_INTEGRITY, first + 702, "payload", "");
    found(LOG_INTEGRITY, first + 707, "private", "");
    assert_int_equal(report.n_findings, 2);
}

/* ---- beside appends ---- */

static void append_meanwhile(void *ctx, uint64_t done, uint64_t total) {
    unsigned *calls = ctx;
    assert_true(done <= total);
    if ((*calls)++ < 3) {
        uint64_t n = scratch_size(&s);
        scratch_fill(&s, n + 100000, n + 100700, true);
        must(log_key_rotate(s.ledger, "user:test", "meanwhile", NULL, &why));
    }
}

static void threads_beside_appends_and_rotations_find_no_fault(void **state) {
    (void)state;
    for (unsigned threads = 2; threads <= 7; threads += 5) {
        unsigned calls = 0;
        const struct log_verify_options o = {
            .trust = trust, .threads = threads, .progress = append_meanwhile, .progress_ctx = &calls};
        scratch_fill(&s, 200000 * (uint64_t)threads, 200000 * (uint64_t)threads + 17000, true);
        uint64_t size = scratch_size(&s);
        tick = 2 * CLOCK_NS_PER_S; /* with every reading of the clock a snapshot is renewed */
        must(log_verify(s.ledger, &o, &report, &why));
        tick = 0;
        assert_true(calls >= 2 && scratch_size(&s) > size);
        assert_int_equal(report.head.size, size);
        verdict_is(LOG_NOT_ANCHORED);
        assert_int_equal(report.n_findings, 0);
    }
}

#define T(name) cmocka_unit_test_setup_teardown(name, start_rich, finish_rich)

int main(void) {
    const struct CMUnitTest tests[] = {
        T(a_good_ledger_is_good_on_any_number_of_threads),
        T(more_threads_than_there_may_be_are_as_many_as_there_may),
        T(since_a_known_head_the_rest_is_read_on_any_number_of_threads),
        T(of_damage_the_same_is_said_on_any_number_of_threads),
        T(a_forged_bundle_is_named_by_what_is_wrong_in_it),
        T(a_time_that_goes_back_between_groups_is_found),
        T(what_is_large_is_checked_on_any_number_of_threads),
        T(threads_beside_appends_and_rotations_find_no_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
