/* Verification of events and the report's own rules: authors, what is read after a known head, the order and number of
 * findings, an empty ledger. */
#include "tests/ledger/judge.h"

#include "ledger/core/author.h"
#include "ledger/trust/trust.h"
#include "ledger/write/batch.h"

static struct log_trust *trust;

static int start_trusting(void **state) {
    start(state);
    trust = log_trust_new();
    assert_non_null(trust);
    return 0;
}

static int finish_trusting(void **state) {
    log_trust_free(trust);
    return finish(state);
}

/* ---- authors ---- */

/* A new author; the verifier key is appended to the file "authors". */
static struct log_author *author_new(const char *name, bool named) {
    struct log_author *author;
    struct buf vkeys;
    char file[64];
    snprintf(file, sizeof(file), "%s.key", name);
    buf_init(&vkeys, 4096);
    if (named && file_exists(scratch_at(&s, "authors"))) {
        scratch_read(scratch_at(&s, "authors"), &vkeys);
    }
    must(log_author_new(scratch_at(&s, file), name, (struct bytes){NULL, 0}, &vkeys, &why));
    buf_put_u8(&vkeys, '\n');
    if (named) {
        scratch_write(scratch_at(&s, "authors"), bytes_of_buf(&vkeys));
    }
    must(log_author_load(scratch_at(&s, file), (struct bytes){NULL, 0}, &author, &why));
    buf_done(&vkeys);
    return author;
}

enum fault { NONE, FORGED, REPEATED };

/* A signed event; FORGED: a byte of its signature is wrong; REPEATED: the key was used before, by another source. */
static uint64_t append_signed(const struct log_author *author, const char *key, enum fault fault) {
    struct log_batch *batch;
    struct log_receipt receipt;
    struct buf body = {0};
    struct log_draft draft = scratch_draft("run.step", "run/1", scratch_map(&body, "{\"step\":\"signed\"}"));
    draft.author = author;
    draft.key = bytes_of(key);
    draft.source = bytes_of(fault == REPEATED ? "elsewhere" : "test");
    must(log_batch_new(s.ledger, &batch, &why));
    must(log_batch_add(batch, &draft, &why));
    if (fault == FORGED) { /* the signature is the payload's end */
        batch->arena.p[batch->entry[0].payload.at + batch->entry[0].payload.n - 1] ^= 1;
    } else if (fault == REPEATED) { /* otherwise the commit would refuse it */
        batch->entry[0].author_hash = 0;
    }
    must(log_batch_commit(batch, &receipt, NULL, NULL, &why));
    log_batch_free(batch);
    buf_done(&body);
    return receipt.seq;
}

static void signatures_of_named_authors_are_checked_and_others_counted(void **state) {
    struct log_author *alice = author_new("alice@example.org", true), *bob = author_new("bob@example.org", false);
    (void)state;
    append_signed(alice, NULL, NONE);
    append_signed(alice, NULL, NONE);
    judge(trust);
    aspect_is(LOG_AUTHORS, LOG_ASPECT_NOTE, "2 signed: 0 by authors you named, 2 by others (not checked)");
    must(log_trust_authors(trust, scratch_at(&s, "authors"), &why));
    judge(trust);
    verdict_is(LOG_NOT_ANCHORED); /* an author vouches for his own events, not for the ledger */
    aspect_is(LOG_AUTHORS, LOG_ASPECT_GOOD, "2 signed: 2 by authors you named, 0 by others");
    append_signed(bob, NULL, NONE);
    judge(trust);
    aspect_is(LOG_AUTHORS, LOG_ASPECT_NOTE, "3 signed: 2 by authors you named, 1 by others (not checked)");
    log_author_free(alice);
    log_author_free(bob);
}

static void a_forged_signature_is_found_by_who_knows_the_author(void **state) {
    struct log_author *alice = author_new("alice@example.org", true);
    (void)state;
    append_signed(alice, NULL, NONE);
    uint64_t seq = append_signed(alice, NULL, FORGED);
    judge(trust);
    verdict_is(LOG_NOT_ANCHORED);
    must(log_trust_authors(trust, scratch_at(&s, "authors"), &why));
    judge(trust);
    found_only(LOG_AUTHORS, seq, "tail", "the signature of its author 'alice@example.org' is bad");
    aspect_is(LOG_AUTHORS, LOG_ASPECT_FAULT, "1 fault");
    scratch_fill(&s, 3, 300, false);
    judge(trust);
    found_only(LOG_AUTHORS, seq, "bundle", "the signature of its author 'alice@example.org' is bad");
    log_author_free(alice);
}

#define KEY "0123456789abcdef0123456789abcdef"

static void a_signed_event_that_stands_twice_is_found_each_time(void **state) {
    struct log_author *alice = author_new("alice@example.org", true), *bob = author_new("bob@example.org", true);
    (void)state;
    append_signed(alice, KEY, NONE);
    append_signed(bob, KEY "-of-bob", NONE);
    judge(NULL);
    assert_int_equal(report.n_findings, 0);
    append_signed(alice, KEY, REPEATED);
    judge(NULL);
    found_only(LOG_AUTHORS, 3, "tail", "its author's key was used before, by event 1");
    log_author_free(alice);
    log_author_free(bob);
}

static void an_authors_file_is_read_with_care(void **state) {
    (void)state;
    scratch_write(scratch_at(&s, "authors"), bytes_of("# nobody yet\n\n"));
    must(log_trust_authors(trust, scratch_at(&s, "authors"), &why));
    assert_int_equal(trust->n_authors, 0);
    scratch_write(scratch_at(&s, "authors"), bytes_of("# people\nno key"));
    must_fail(log_trust_authors(trust, scratch_at(&s, "authors"), &why), ERR_INVALID, "authors': line 2");
    must_fail(log_trust_authors(trust, scratch_at(&s, "absent"), &why), ERR_NOTFOUND, "absent");
}

/* ---- limits ---- */

/* An event whose private fields have this many bytes as a map, more than a batch accepts. */
static uint64_t append_private(size_t n) {
    static const size_t around = 8; /* map of one, "x", head of a long text */
    struct log_batch *batch;
    struct log_receipt receipt;
    struct buf body = {0};
    struct log_draft draft = scratch_draft("run.step", "run/1", scratch_map(&body, "{\"detail\":\"d\",\"step\":\"work\"}"));
    must(log_batch_new(s.ledger, &batch, &why));
    must(log_batch_add(batch, &draft, &why));
    struct batch_entry *e = &batch->entry[0];
    e->private_.at = batch->arena.n;
    e->private_.n = n;
    buf_put(&batch->arena, (const uint8_t *)"\x81\xa1x\xdb", 4);
    buf_put_be32(&batch->arena, (uint32_t)(n - around));
    memset(buf_room(&batch->arena, n - around), 'x', n - around);
    batch->arena.n += n - around;
    must(event_private_commit(e->private_commit, e->event_salt, batch_bytes(batch, e->private_.at, n), &why));
    must(log_batch_commit(batch, &receipt, NULL, NULL, &why));
    log_batch_free(batch);
    buf_done(&body);
    return receipt.seq;
}

static void private_fields_beyond_their_limit_are_found(void **state) {
    (void)state;
    append_private(EVENT_PRIVATE_MAX);
    judge(NULL);
    assert_int_equal(report.n_findings, 0);
    uint64_t seq = append_private(EVENT_PRIVATE_MAX + 1);
    judge(NULL);
    found_only(LOG_INTEGRITY, seq, "private", "its private fields have 1048577 bytes; at most 1048576 are allowed");
    assert_string_equal(report.findings[0].rule, "F4");
    scratch_fill(&s, 3, 600, false); /* within a group that other threads read */
    judge(NULL);
    found_only(LOG_INTEGRITY, seq, "private", "its private fields have 1048577 bytes; at most 1048576 are allowed");
}

/* ---- only events after a known head ---- */

static void trust_head_now(void) {
    const struct head head = head_now();
    struct buf line;
    uint8_t root[EVENT_HASH];
    merkle_edge_root(&head.edge, root);
    buf_init(&line, 4096);
    buf_printf(&line, "head %s %llu ", log_origin(s.ledger), (unsigned long long)head.size);
    merkle_hash_encode(&line, root);
    scratch_write(scratch_at(&s, "trust"), bytes_of_buf(&line));
    must(log_trust_file(trust, scratch_at(&s, "trust"), &why));
    buf_done(&line);
}

static void judge_since(void) {
    struct log_verify_options o = {.trust = trust, .since_verified = true};
    must(log_verify(s.ledger, &o, &report, &why));
}

static void since_a_known_head_only_the_rest_is_read_and_that_is_said(void **state) {
    (void)state;
    fill_all();
    scratch_fill(&s, FULL_SIZE, 600, false);
    trust_head_now();
    scratch_fill(&s, 600, 900, false);
    judge_since();
    verdict_is(LOG_GOOD);
    assert_int_equal(report.from, 256);
    aspect_is(LOG_INTEGRITY, LOG_ASPECT_GOOD, "events 256..899");
    aspect_is(LOG_INTEGRITY, LOG_ASPECT_GOOD, "the 256 before were verified earlier and not read again");
    aspect_is(LOG_AUTHORS, LOG_ASPECT_GOOD, "no event that was read is signed by an author");
    aspect_is(LOG_GAPS, LOG_ASPECT_GOOD, "none recorded by the events that were read");
    aspect_is(LOG_ANCHORING, LOG_ASPECT_GOOD, "by the trust file (600 events)");
    record_del(T_PRIVATE, key_u64(1)); /* before */
    judge_since();
    verdict_is(LOG_GOOD);
    record_del(T_PRIVATE, key_u64(308)); /* after */
    judge_since();
    found_only(LOG_INTEGRITY, 308, "private", "its private fields are missing");
    judge(trust);
    found(LOG_INTEGRITY, 1, "private", "its private fields are missing");
    assert_int_equal(report.from, 0);
    assert_int_equal(report.n_findings, 2);
}

static void strays_in_what_was_read_before_are_left_alone_and_others_named(void **state) {
    (void)state;
    fill_all();
    scratch_fill(&s, FULL_SIZE, 600, false);
    trust_head_now();
    record_put(T_PAYLOAD, key_u64(100), bytes_of("x"));
    judge_since();
    verdict_is(LOG_GOOD);
    record_put(T_PAYLOAD, key_u64(300), bytes_of("x"));
    judge_since();
    found_only(LOG_INTEGRITY, LOG_NO_SEQ, "payload", "no event accounts for the record with key 000000000000012c");
}

static void without_a_head_that_fits_everything_is_read(void **state) {
    (void)state;
    fill_all();
    record_del(T_PRIVATE, key_u64(1));
    judge_since(); /* none is known */
    found_only(LOG_INTEGRITY, 1, "private", "its private fields are missing");
    trust_head_now(); /* fewer than two groups are not worth it */
    judge_since();
    found_only(LOG_INTEGRITY, 1, "private", "its private fields are missing");
    assert_int_equal(report.from, 0);
}

/* From its beginning, too: with the empty tree. */
static void without_a_record_of_the_first_epoch_everything_is_read(void **state) {
    (void)state;
    fill_all();
    scratch_fill(&s, FULL_SIZE, 600, false);
    trust_head_now();
    record_flip(T_EPOCH, key_u64(0), 0);
    judge_since();
    assert_int_equal(report.from, 0);
    found_only(LOG_INTEGRITY, 0, "epoch", "the record of epoch 0 is not what its event says");
    aspect_is(LOG_SEALS, LOG_ASPECT_GOOD, "2 epoch keys, 1 handover; newest checkpoint at size 600");
}

/* The origin and the epochs of the part that is read are those of its time, not today's. */
static void since_a_head_after_a_restore_older_events_keep_their_origin(void **state) {
    struct log_author *alice = author_new("alice@example.org", true);
    struct ledger *ledger = NULL;
    char key[FILE_PATH_MAX];
    (void)state;
    scratch_fill(&s, 1, 590, false);
    append_signed(alice, NULL, NONE);
    must(log_key_rotate(s.ledger, "user:test", "by hand", NULL, &why));
    must(log_backup(s.ledger, scratch_at(&s, "backup"), &why));
    must(keyring_log_path(s.ledger->config.keys, key, &why));
    const struct log_restore_options o = {.actor = "user:test", .log_key = scratch_at(&s, "log")};
    scratch_copy(key, o.log_key);
    must(log_restore(scratch_at(&s, "backup"), scratch_at(&s, "restored"), &o, &why));
    must(log_open(scratch_at(&s, "restored"), NULL, &ledger, &why));
    scratch_close(&s);
    s.ledger = ledger;
    trust_head_now();
    append_signed(alice, NULL, NONE);
    must(log_key_rotate(s.ledger, "user:test", "by hand", NULL, &why));
    must(log_trust_authors(trust, scratch_at(&s, "authors"), &why));
    judge_since();
    verdict_is(LOG_GOOD);
    assert_int_equal(report.from, 256);
    aspect_is(LOG_AUTHORS, LOG_ASPECT_GOOD, "2 signed: 2 by authors you named");
    judge(trust);
    verdict_is(LOG_GOOD);
    log_author_free(alice);
}

/* A head record's claim does not determine memory use. */
static void since_a_known_head_a_record_with_absurd_epochs_is_a_finding(void **state) {
    (void)state;
    fill_all();
    scratch_fill(&s, FULL_SIZE, 600, false);
    trust_head_now();
    struct head h = head_now();
    h.epoch = INT64_MAX;
    head_put(&h);
    judge_since();
    found(LOG_INTEGRITY, LOG_NO_SEQ, "meta", "the head record names epoch 9223372036854775807");
}

/* ---- findings ---- */

/* 100 private records in the middle are removed; then other kinds of faults are found after them. */
static void findings_are_in_the_order_of_events_and_counted_beyond_the_array(void **state) {
    struct buf body = {0};
    struct log_batch *batch;
    (void)state;
    must(log_batch_new(s.ledger, &batch, &why));
    for (int i = 0; i < 100; i++) {
        struct log_draft draft = scratch_draft("run.step", "run/1", scratch_map(&body, "{\"detail\":\"a\"}"));
        must(log_batch_add(batch, &draft, &why));
    }
    must(log_batch_commit(batch, NULL, NULL, NULL, &why));
    log_batch_free(batch);
    for (uint64_t seq = 1; seq <= 60; seq++) {
        record_del(T_PRIVATE, key_u64(seq));
    }
    record_put(T_META, bytes_of("stray"), bytes_of("x"));
    record_del(T_CHECKPOINT, key_u64(1)); /* its finding is about event 0 and is the last one about events */
    judge(NULL);
    assert_int_equal(report.n_findings, 62);
    assert_int_equal(report.findings[0].seq, 0);
    assert_string_equal(report.findings[0].place, "checkpoint");
    for (size_t i = 1; i <= 60; i++) {
        assert_int_equal(report.findings[i].seq, i);
    }
    assert_true(report.findings[61].seq == LOG_NO_SEQ);
    for (uint64_t seq = 61; seq <= 100; seq++) {
        record_del(T_PRIVATE, key_u64(seq));
    }
    judge(NULL);
    verdict_is(LOG_INVALID);
    assert_int_equal(report.n_findings, 102);
    for (size_t i = 0; i < LOG_FINDINGS_MAX; i++) {
        assert_int_equal(report.findings[i].seq, i);
    }
    aspect_is(LOG_INTEGRITY, LOG_ASPECT_FAULT, "63 or more faults");
    aspect_is(LOG_SEALS, LOG_ASPECT_FAULT, "1 or more faults");
    buf_done(&body);
}

static void a_ledger_of_no_events_is_no_evidence(void **state) {
    struct head empty = {0};
    (void)state;
    head_put(&empty);
    judge(NULL);
    found_only(LOG_INTEGRITY, LOG_NO_SEQ, "meta", "the ledger has no events, so it proves nothing");
    aspect_is(LOG_INTEGRITY, LOG_ASPECT_FAULT, "1 fault");
    for (int i = LOG_SEALS; i < LOG_ASPECTS; i++) {
        bool absent = i == LOG_STATES;
        aspect_is((enum log_aspect)i, absent ? LOG_ASPECT_ABSENT : LOG_ASPECT_UNCHECKED, absent ? "" : "not examined");
    }
    assert_int_equal(report.head.size, 0);
}

/* ---- progress ---- */

static uint64_t last_done, last_total;

static void on_progress(void *ctx, uint64_t done, uint64_t total) {
    (*(unsigned *)ctx)++;
    assert_true(done > last_done && done <= total);
    last_done = done;
    last_total = total;
}

static void progress_goes_up_to_the_whole(void **state) {
    unsigned calls = 0;
    struct log_verify_options o = {.progress = on_progress, .progress_ctx = &calls};
    (void)state;
    last_done = last_total = 0;
    scratch_fill(&s, 1, 17000, false);
    must(log_verify(s.ledger, &o, &report, &why));
    assert_int_equal(calls, 2);
    assert_int_equal(last_done, 17000);
    assert_int_equal(last_total, 17000);
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, start_trusting, finish_trusting)
    const struct CMUnitTest tests[] = {
        T(signatures_of_named_authors_are_checked_and_others_counted),
        T(a_forged_signature_is_found_by_who_knows_the_author),
        T(a_signed_event_that_stands_twice_is_found_each_time),
        T(an_authors_file_is_read_with_care),
        T(private_fields_beyond_their_limit_are_found),
        T(since_a_known_head_only_the_rest_is_read_and_that_is_said),
        T(strays_in_what_was_read_before_are_left_alone_and_others_named),
        T(without_a_head_that_fits_everything_is_read),
        T(without_a_record_of_the_first_epoch_everything_is_read),
        T(since_a_head_after_a_restore_older_events_keep_their_origin),
        T(since_a_known_head_a_record_with_absurd_epochs_is_a_finding),
        T(findings_are_in_the_order_of_events_and_counted_beyond_the_array),
        T(a_ledger_of_no_events_is_no_evidence),
        T(progress_goes_up_to_the_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
