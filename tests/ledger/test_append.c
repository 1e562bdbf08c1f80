/* Appending: a batch is stored completely or not at all, every condition is judged, and what must be refused is refused
 * with its reason. */
#include <stdatomic.h>

#include "tests/ledger/scratch.h"

#include "base/clock.h"
#include "ledger/event/event.h"

uint64_t __real_clock_wall_ns(void);
uint64_t __wrap_clock_wall_ns(void);

uint64_t __real_clock_boot_ns(void);
uint64_t __wrap_clock_boot_ns(void);

static int64_t wall_shift;      /* the wall clock's offset */
static uint64_t slow;           /* how far both clocks advance with each reading of the boot clock */
static _Atomic uint64_t passed; /* the threads of a verification read it too */

uint64_t __wrap_clock_wall_ns(void) {
    return __real_clock_wall_ns() + (uint64_t)wall_shift + passed;
}

uint64_t __wrap_clock_boot_ns(void) {
    uint64_t now = atomic_fetch_add(&passed, slow) + slow;
    return __real_clock_boot_ns() + now;
}

static struct scratch s;

static int start(void **state) {
    (void)state;
    wall_shift = 0;
    slow = 0;
    scratch_new(&s, 0);
    return 0;
}

static int finish(void **state) {
    (void)state;
    scratch_done(&s);
    return 0;
}

static struct bytes lit(const char *json) {
    static struct buf out[4];
    static unsigned turn;
    turn = (turn + 1) % 4;
    return scratch_map(&out[turn], "%s", json);
}

static struct log_draft step(const char *subject, const char *json) {
    return scratch_draft("run.step", subject, lit(json));
}

/* The event at seq as JSON, with its private fields; static storage. */
static const char *json_at(uint64_t seq) {
    static struct buf out;
    struct log_reader *reader;
    struct log_event event;
    struct buf fields;
    buf_init(&fields, 2 * EVENT_PRIVATE_MAX);
    if (out.max == 0) {
        buf_init(&out, (size_t)8 << 20);
    }
    buf_clear(&out);
    must(log_reader_open(s.ledger, seq, seq + 1, &reader, &why));
    must(log_reader_next(reader, &event, &why));
    must(log_reader_private(reader, &fields, &why));
    must(log_event_json(&event, bytes_of_buf(&fields), false, &out, &why));
    buf_put_u8(&out, 0);
    log_reader_close(reader);
    buf_done(&fields);
    return (const char *)out.p;
}

/* ---- one event ---- */

static void an_event_is_stored_as_it_was_given_with_its_receipt(void **state) {
    struct log_draft draft = step("run/1", "{\"step\":\"fetch\",\"index\":4,\"detail\":\"its own words\"}");
    struct log_receipt receipt;
    struct log_head head, now;
    uint8_t leaf[EVENT_HASH];
    (void)state;
    draft.run = bytes_of("1");
    draft.key = bytes_of("k-1");
    draft.cause_type = LOG_CAUSE_SEQ;
    draft.cause = 0;
    must(log_append(s.ledger, &draft, &receipt, &head, &why));
    assert_int_equal(receipt.seq, 1);
    assert_false(receipt.duplicate);
    assert_int_equal(receipt.masked, 0);
    must(log_head(s.ledger, &now, &why));
    assert_int_equal(now.size, 2);
    assert_memory_equal(&now.root, &head.root, LOG_HASH);
    assert_int_equal(now.time, head.time);
    const char *json = json_at(1);
    char hex[2 * EVENT_HASH + 1];
    memcpy(leaf, receipt.leaf, sizeof(leaf));
    text_hex(hex, leaf, sizeof(leaf));
    assert_non_null(strstr(json, hex));
    assert_non_null(strstr(json, "\"kind\":\"run.step\",\"schema\":1,\"subject\":\"run/1\",\"actor\":\"user:test\","
                                 "\"source\":\"test\",\"grade\":\"measured\",\"run\":\"1\",\"cause\":0,\"key\":\"k-1\""));
    assert_non_null(strstr(json, "\"body\":{\"index\":4,\"step\":\"fetch\"},\"private\":{\"detail\":\"its own words\"}"));
    scratch_verify_good(s.ledger);
}

static void what_a_caller_may_not_write_is_refused(void **state) {
    static const struct {
        const char *kind, *subject, *actor, *grade, *run;
        int code;
        const char *message;
    } cases[] = {
        {"ledger.created", "x", "a", "measured", "", ERR_INVALID, "'ledger.created' is written only by the ledger itself"},
        {"ledger.key_rotated", "x", "a", "measured", "", ERR_INVALID, "is written only by the ledger itself"},
        {"ledger.restored", "x", "a", "measured", "", ERR_INVALID, "is written only by the ledger itself"},
        {"ledger.erased", "x", "a", "measured", "", ERR_INVALID, "is written only by the ledger itself"},
        {"ledger.nothing", "x", "a", "measured", "", ERR_INVALID, "is written only by the ledger itself"},
        {"run.stepp", "x", "a", "measured", "", ERR_NOTFOUND, "did you mean 'run.step'?"},
        {"x.acme", "x", "a", "measured", "", ERR_INVALID, "not a custom kind"},
        {"run.step", "", "a", "measured", "", ERR_INVALID, "'subject' is empty"},
        {"run.step", "x", "", "measured", "", ERR_INVALID, "'actor' is empty"},
        {"run.step", "x\ny", "a", "measured", "", ERR_INVALID, "'subject' has a control character"},
        {"run.step", "x", "a", "certain", "", ERR_INVALID, "'grade' must be measured, reported, declared or inferred"},
        {"run.step", "x", "a\xff", "measured", "", ERR_INVALID, "'actor' is not valid UTF-8 at byte 1"},
        {"run.step", "x", "a", "measured", "ghp_0123456789abcdefghijABCDEFGHIJ012345", ERR_INVALID, "'run' holds a secret"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct log_draft draft = step(cases[i].subject, "{}");
        draft.kind = bytes_of(cases[i].kind);
        draft.actor = bytes_of(cases[i].actor);
        draft.grade = bytes_of(cases[i].grade);
        draft.run = bytes_of(cases[i].run);
        must_fail(log_append(s.ledger, &draft, NULL, NULL, &why), cases[i].code, cases[i].message);
    }
    assert_int_equal(scratch_size(&s), 1);
}

static void strings_and_bodies_have_limits(void **state) {
    static char text[1 << 21];
    struct buf body;
    struct log_draft draft = step("run/1", "{}");
    (void)state;
    memset(text, 'a', sizeof(text));
    memcpy(text, "run/", 4);
    draft.subject = (struct bytes){(const uint8_t *)text, 513};
    must_fail(log_append(s.ledger, &draft, NULL, NULL, &why), ERR_LIMIT, "'subject' has 513 bytes, at most 512");
    draft.subject.n = 512;
    draft.key = (struct bytes){(const uint8_t *)text, 257};
    must_fail(log_append(s.ledger, &draft, NULL, NULL, &why), ERR_LIMIT, "'key' has 257 bytes, at most 256");
    draft.key = draft.run = draft.actor = draft.source = (struct bytes){(const uint8_t *)text, 256};
    must_fail(log_append(s.ledger, &draft, NULL, NULL, &why), ERR_INVALID, "the subject is 'run/aaa");
    draft.run.n = 0;
    must(log_append(s.ledger, &draft, NULL, NULL, &why));
    buf_init(&body, 4 << 20);
    for (int private_ = 0; private_ < 2; private_++) {
        const char *field = private_ ? "detail" : "step";
        size_t head = 1 + 1 + strlen(field) + 5;
        for (size_t over = 0; over < 2; over++) {
            draft = step("run/1", "{}");
            buf_clear(&body);
            mp_put_map(&body, 1);
            mp_put_str(&body, bytes_of(field));
            mp_put_str(&body, (struct bytes){(const uint8_t *)text, EVENT_BODY_MAX - head + over});
            assert_int_equal(body.n, EVENT_BODY_MAX + over);
            draft.body = bytes_of_buf(&body);
            if (over == 0) {
                must(log_append(s.ledger, &draft, NULL, NULL, &why));
            } else {
                must_fail(log_append(s.ledger, &draft, NULL, NULL, &why), ERR_LIMIT, "at most 1048576 are accepted");
            }
        }
    }
    buf_done(&body);
    scratch_verify_good(s.ledger);
}

static void a_body_that_is_not_canonical_is_refused(void **state) {
    static const struct {
        const char *bytes;
        size_t n;
    } bodies[] = {{"\xc0", 1},
                  {"\x81\xa1"
                   "a",
                   3},
                  {"\x82\xa1"
                   "b\x01\xa1"
                   "a\x01",
                   7},
                  {"\x81\xa1"
                   "a\xcc\x01",
                   5},
                  {"\x80\x80", 2}};
    (void)state;
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        struct log_draft draft = step("run/1", "{}");
        draft.body = (struct bytes){(const uint8_t *)bodies[i].bytes, bodies[i].n};
        int rc = log_append(s.ledger, &draft, NULL, NULL, &why);
        assert_true(rc == ERR_INVALID || rc == ERR_CORRUPT);
    }
    assert_int_equal(scratch_size(&s), 1);
}

static void payloads_over_16_kib_have_records_of_their_own(void **state) {
    static char text[100000];
    struct buf body;
    uint64_t events = 0;
    (void)state;
    memset(text, 'x', sizeof(text));
    buf_init(&body, 1 << 20);
    for (size_t n = 16384 - 20; n < sizeof(text); n += n < 16400 ? 1 : 9973) {
        struct log_draft draft;
        buf_clear(&body);
        mp_put_map(&body, 1);
        mp_put_str(&body, bytes_of("step"));
        mp_put_str(&body, (struct bytes){(const uint8_t *)text, n});
        draft = scratch_draft("run.step", "run/1", bytes_of_buf(&body));
        must(log_append(s.ledger, &draft, NULL, NULL, &why));
        events++;
    }
    struct db_txn *txn;
    uint64_t external;
    must(db_begin(s.ledger->evidence, false, &txn, &why));
    must(db_count(txn, T_PAYLOAD, &external, &why));
    db_abort(txn);
    assert_true(external > 0 && external < events);
    scratch_fill(&s, 0, 600, false); /* sealed groups hold them too */
    scratch_reopen(&s);
    struct log_reader *reader;
    struct log_event event;
    uint64_t n = 0;
    must(log_reader_open(s.ledger, 1, events + 1, &reader, &why));
    while (log_reader_next(reader, &event, &why) == 0) {
        assert_true(event.body.n > 16300);
        n++;
    }
    assert_int_equal(n, events);
    log_reader_close(reader);
    scratch_verify_good(s.ledger);
    buf_done(&body);
}

/* ---- batches ---- */

static void a_batch_with_one_bad_draft_names_it_and_stores_nothing(void **state) {
    struct log_batch *batch;
    struct log_draft draft;
    struct log_receipt receipts[4];
    size_t at = 77;
    (void)state;
    scratch_append(&s, 1, NULL); /* run/r-1 is seq 1 */
    must(log_batch_new(s.ledger, &batch, &why));
    must(scratch_add(batch, 2, 4, true, &why));
    draft = step("run/r-1", "{}");
    draft.none_after = 0; /* there is seq 1 */
    must(log_batch_add(batch, &draft, &why));
    must(scratch_add(batch, 4, 5, true, &why));
    must(log_batch_set_cursor(batch, "c", bytes_of("1"), &why));
    must_fail(log_batch_commit(batch, receipts, NULL, &at, &why), ERR_CONFLICT,
              "event 2 of the batch: the condition does not hold: 'run/r-1' has event 1 (run.step) after 0");
    assert_int_equal(at, 2);
    assert_int_equal(scratch_size(&s), 2);
    assert_int_equal(log_batch_count(batch), 4);
    struct buf cursor;
    buf_init(&cursor, 100);
    must_fail(log_cursor_get(s.ledger, "c", &cursor, &why), ERR_NOTFOUND, "there is no cursor 'c'");
    log_batch_clear(batch);
    draft = step("run/r-1", "{}");
    draft.cause_type = LOG_CAUSE_SEQ;
    draft.cause = 9;
    must(scratch_add(batch, 2, 3, true, &why));
    must(log_batch_add(batch, &draft, &why));
    must_fail(log_batch_commit(batch, receipts, NULL, &at, &why), ERR_INVALID,
              "event 1 of the batch: 'cause' is 9, but the event becomes 3: it must be an earlier one");
    assert_int_equal(at, 1);
    assert_int_equal(scratch_size(&s), 2);
    log_batch_free(batch);
    assert_int_equal(scratch_append(&s, 2, "key-2").duplicate, false); /* nothing of it was kept */
    buf_done(&cursor);
    scratch_verify_good(s.ledger);
}

static void a_refused_draft_leaves_the_batch_as_it_was(void **state) {
    struct log_batch *batch;
    struct log_draft bad = step("run/1", "{\"index\":\"no number\"}"), good = step("run/1", "{}");
    (void)state;
    must(log_batch_new(s.ledger, &batch, &why));
    must(log_batch_add(batch, &good, &why));
    must_fail(log_batch_add(batch, &bad, &why), ERR_INVALID, "index");
    bad = good;
    bad.cause_type = LOG_CAUSE_BATCH;
    bad.cause = 1;
    must_fail(log_batch_add(batch, &bad, &why), ERR_INVALID, "'cause' must be an earlier event of the batch");
    must(log_batch_add(batch, &good, &why));
    assert_int_equal(log_batch_count(batch), 2);
    struct log_receipt receipts[2];
    must(log_batch_commit(batch, receipts, NULL, NULL, &why));
    assert_int_equal(receipts[1].seq, 2);
    assert_int_equal(log_batch_count(batch), 0);
    log_batch_free(batch);
}

static void causes_within_a_batch_become_seqs(void **state) {
    struct log_batch *batch;
    struct log_receipt receipts[300];
    (void)state;
    scratch_append(&s, 0, "key-100"); /* the first of the batch's causes will be a duplicate */
    must(log_batch_new(s.ledger, &batch, &why));
    for (uint64_t i = 0; i < 300; i++) {
        struct log_draft draft = step("run/1", "{}");
        draft.key = bytes_of(i == 0 ? "key-100" : NULL);
        draft.cause_type = i == 0 ? LOG_CAUSE_NONE : LOG_CAUSE_BATCH;
        draft.cause = i / 2;
        must(log_batch_add(batch, &draft, &why));
    }
    must(log_batch_commit(batch, receipts, NULL, NULL, &why));
    assert_true(receipts[0].duplicate && receipts[0].seq == 1);
    struct log_reader *reader;
    struct log_event event;
    must(log_reader_open(s.ledger, 2, LOG_NO_SEQ, &reader, &why));
    for (uint64_t i = 1; i < 300; i++) {
        must(log_reader_next(reader, &event, &why));
        assert_int_equal(receipts[i].seq, event.seq);
        assert_memory_equal(receipts[i].leaf, event.leaf, LOG_HASH);
        assert_true(event.has_cause);
        assert_int_equal(event.cause, receipts[i / 2].seq);
    }
    log_reader_close(reader);
    log_batch_free(batch);
    scratch_verify_good(s.ledger);
}

static void a_batch_takes_65536_events_and_64_mib_and_no_more(void **state) {
    static char text[EVENT_BODY_MAX - 100];
    struct log_batch *batch;
    struct log_head head;
    struct buf body;
    struct log_draft draft = step("run/1", "{}");
    (void)state;
    must(log_batch_new(s.ledger, &batch, &why));
    must(scratch_add(batch, 0, LOG_BATCH_EVENTS_MAX, false, &why));
    must_fail(log_batch_add(batch, &draft, &why), ERR_BUSY, "the batch is full: 65536 events");
    must(log_batch_commit(batch, NULL, &head, NULL, &why));
    assert_int_equal(head.size, LOG_BATCH_EVENTS_MAX + 1);
    memset(text, 'y', sizeof(text));
    buf_init(&body, 2 << 20);
    mp_put_map(&body, 1);
    mp_put_str(&body, bytes_of("step"));
    mp_put_str(&body, (struct bytes){(const uint8_t *)text, sizeof(text)});
    draft.body = bytes_of_buf(&body);
    int rc = 0;
    size_t n = 0;
    while ((rc = log_batch_add(batch, &draft, &why)) == 0) {
        n++;
    }
    assert_int_equal(rc, ERR_BUSY);
    assert_int_equal(n, 64);
    must(log_batch_commit(batch, NULL, &head, NULL, &why));
    assert_int_equal(head.size, LOG_BATCH_EVENTS_MAX + 1 + 64);
    log_batch_free(batch);
    buf_done(&body);
    scratch_verify_good(s.ledger);
}

/* ---- duplicates ---- */

static void a_second_event_of_the_same_source_and_key_is_the_first_one(void **state) {
    struct log_batch *batch;
    struct log_receipt first = scratch_append(&s, 1, "k"), second = scratch_append(&s, 2, "k"), receipts[3];
    struct log_draft other = step("run/1", "{}");
    (void)state;
    assert_true(second.duplicate);
    assert_int_equal(second.seq, first.seq);
    assert_memory_equal(second.leaf, first.leaf, LOG_HASH);
    assert_int_equal(scratch_size(&s), 2);
    other.key = bytes_of("k");
    other.source = bytes_of("elsewhere");
    must(log_append(s.ledger, &other, receipts, NULL, &why)); /* another source's key */
    assert_false(receipts[0].duplicate);
    must(log_batch_new(s.ledger, &batch, &why));
    must(scratch_add(batch, 7, 8, true, &why));
    must(scratch_add(batch, 7, 8, true, &why)); /* twice in one batch */
    must(scratch_add(batch, 8, 9, true, &why));
    must(log_batch_commit(batch, receipts, NULL, NULL, &why));
    assert_false(receipts[0].duplicate);
    assert_true(receipts[1].duplicate && receipts[1].seq == receipts[0].seq);
    assert_memory_equal(receipts[1].leaf, receipts[0].leaf, LOG_HASH);
    assert_int_equal(receipts[2].seq, receipts[0].seq + 1);
    scratch_reopen(&s);
    assert_true(scratch_append(&s, 2, "k").duplicate);
    assert_true(scratch_append(&s, 2, "key-8").duplicate);
    log_batch_free(batch);
    scratch_verify_good(s.ledger);
}

static void a_batch_of_duplicates_alone_writes_nothing_but_its_cursor(void **state) {
    struct log_batch *batch;
    struct log_head before, after;
    struct buf note, again, cursor;
    (void)state;
    buf_init(&note, NOTE_MAX);
    buf_init(&again, NOTE_MAX);
    buf_init(&cursor, 100);
    scratch_fill(&s, 0, 10, true);
    must(log_checkpoint(s.ledger, &note, &why));
    must(log_head(s.ledger, &before, &why));
    for (int with_cursor = 0; with_cursor < 2; with_cursor++) {
        must(log_batch_new(s.ledger, &batch, &why));
        must(scratch_add(batch, 3, 6, true, &why));
        if (with_cursor) {
            must(log_batch_set_cursor(batch, "file", bytes_of("line 6"), &why));
        }
        must(log_batch_commit(batch, NULL, &after, NULL, &why));
        assert_int_equal(after.size, before.size);
        assert_memory_equal(after.root, before.root, LOG_HASH);
        buf_clear(&again);
        must(log_checkpoint(s.ledger, &again, &why));
        assert_true(bytes_eq(bytes_of_buf(&note), bytes_of_buf(&again)));
        log_batch_free(batch);
    }
    must(log_cursor_get(s.ledger, "file", &cursor, &why));
    assert_true(bytes_is(bytes_of_buf(&cursor), "line 6"));
    scratch_verify_good(s.ledger);
    buf_done(&note);
    buf_done(&again);
    buf_done(&cursor);
}

/* ---- conditions ---- */

static void a_condition_is_judged_against_the_whole_log_and_the_batch(void **state) {
    struct log_batch *batch;
    struct log_draft draft = step("run/r-7", "{}");
    size_t at;
    (void)state;
    scratch_fill(&s, 0, 1000, false); /* run/r-7 last at i = 907: seq 908 */
    draft.none_after = 907;
    must_fail(log_append(s.ledger, &draft, NULL, NULL, &why), ERR_CONFLICT, "'run/r-7' has event 908 (run.step) after 907");
    draft.none_after = 908;
    must(log_append(s.ledger, &draft, NULL, NULL, &why)); /* 1001 */
    must_fail(log_append(s.ledger, &draft, NULL, NULL, &why), ERR_CONFLICT, "has event 1001");
    must(log_batch_new(s.ledger, &batch, &why));
    draft.none_after = 1001;
    must(log_batch_add(batch, &draft, &why)); /* would be 1002 */
    must(log_batch_add(batch, &draft, &why));
    must_fail(log_batch_commit(batch, NULL, NULL, &at, &why), ERR_CONFLICT,
              "event 1 of the batch: the condition does not hold: 'run/r-7' has event 1002");
    assert_int_equal(at, 1);
    draft.none_after = 5000; /* ahead of the log: nothing can come after it */
    must(log_append(s.ledger, &draft, NULL, NULL, &why));
    log_batch_free(batch);
    assert_int_equal(scratch_size(&s), 1003);
}

/* ---- clocks ---- */

static void a_clock_set_back_is_clamped_and_recorded(void **state) {
    struct log_head before, after;
    (void)state;
    scratch_append(&s, 1, NULL);
    wall_shift = -(int64_t)(CLOCK_NS_PER_S / 2); /* not worth an event */
    scratch_append(&s, 2, NULL);
    assert_int_equal(scratch_size(&s), 3);
    must(log_head(s.ledger, &before, &why));
    wall_shift = -(int64_t)(3600 * CLOCK_NS_PER_S);
    assert_int_equal(scratch_append(&s, 3, NULL).seq, 4);
    must(log_head(s.ledger, &after, &why));
    assert_int_equal(after.size, 5);
    assert_true(after.time >= before.time && after.time < before.time + CLOCK_NS_PER_S);
    const char *json = json_at(3);
    assert_non_null(strstr(json, "\"kind\":\"ledger.gap\""));
    assert_non_null(strstr(json, "\"what\":\"clock_back\""));
    assert_int_equal(scratch_append(&s, 4, NULL).seq, 5); /* reported once, though the clock is still behind */
    wall_shift = (int64_t)(7200 * CLOCK_NS_PER_S);
    assert_int_equal(scratch_append(&s, 5, NULL).seq, 7);
    assert_non_null(strstr(json_at(6), "\"what\":\"clock_jump\""));
    scratch_reopen(&s);
    struct log_report *report = scratch_report(s.ledger, NULL, false);
    assert_int_equal(report->verdict, LOG_NOT_ANCHORED);
    assert_int_equal(report->aspect[LOG_GAPS].state, LOG_ASPECT_NOTE);
    assert_non_null(strstr(report->aspect[LOG_GAPS].text, "the first is event 3"));
    free(report);
}

static void a_commit_that_takes_long_is_no_clock_step(void **state) {
    (void)state;
    slow = 5 * CLOCK_NS_PER_S;
    scratch_append(&s, 0, NULL); /* where the drift begins is a step */
    uint64_t size = scratch_size(&s);
    for (uint64_t i = 0; i < 4; i++) {
        assert_int_equal(scratch_append(&s, i, NULL).seq, size + i);
    }
    assert_int_equal(scratch_size(&s), size + 4);
}

static void a_clock_step_is_recorded_before_duplicates_are_found_too(void **state) {
    (void)state;
    scratch_append(&s, 1, "k");
    wall_shift = -(int64_t)(10 * CLOCK_NS_PER_S);
    assert_true(scratch_append(&s, 1, "k").duplicate);
    assert_int_equal(scratch_size(&s), 2); /* nothing new: nothing written */
    scratch_append(&s, 2, "l");
    assert_int_equal(scratch_size(&s), 4);
    scratch_verify_good(s.ledger);
}

static void a_ledger_that_is_open_for_reading_appends_nothing(void **state) {
    struct log_open_options o = {.read_only = true};
    struct log_draft draft = step("run/1", "{}");
    char id[LOG_ARTIFACT_ID];
    uint64_t size;
    (void)state;
    scratch_close(&s);
    must(log_open(s.dir, &o, &s.ledger, &why));
    must_fail(log_append(s.ledger, &draft, NULL, NULL, &why), ERR_INVALID, "opened for reading only");
    must_fail(log_key_rotate(s.ledger, "user:test", "x", NULL, &why), ERR_INVALID, "opened for reading only");
    must_fail(log_artifact_put(s.ledger, "Makefile", id, &size, &why), ERR_INVALID, "opened for reading only");
    struct ledger *twice;
    must_fail(log_open(s.dir, NULL, &twice, &why), ERR_BUSY, "is open in this process already");
}

#define each(test) cmocka_unit_test_setup_teardown(test, start, finish)

int main(void) {
    const struct CMUnitTest tests[] = {
        each(an_event_is_stored_as_it_was_given_with_its_receipt),
        each(what_a_caller_may_not_write_is_refused),
        each(strings_and_bodies_have_limits),
        each(a_body_that_is_not_canonical_is_refused),
        each(payloads_over_16_kib_have_records_of_their_own),
        each(a_batch_with_one_bad_draft_names_it_and_stores_nothing),
        each(a_refused_draft_leaves_the_batch_as_it_was),
        each(causes_within_a_batch_become_seqs),
        each(a_batch_takes_65536_events_and_64_mib_and_no_more),
        each(a_second_event_of_the_same_source_and_key_is_the_first_one),
        each(a_batch_of_duplicates_alone_writes_nothing_but_its_cursor),
        each(a_condition_is_judged_against_the_whole_log_and_the_batch),
        each(a_clock_set_back_is_clamped_and_recorded),
        each(a_commit_that_takes_long_is_no_clock_step),
        each(a_clock_step_is_recorded_before_duplicates_are_found_too),
        each(a_ledger_that_is_open_for_reading_appends_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
