/* A complete verification: its report, what it reads when only the newest part is requested, that it may run beside
 * appends, authors, and that it checks every byte of every record. */
#include "tests/ledger/judge.h"

#include "base/clock.h"
#include "base/crypt.h"
#include "ledger/write/commit.h"

/* Time faults and forgers: an invalid author signature, a ledger that does not check for duplicates. */
static _Atomic uint64_t tick, passed; /* the boot clock advances by `tick` with each reading, by any thread */
static bool forge_authors, forget_duplicates;

uint64_t __real_clock_boot_ns(void);
uint64_t __wrap_clock_boot_ns(void);
void __real_crypt_sign(uint8_t ret[CRYPT_SIGNATURE_LEN], struct bytes message, const uint8_t secret[CRYPT_SECRET_LEN]);
void __wrap_crypt_sign(uint8_t ret[CRYPT_SIGNATURE_LEN], struct bytes message, const uint8_t secret[CRYPT_SECRET_LEN]);
int __real_commit_find_duplicate(struct commit *c, const struct log_batch *batch, const struct batch_entry *e,
                                 uint64_t *ret_seq, uint8_t ret_leaf[EVENT_HASH], struct err *err);
int __wrap_commit_find_duplicate(struct commit *c, const struct log_batch *batch, const struct batch_entry *e,
                                 uint64_t *ret_seq, uint8_t ret_leaf[EVENT_HASH], struct err *err);

uint64_t __wrap_clock_boot_ns(void) {
    passed += tick;
    return __real_clock_boot_ns() + passed;
}

void __wrap_crypt_sign(uint8_t ret[CRYPT_SIGNATURE_LEN], struct bytes message, const uint8_t secret[CRYPT_SECRET_LEN]) {
    __real_crypt_sign(ret, message, secret);
    if (forge_authors && bytes_has_prefix(message, "ledger/author/v1")) {
        ret[5] ^= 1;
    }
}

int __wrap_commit_find_duplicate(struct commit *c, const struct log_batch *batch, const struct batch_entry *e,
                                 uint64_t *ret_seq, uint8_t ret_leaf[EVENT_HASH], struct err *err) {
    return forget_duplicates ? 1 : __real_commit_find_duplicate(c, batch, e, ret_seq, ret_leaf, err);
}

static int start_full(void **state) {
    tick = 0;
    forge_authors = forget_duplicates = false;
    int rc = start(state);
    fill_all();
    return rc;
}

/* ---- the report ---- */

static void a_good_ledger_is_reported_part_by_part(void **state) {
    (void)state;
    nothing_found();
    assert_string_equal(report.origin, SCRATCH_ORIGIN);
    assert_int_equal(report.head.size, FULL_SIZE);
    assert_int_equal(report.from, 0);
    aspect_is(LOG_INTEGRITY, LOG_ASPECT_GOOD, "310 events, 1 bundle, 1 artifact");
    aspect_is(LOG_SEALS, LOG_ASPECT_GOOD, "2 epoch keys, 1 handover; newest checkpoint at size 310");
    aspect_is(LOG_ANCHORING, LOG_ASPECT_NOTE, "not anchored");
    aspect_is(LOG_COMPLETENESS, LOG_ASPECT_NOTE, "");
    aspect_is(LOG_AUTHORS, LOG_ASPECT_GOOD, "no event is signed by an author");
    aspect_is(LOG_ERASURES, LOG_ASPECT_GOOD, "none");
    aspect_is(LOG_GAPS, LOG_ASPECT_GOOD, "none recorded");
    aspect_is(LOG_DERIVED, LOG_ASPECT_UNCHECKED, "not checked");
}

static void findings_stand_in_the_order_of_their_events_and_are_bounded(void **state) {
    (void)state;
    for (uint64_t i = 0; i < 100; i++) {
        record_put(T_PAYLOAD, key_u64(1000 + i), bytes_of("x"));
    }
    record_del(T_TAIL, key_u64(290));
    judge(NULL);
    verdict_is(LOG_INVALID);
    assert_true(report.n_findings > 100);
    assert_int_equal(report.findings[0].seq, 290);
    for (size_t i = 1; i < LOG_FINDINGS_MAX; i++) {
        assert_true(report.findings[i - 1].seq <= report.findings[i].seq);
    }
}

static void a_contradiction_does_not_hide_a_fault(void **state) {
    struct log_trust *trust = log_trust_new();
    (void)state;
    must(log_trust_genesis(trust, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", &why));
    judge(trust);
    verdict_is(LOG_CONTRADICTS);
    record_del(T_TAIL, key_u64(290));
    judge(trust);
    found(LOG_INTEGRITY, 290, "tail", "is missing");
    log_trust_free(trust);
}

/* ---- every byte ---- */

static struct buf untouched; /* what a reader sees of the ledger as it was created */

/* A compressed frame has bits that do not affect its content. */
static bool looks_the_same(enum core_table table) {
    struct buf now;
    buf_init(&now, SIZE_MAX);
    must(scratch_dump(s.ledger, &now, &why));
    bool same = bytes_eq(bytes_of_buf(&now), bytes_of_buf(&untouched));
    buf_done(&now);
    return same && (table == T_BUNDLE || table == T_PAYLOAD || table == T_PRIVATE);
}

/* Any byte of the first, second and last records of each table, by strides: some finding. */
static void there_is_no_byte_of_a_record_that_is_not_looked_at(void **state) {
    (void)state;
    buf_init(&untouched, SIZE_MAX);
    must(scratch_dump(s.ledger, &untouched, &why));
    for (unsigned table = 0; table < CORE_TABLES; table++) {
        struct buf all;
        buf_init(&all, SIZE_MAX);
        must(scratch_dump_records(s.ledger, (enum core_table)table, &all, &why));
        size_t n = 0;
        for (size_t at = 0; at < all.n; n++) {
            struct bytes key = {all.p + at + 4, be32_get(all.p + at)};
            at += 4 + key.n;
            size_t value = at + 4, len = be32_get(all.p + at);
            at = value + len;
            /* why a checkpoint is kept matters only to pruning: its first byte is judged in test_verify_seals.c */
            size_t first = table == T_CHECKPOINT ? 1 : 0;
            for (size_t i = first; (n < 2 || at == all.n) && i<len; i += len> 3000 ? 211 : 23) {
                all.p[value + i] ^= 0x04;
                record_put((enum core_table)table, key, (struct bytes){all.p + value, len});
                judge(NULL);
                if (report.verdict != LOG_INVALID && !looks_the_same((enum core_table)table)) {
                    fail_msg("byte %zu of record %zu of table %s", i, n, core_table_names[table]);
                }
                all.p[value + i] ^= 0x04;
            }
            record_put((enum core_table)table, key, (struct bytes){all.p + value, len});
        }
        assert_true(n > 0);
        buf_done(&all);
    }
    buf_done(&untouched);
    nothing_found();
}

/* ---- since the last verification ---- */

/* The trust of somebody who has seen this head. */
static struct log_trust *who_knows(uint64_t size, const uint8_t root[LOG_HASH]) {
    struct log_trust *trust = log_trust_new();
    struct buf line;
    buf_init(&line, 4096);
    buf_printf(&line, "head %s %llu ", SCRATCH_ORIGIN, (unsigned long long)size);
    must(text_base64(&line, root, LOG_HASH));
    buf_put_u8(&line, '\n');
    scratch_write(scratch_at(&s, "trust"), bytes_of_buf(&line));
    must(log_trust_file(trust, scratch_at(&s, "trust"), &why));
    buf_done(&line);
    return trust;
}

static void since(const struct log_trust *trust) {
    struct log_verify_options o = {.trust = trust, .since_verified = true};
    must(log_verify(s.ledger, &o, &report, &why));
}

static void only_what_came_after_the_known_head_is_read_when_asked(void **state) {
    struct log_head head;
    (void)state;
    scratch_fill(&s, 1000, 1700, true);
    must(log_head(s.ledger, &head, &why));
    struct log_trust *trust = who_knows(head.size, head.root);
    must(log_key_rotate(s.ledger, "user:test", "a test", NULL, &why));
    scratch_fill(&s, 1700, 2300, true);
    since(trust);
    verdict_is(LOG_GOOD);
    assert_int_equal(report.n_findings, 0);
    assert_int_equal(report.from, 512);
    aspect_is(LOG_INTEGRITY, LOG_ASPECT_GOOD, "the 512 before were verified earlier and not read again");
    record_flip(T_BUNDLE, key_u64(1), 70); /* before it: not read, as the report says */
    since(trust);
    verdict_is(LOG_GOOD);
    record_flip(T_BUNDLE, key_u64(1), 70);
    record_flip(T_BUNDLE, key_u64(4), 70);
    since(trust);
    found(LOG_INTEGRITY, 4 * 256 + 1, "bundle", "is not what was written");
    record_flip(T_BUNDLE, key_u64(4), 70);
    record_del(T_EPOCH, key_u64(2));
    since(trust);
    verdict_is(LOG_INVALID);
    log_trust_free(trust);
}

static void a_known_head_of_another_history_makes_it_read_all(void **state) {
    uint8_t other[LOG_HASH] = {7};
    struct log_trust *trust = who_knows(600, other), *none = log_trust_new();
    (void)state;
    scratch_fill(&s, 1000, 1700, true);
    since(trust);
    verdict_is(LOG_CONTRADICTS);
    assert_int_equal(report.from, 0);
    record_flip(T_BUNDLE, key_u64(0), 70);
    since(trust);
    found(LOG_INTEGRITY, 1, "bundle", "is not what was written");
    record_flip(T_BUNDLE, key_u64(0), 70);
    since(none);
    verdict_is(LOG_NOT_ANCHORED);
    assert_int_equal(report.from, 0);
    log_trust_free(trust);
    log_trust_free(none);
}

/* ---- beside appends ---- */

static void append_meanwhile(void *ctx, uint64_t done, uint64_t total) {
    unsigned *calls = ctx;
    assert_true(done <= total);
    (*calls)++;
    uint64_t n = scratch_size(&s);
    scratch_fill(&s, n + 100000, n + 100700, true);
    must(log_key_rotate(s.ledger, "user:test", "meanwhile", NULL, &why));
    scratch_fill(&s, n + 100700, n + 100705, true);
}

static void a_verification_beside_appends_and_rotations_finds_no_fault(void **state) {
    unsigned calls = 0;
    struct log_verify_options o = {.progress = append_meanwhile, .progress_ctx = &calls};
    (void)state;
    scratch_fill(&s, 1000, 20000, true);
    uint64_t size = scratch_size(&s);
    tick = 2 * CLOCK_NS_PER_S; /* with every reading of the clock the snapshot is renewed */
    must(log_verify(s.ledger, &o, &report, &why));
    tick = 0;
    assert_true(calls >= 2 && scratch_size(&s) > size);
    assert_int_equal(report.head.size, size);
    verdict_is(LOG_NOT_ANCHORED);
    assert_int_equal(report.n_findings, 0);
}

/* ---- authors ---- */

static struct log_trust *sign_twice(void) {
    struct log_trust *trust = log_trust_new();
    struct log_author *author;
    struct log_draft draft = scratch_draft("run.step", "run/1", bytes_of(NULL));
    struct buf vkey;
    buf_init(&vkey, 4096);
    must(log_author_new(scratch_at(&s, "alice"), "alice.example", bytes_of(""), &vkey, &why));
    must(log_author_load(scratch_at(&s, "alice"), bytes_of(""), &author, &why));
    scratch_write(scratch_at(&s, "authors"), bytes_of_buf(&vkey));
    must(log_trust_authors(trust, scratch_at(&s, "authors"), &why));
    draft.author = author;
    draft.key = bytes_of("0123456789abcdef0123456789abcdef");
    must(log_append(s.ledger, &draft, NULL, NULL, &why));
    draft.source = bytes_of("elsewhere");
    draft.key = bytes_of(forget_duplicates ? "0123456789abcdef0123456789abcdef" : "00000000000000000000000000000000");
    must(log_append(s.ledger, &draft, NULL, NULL, &why));
    log_author_free(author);
    buf_done(&vkey);
    return trust;
}

static void an_authors_good_signatures_are_counted(void **state) {
    struct log_trust *trust = sign_twice();
    (void)state;
    judge(trust);
    verdict_is(LOG_NOT_ANCHORED);
    aspect_is(LOG_AUTHORS, LOG_ASPECT_GOOD, "2 signed: 2 by authors you named, 0 by others");
    judge(NULL);
    aspect_is(LOG_AUTHORS, LOG_ASPECT_NOTE, "2 signed: 0 by authors you named, 2 by others");
    log_trust_free(trust);
}

static void an_authors_bad_signature_is_found(void **state) {
    (void)state;
    forge_authors = true;
    struct log_trust *trust = sign_twice();
    judge(trust);
    found(LOG_AUTHORS, FULL_SIZE, "tail", "the signature of its author 'alice.example' is bad");
    log_trust_free(trust);
}

static void a_signed_event_that_was_played_again_is_found(void **state) {
    (void)state;
    forget_duplicates = true;
    struct log_trust *trust = sign_twice();
    judge(trust);
    found_only(LOG_AUTHORS, FULL_SIZE + 1, "tail", "its author's key was used before, by event 310");
    log_trust_free(trust);
}

#define each(test) cmocka_unit_test_setup_teardown(test, start_full, finish)

int main(void) {
    const struct CMUnitTest tests[] = {
        each(a_good_ledger_is_reported_part_by_part),
        each(findings_stand_in_the_order_of_their_events_and_are_bounded),
        each(a_contradiction_does_not_hide_a_fault),
        each(there_is_no_byte_of_a_record_that_is_not_looked_at),
        each(only_what_came_after_the_known_head_is_read_when_asked),
        each(a_known_head_of_another_history_makes_it_read_all),
        each(a_verification_beside_appends_and_rotations_finds_no_fault),
        each(an_authors_good_signatures_are_counted),
        each(an_authors_bad_signature_is_found),
        each(a_signed_event_that_was_played_again_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
