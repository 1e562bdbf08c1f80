/* Bundles with erased bodies, private fields and artifacts: they are written, and they verify. */
#include "tests/export/bundle_box.h"

static int start(void **state) {
    (void)state;
    box_start();
    box_fill();
    return 0;
}

static int finish(void **state) {
    (void)state;
    box_end();
    return 0;
}

static void erase(enum log_erase_what what, const uint64_t *seqs, size_t n) {
    struct log_erase_options o = {.what = what, .reason = "request", .actor = "user:test", .seqs = seqs, .n_seqs = n};
    must(log_erase(s.ledger, &o, NULL, &why));
    must(log_erase_finish(s.ledger, 0, NULL, &why));
}

static void an_erased_body_is_exported_with_the_event_that_erased_it(void **state) {
    struct export_options o = everything();
    (void)state;
    uint64_t seqs[] = {box_event("x.test.note", "note/1", NULL, "{\"a\":1}"),
                       box_event("x.test.note", "note/2", NULL, "{\"a\":2}"),
                       box_event("x.test.note", "note/3", NULL, "{\"a\":3}")};
    erase(LOG_ERASE_BODY, seqs, 2);
    erase(LOG_ERASE_BODY, seqs + 2, 1);
    cut(&o);
    assert_int_equal(counts.erased, 3);
    is_good();
    aspect_is(LOG_ERASURES, LOG_ASPECT_NOTE, "3 bodies were erased, each by a proven ledger.erased event");
    members_take(bytes_of_buf(&bundle));
    assert_true(member("erasures") < member("range.proof"));
}

static void chosen_events_may_be_erased_too(void **state) {
    (void)state;
    uint64_t seqs[] = {box_event("x.test.note", "note/1", NULL, "{\"a\":1}"),
                       box_event("x.test.note", "note/2", NULL, "{\"a\":2}")};
    struct export_options o = {.seqs = seqs, .n_seqs = 2, .bodies = EXPORT_BODIES_MATCHING, .plain = true};
    erase(LOG_ERASE_BODY, seqs, 1);
    cut(&o);
    assert_int_equal(counts.erased, 1);
    verify(bytes_of_buf(&bundle), trust);
    verdict_is(LOG_GOOD);
    aspect_is(LOG_ERASURES, LOG_ASPECT_NOTE, "1 body was erased");
}

static void an_erased_private_field_is_a_digest_and_a_bundle_from_before_still_verifies(void **state) {
    struct export_options o = everything();
    struct buf before = {0};
    (void)state;
    uint64_t seq = box_event("x.test.note", "note/1", NULL, "{\"secret_plan\":\"swim\",\"note\":\"x\"}");
    cut(&o);
    is_good();
    buf_init(&before, (size_t)64 << 20);
    buf_put_bytes(&before, bytes_of_buf(&bundle));
    erase(LOG_ERASE_PRIVATE, &seq, 1);
    cut(&o);
    is_good();
    verify(bytes_of_buf(&before), trust);
    verdict_is(LOG_GOOD);
    buf_done(&before);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, finish)
    const struct CMUnitTest tests[] = {
        TEST(an_erased_body_is_exported_with_the_event_that_erased_it),
        TEST(chosen_events_may_be_erased_too),
        TEST(an_erased_private_field_is_a_digest_and_a_bundle_from_before_still_verifies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
