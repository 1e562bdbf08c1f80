/* Imports and gaps: what each source brought in, and what is known to be missing. */
#include "tests/projections/state_box.h"

static struct box box;

static int setup(void **state) {
    (void)state;
    box_open(&box);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    box_close(&box);
    return 0;
}

static uint64_t receipt(const char *fields) {
    char json[512];
    snprintf(json, sizeof(json), "{\"source\":\"dpkg\"%s}", fields);
    return box_event(&box, "ledger.imported", "import/dpkg", json);
}

static void the_receipts_of_a_source_add_up(void **state) {
    (void)state;
    receipt(",\"accepted\":10,\"duplicate\":1,\"rejected\":0,\"masked\":2,\"bytes\":100,\"parser\":1,\"first_at\":500,"
            "\"last_at\":900");
    uint64_t seq = receipt(",\"accepted\":5,\"duplicate\":10,\"bytes\":70,\"parser\":2,\"first_at\":100,\"last_at\":800");
    box_view(&box, LOG_NO_SEQ, 0);
    assert_true(box_row(&box, "imports", "dpkg", NULL));
    box_int(&box, "runs", 2);
    box_int(&box, "accepted", 15);
    box_int(&box, "duplicate", 11);
    box_int(&box, "rejected", 0);
    box_int(&box, "masked", 2);
    box_int(&box, "bytes", 170);
    box_int(&box, "parser", 2);
    box_int(&box, "first_at", 100);
    box_int(&box, "last_at", 900);
    box_int(&box, "newest_seq", (int64_t)seq);
    box_int(&box, "newest_accepted", 5);
    box_evidence(&box, 1, seq);
}

static void the_newest_receipt_with_refused_records_stays_cited(void **state) {
    (void)state;
    uint64_t bad = receipt(",\"rejected\":3,\"stopped\":true,\"reasons\":[{\"reason\":\"no such kind\",\"count\":3}]");
    box_view(&box, LOG_NO_SEQ, 0);
    assert_true(box_row(&box, "imports", "dpkg", NULL));
    assert_true(row_bool(&box.row, box_column(&box, "stopped")));
    assert_true(row_has(&box.row, box_column(&box, "reasons")));
    uint64_t good = receipt(",\"accepted\":1");
    box_view(&box, LOG_NO_SEQ, 0);
    assert_true(box_row(&box, "imports", "dpkg", NULL));
    box_int(&box, "newest_rejected", 0);
    box_int(&box, "rejected", 3);
    box_int(&box, "rejected_seq", (int64_t)bad);
    assert_false(row_bool(&box.row, box_column(&box, "stopped")));
    box_evidence(&box, 2, bad, good);
}

static void counts_stay_at_the_largest_number(void **state) {
    (void)state;
    receipt(",\"accepted\":9223372036854775807");
    receipt(",\"accepted\":9223372036854775807");
    box_odd(&box, "ledger.imported", "import/dpkg",
            "{\"accepted\":-5,\"source\":\"dpkg\"}"); /* an older program accepted it */
    box_view(&box, LOG_NO_SEQ, 0);
    assert_true(box_row(&box, "imports", "dpkg", NULL));
    box_int(&box, "accepted", INT64_MAX);
}

static void gaps_are_counted_by_source_and_sort(void **state) {
    (void)state;
    uint64_t a = box_event(&box, "ledger.gap", "gap/otlp", "{\"what\":\"dropped\",\"missing\":3,\"at\":100}");
    uint64_t b =
        box_event(&box, "ledger.gap", "gap/otlp", "{\"what\":\"dropped\",\"missing\":4,\"at\":200,\"detail\":\"d\"}");
    box_event(&box, "ledger.gap", "gap/jsonl", "{\"what\":\"truncated\"}");
    box_view(&box, LOG_NO_SEQ, 0);
    assert_true(box_row(&box, "gaps", "otlp", "dropped", NULL));
    box_int(&box, "count", 2);
    box_int(&box, "missing", 7);
    box_int(&box, "newest_at", 200);
    box_int(&box, "first_at", 100);
    box_text(&box, "detail", "d");
    box_evidence(&box, 2, a, b);
    assert_true(box_row(&box, "gaps", "jsonl", "truncated", NULL));
    box_int(&box, "count", 1);
    assert_false(row_has(&box.row, box_column(&box, "missing")));
}

static void what_the_ledger_noticed_of_the_clock_has_a_step(void **state) {
    (void)state;
    box_event(&box, "ledger.gap", "ledger/example.org/box",
              "{\"what\":\"clock_back\",\"from\":5000000000,\"to\":2000000000}");
    box_view(&box, LOG_NO_SEQ, 0);
    assert_true(box_row(&box, "gaps", "cli", "clock_back", NULL)); /* the event's source is what noticed it */
    box_int(&box, "step_ns", -3000000000);
    box_int(&box, "from_at", 5000000000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(the_receipts_of_a_source_add_up),
        TEST(the_newest_receipt_with_refused_records_stays_cited),
        TEST(counts_stay_at_the_largest_number),
        TEST(gaps_are_counted_by_source_and_sort),
        TEST(what_the_ledger_noticed_of_the_clock_has_a_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
