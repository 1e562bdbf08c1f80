/* Erasing: what is removed, what stays, what verification reports, and what may not be erased. */
#include "ledger/event/private.h"
#include "ledger/read/reader.h"
#include "ledger/write/commit.h"
#include "tests/ledger/judge.h"

#define MARK "zebra-7341"

static unsigned loads; /* of groups */

int __real_core_group_load(struct db_txn *txn, const struct head *head, uint64_t index, struct group *group,
                           size_t *ret_bad, struct err *err);
int __wrap_core_group_load(struct db_txn *txn, const struct head *head, uint64_t index, struct group *group,
                           size_t *ret_bad, struct err *err);

int __wrap_core_group_load(struct db_txn *txn, const struct head *head, uint64_t index, struct group *group,
                           size_t *ret_bad, struct err *err) {
    loads++;
    return __real_core_group_load(txn, head, index, group, ret_bad, err);
}

static const struct log_erase_options body_options = {.what = LOG_ERASE_BODY, .reason = "request", .actor = "user:test"};

static int erase_body(uint64_t seq, struct log_receipt *ret) {
    struct log_erase_options o = body_options;
    o.seqs = &seq;
    o.n_seqs = 1;
    return log_erase(s.ledger, &o, ret, &why);
}

static int erase_private(uint64_t seq, const char *field, struct log_receipt *ret) {
    struct log_erase_options o = body_options;
    o.what = LOG_ERASE_PRIVATE;
    o.seqs = &seq;
    o.n_seqs = 1;
    o.fields = &field;
    o.n_fields = field == NULL ? 0 : 1;
    return log_erase(s.ledger, &o, ret, &why);
}

/* An x.* event: body {"text": ...} open, private {"a": ..., "b": ..., "c": ...}. */
static uint64_t append_marked(const char *text, bool private_) {
    struct buf body = {0}, fields = {0}, open = {0};
    struct log_receipt receipt;
    struct log_draft draft = scratch_draft("x.test.note", "note/1", scratch_map(&body, "{\"text\":\"%s\"}", text));
    buf_init(&open, 64);
    mp_put_array(&open, 1);
    mp_put_str(&open, bytes_of("text"));
    draft.open = bytes_of_buf(&open);
    if (private_) {
        draft.private_ = scratch_map(&fields, "{\"a\":\"%s-a\",\"b\":\"%s-b\",\"c\":\"%s-c\"}", MARK, MARK, MARK);
    }
    must(log_append(s.ledger, &draft, &receipt, NULL, &why));
    buf_done(&body);
    buf_done(&fields);
    buf_done(&open);
    return receipt.seq;
}

static bool body_is_there(uint64_t seq) {
    struct log_reader *reader;
    struct log_event event;
    must(log_reader_open(s.ledger, seq, seq + 1, &reader, &why));
    must(log_reader_next(reader, &event, &why));
    bool there = event.payload.n > 0;
    log_reader_close(reader);
    return there;
}

static void private_is(uint64_t seq, const char *json) {
    struct log_reader *reader;
    struct log_event event;
    struct buf fields = {0}, want = {0};
    buf_init(&fields, 65536);
    must(log_reader_open(s.ledger, seq, seq + 1, &reader, &why));
    must(log_reader_next(reader, &event, &why));
    must(log_reader_private(reader, &fields, &why));
    assert_true(bytes_eq(bytes_of_buf(&fields), scratch_map(&want, "%s", json)));
    log_reader_close(reader);
    buf_done(&fields);
    buf_done(&want);
}

static void is_good(const char *erasures) {
    judge(NULL);
    verdict_is(LOG_NOT_ANCHORED);
    aspect_is(LOG_ERASURES, LOG_ASPECT_NOTE, erasures);
    scratch_reopen(&s);
    scratch_verify_good(s.ledger);
}

static void roots_are_as_before(const struct log_head *before) {
    struct core_view view;
    struct merkle_edge edge;
    uint8_t root[EVENT_HASH];
    must(core_view_begin(s.ledger, &view, &why));
    must(merkle_edge_load(&edge, before->size, core_node, &view, &why));
    merkle_edge_root(&edge, root);
    assert_memory_equal(root, before->root, EVENT_HASH);
    core_view_end(&view);
}

static void an_erased_body_of_the_tail_is_gone_and_every_hash_still_holds(void **state) {
    struct log_receipt receipt;
    struct log_head before;
    (void)state;
    scratch_fill(&s, 0, 10, true);
    uint64_t seq = append_marked(MARK, false);
    must(log_head(s.ledger, &before, &why));
    must(erase_body(seq, &receipt));
    assert_int_equal(receipt.seq, seq + 1);
    assert_false(body_is_there(seq));
    assert_true(body_is_there(seq - 1));
    roots_are_as_before(&before);
    is_good("the body of 1 event (11), each said by a ledger.erased event");
    must_fail(erase_body(seq, NULL), ERR_NOTFOUND, "was erased before");
    scratch_fill(&s, 20, 600, true); /* the group fills up and becomes a bundle */
    assert_false(body_is_there(seq));
    is_good("the body of 1 event (11), each said by a ledger.erased event");
}

static void an_erased_body_of_a_bundle_is_gone_and_every_hash_still_holds(void **state) {
    struct log_head before;
    (void)state;
    scratch_fill(&s, 0, 300, true);
    must(log_head(s.ledger, &before, &why));
    must(erase_body(7, NULL));
    must(erase_body(255, NULL));
    must(erase_body(256, NULL));
    assert_false(body_is_there(7));
    assert_true(body_is_there(8));
    roots_are_as_before(&before);
    is_good("the bodies of 3 events (7, 255, 256), each said by a ledger.erased event");
    scratch_fill(&s, 300, 900, true);
    is_good("the bodies of 3 events (7, 255, 256), each said by a ledger.erased event");
}

static void several_bodies_go_with_one_event_large_ones_too(void **state) {
    static char large[60000];
    uint64_t seqs[4];
    struct log_erase_options o = body_options;
    struct buf record = {0};
    (void)state;
    memset(large, 'q', sizeof(large) - 1);
    seqs[0] = append_marked(large, false);
    scratch_fill(&s, 0, 400, false);
    seqs[1] = append_marked(large, false);
    seqs[2] = seqs[0];
    seqs[3] = 40;
    o.seqs = seqs;
    o.n_seqs = 4;
    assert_true(record_get(T_PAYLOAD, key_u64(seqs[0]), &record));
    must(log_erase(s.ledger, &o, NULL, &why));
    assert_false(record_get(T_PAYLOAD, key_u64(seqs[0]), &record));
    assert_false(record_get(T_PAYLOAD, key_u64(seqs[1]), &record));
    assert_false(body_is_there(40));
    is_good("the bodies of 3 events (1, 40, 402), each said by a ledger.erased event");
    buf_done(&record);
}

static void private_fields_go_one_by_one_or_all(void **state) {
    (void)state;
    uint64_t one = append_marked("x", true), all = append_marked("y", true);
    must(erase_private(one, "b", NULL));
    private_is(one, "{\"a\":\"" MARK "-a\",\"c\":\"" MARK "-c\"}");
    must_fail(erase_private(one, "b", NULL), ERR_NOTFOUND, "no private field 'b'; some of its fields were erased before");
    must(erase_private(one, "a", NULL));
    private_is(one, "{\"c\":\"" MARK "-c\"}");
    must(erase_private(all, NULL, NULL));
    private_is(all, "{}");
    must_fail(erase_private(all, NULL, NULL), ERR_NOTFOUND, "were erased before");
    must_fail(erase_private(0, NULL, NULL), ERR_INVALID, "ledger.created");
    is_good("private fields of 2 events (1, 2), each said by a ledger.erased event");
    must(erase_private(one, NULL, NULL));
    private_is(one, "{}");
    is_good("private fields of 2 events (1, 2), each said by a ledger.erased event");
}

static void what_the_ledger_rests_on_and_signed_bodies_stay(void **state) {
    struct log_author *author;
    struct log_receipt receipt;
    struct buf vkey = {0}, body = {0};
    (void)state;
    buf_init(&vkey, 4096);
    scratch_fill(&s, 0, 3, false);
    must(log_key_rotate(s.ledger, "user:test", "test", &receipt, &why));
    must_fail(erase_body(0, NULL), ERR_INVALID, "is ledger.created");
    must_fail(erase_body(receipt.seq, NULL), ERR_INVALID, "is ledger.key_rotated");
    must(erase_body(1, &receipt));
    must_fail(erase_body(receipt.seq, NULL), ERR_INVALID, "is ledger.erased");
    must_fail(erase_body(1000, NULL), ERR_NOTFOUND, "there is no event 1000");
    must(log_author_new(scratch_at(&s, "alice"), "alice", (struct bytes){NULL, 0}, &vkey, &why));
    must(log_author_load(scratch_at(&s, "alice"), (struct bytes){NULL, 0}, &author, &why));
    struct log_draft draft = scratch_draft("run.step", "run/1", scratch_map(&body, "{\"step\":\"signed\"}"));
    draft.author = author;
    must(log_append(s.ledger, &draft, &receipt, NULL, &why));
    must_fail(erase_body(receipt.seq, NULL), ERR_INVALID, "is signed by 'alice'");
    log_author_free(author);
    is_good("the body of 1 event (1), each said by a ledger.erased event");
    buf_done(&vkey);
    buf_done(&body);
}

/* The record of a tail event whose body was removed directly in the database. */
static void take_body(uint64_t seq) {
    struct buf record = {0}, made;
    struct bytes header, payload;
    enum group_payload where;
    assert_true(record_get(T_TAIL, key_u64(seq), &record));
    must(group_tail_decode(bytes_of_buf(&record), &header, &payload, &where, &why));
    buf_init(&made, 65536);
    group_tail_encode(&made, header, payload, GROUP_ERASED, NULL);
    record_put(T_TAIL, key_u64(seq), bytes_of_buf(&made));
    buf_done(&record);
    buf_done(&made);
}

static void a_missing_body_that_no_event_names_is_a_fault(void **state) {
    (void)state;
    scratch_fill(&s, 0, 5, false);
    must(erase_body(2, NULL));
    take_body(3);
    judge(NULL);
    verdict_is(LOG_INVALID);
    found_only(LOG_ERASURES, 3, "tail", "its body is missing, and no ledger.erased event says so");
}

static void a_missing_private_field_that_no_event_names_is_a_fault(void **state) {
    struct buf record = {0}, scratch, made;
    struct private_view view;
    struct log_reader *reader;
    struct log_event event;
    const char *names[] = {"a", "c"};
    uint64_t bytes;
    (void)state;
    uint64_t seq = append_marked("x", true);
    buf_init(&scratch, PRIVATE_SCRATCH_MAX);
    buf_init(&made, 65536);
    must(log_reader_open(s.ledger, seq, seq + 1, &reader, &why));
    must(log_reader_next(reader, &event, &why));
    must(reader_private(reader, &view, &why));
    must(private_erase(&made, &view, names, 2, &bytes, &why));
    log_reader_close(reader);
    record_put(T_PRIVATE, key_u64(seq), bytes_of_buf(&made));
    judge(NULL);
    verdict_is(LOG_INVALID);
    found_only(LOG_ERASURES, seq, "private", "private fields of it are missing, and no ledger.erased event says so");
    must(erase_private(seq, "b", NULL));
    judge(NULL);
    found_only(LOG_ERASURES, seq, "private", "3 of its private fields are missing, but ledger.erased events name 1");
    buf_done(&record);
    buf_done(&scratch);
    buf_done(&made);
}

static void an_erasure_without_effect_is_a_fault(void **state) {
    struct buf record = {0}, fields = {0};
    (void)state;
    scratch_fill(&s, 0, 3, false);
    uint64_t seq = append_marked("x", true);
    buf_init(&fields, 65536);
    assert_true(record_get(T_TAIL, key_u64(1), &record));
    assert_true(record_get(T_PRIVATE, key_u64(seq), &fields));
    must(erase_private(seq, "b", NULL));
    record_put(T_PRIVATE, key_u64(seq), bytes_of_buf(&fields));
    judge(NULL);
    verdict_is(LOG_INVALID);
    found_only(LOG_ERASURES, seq + 1, "tail", "it says that private fields of event 4 were erased, which are still there");
    buf_done(&record);
    buf_done(&fields);
}

static void a_body_that_came_back_is_a_fault(void **state) {
    struct buf record = {0}, made;
    struct bytes header, payload;
    enum group_payload where;
    struct head head;
    struct core_view view;
    uint8_t salt[EVENT_HASH];
    (void)state;
    scratch_fill(&s, 0, 3, false);
    must(core_view_begin(s.ledger, &view, &why));
    head = view.head;
    core_view_end(&view);
    assert_true(record_get(T_TAIL, key_u64(1), &record));
    must(erase_body(1, NULL));
    must(group_tail_decode(bytes_of_buf(&record), &header, &payload, &where, &why));
    event_salt(salt, head.seed, 1);
    buf_init(&made, 65536);
    group_tail_encode(&made, header, payload, where, salt);
    record_put(T_TAIL, key_u64(1), bytes_of_buf(&made));
    judge(NULL);
    verdict_is(LOG_INVALID);
    found_only(LOG_ERASURES, 4, "tail", "it says that the body of event 1 was erased, which is still there");
    buf_done(&record);
    buf_done(&made);
}

static void no_seed_is_left_from_which_the_salt_follows(void **state) {
    struct buf record = {0}, seed;
    struct core_view view;
    (void)state;
    scratch_fill(&s, 0, 3, false);
    must(core_view_begin(s.ledger, &view, &why));
    buf_init(&seed, EVENT_HASH);
    buf_put(&seed, view.head.seed, EVENT_HASH);
    core_view_end(&view);
    must(erase_body(1, NULL));
    must(core_view_begin(s.ledger, &view, &why));
    assert_memory_not_equal(view.head.seed, seed.p, EVENT_HASH);
    core_view_end(&view);
    scratch_fill(&s, 3, 300, false);
    assert_true(record_get(T_BUNDLE, key_u64(0), &record));
    assert_int_equal(record.p[1], 1);
    for (size_t i = 0; i < EVENT_HASH; i++) {
        assert_int_equal(record.p[2 + i], 0);
    }
    buf_done(&record);
    buf_done(&seed);
}

static void bad_wishes_are_refused(void **state) {
    const uint64_t seq = 1;
    const char *field = "a";
    struct log_erase_options o = body_options;
    (void)state;
    must_fail(log_erase(s.ledger, &o, NULL, &why), ERR_INVALID, "either events or one artifact");
    o.seqs = &seq;
    o.n_seqs = 1;
    o.reason = "Because I say so";
    must_fail(log_erase(s.ledger, &o, NULL, &why), ERR_INVALID, "must be a word");
    o.reason = "request";
    o.fields = &field;
    o.n_fields = 1;
    must_fail(log_erase(s.ledger, &o, NULL, &why), ERR_INVALID, "only private fields");
    const char *twice[] = {"a", "b", "a"};
    o.what = LOG_ERASE_PRIVATE;
    o.fields = twice;
    o.n_fields = 3;
    must_fail(log_erase(s.ledger, &o, NULL, &why), ERR_INVALID, "the field 'a' is named twice");
}

/* Every writer waits for it. */
static void a_group_is_unpacked_once_for_all_of_its_events_that_are_erased(void **state) {
    static const enum log_erase_what what[] = {LOG_ERASE_BODY, LOG_ERASE_PRIVATE};
    struct log_erase_options o = body_options;
    uint64_t seqs[100];
    (void)state;
    for (size_t i = 0; i < 100; i++) {
        seqs[i] = append_marked("a word", true);
    }
    scratch_fill(&s, 0, 300, false);
    o.seqs = seqs;
    o.n_seqs = 100;
    for (size_t i = 0; i < 2; i++) {
        o.what = what[i];
        loads = 0;
        must(log_erase(s.ledger, &o, NULL, &why));
        assert_in_range(loads, 1, 3);
    }
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, finish)
    const struct CMUnitTest tests[] = {
        TEST(an_erased_body_of_the_tail_is_gone_and_every_hash_still_holds),
        TEST(an_erased_body_of_a_bundle_is_gone_and_every_hash_still_holds),
        TEST(several_bodies_go_with_one_event_large_ones_too),
        TEST(private_fields_go_one_by_one_or_all),
        TEST(what_the_ledger_rests_on_and_signed_bodies_stay),
        TEST(a_missing_body_that_no_event_names_is_a_fault),
        TEST(a_missing_private_field_that_no_event_names_is_a_fault),
        TEST(an_erasure_without_effect_is_a_fault),
        TEST(a_body_that_came_back_is_a_fault),
        TEST(no_seed_is_left_from_which_the_salt_follows),
        TEST(bad_wishes_are_refused),
        cmocka_unit_test_setup_teardown(a_group_is_unpacked_once_for_all_of_its_events_that_are_erased, start, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
