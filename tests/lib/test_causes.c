/* Causes of the drafts of a batch, and which draft a refusal names. */
#include "tests/lib/box.h"

static struct ledger_batch *batch;

static void add(int cause_type, uint64_t cause, const char *cause_key) {
    struct ledger_draft draft = LEDGER_DRAFT_INIT;
    draft.kind = "x.test.note";
    draft.subject = "thing/1";
    draft.cause_type = cause_type;
    draft.cause = cause;
    draft.cause_key = cause_key;
    must(ledger_batch_add(batch, &draft, &error));
}

static void the_draft_whose_cause_is_unknown_is_blamed_not_one_that_follows_from_it(void **state) {
    struct ledger_head head;
    struct ledger_receipt receipts[3];
    (void)state;
    must(ledger_get_head(ledger, &head, &error));
    must(ledger_batch_new(ledger, &batch, &error));
    add(LEDGER_CAUSE_KEY, 0, "nobody has it");
    add(LEDGER_CAUSE_BATCH, 0, NULL);
    add(LEDGER_CAUSE_BATCH, 1, NULL);
    must_fail(ledger_batch_commit(batch, receipts, &error), LEDGER_ERR_INVALID,
              "event 0 of the batch: 'cause_key' is 'nobody has it'");
    assert_int_equal(error.at, 0);
    ledger_batch_clear(batch);

    add(LEDGER_CAUSE_KEY, 0, "nobody has it");
    add(LEDGER_CAUSE_SEQ, head.events, NULL); /* what the draft before it would have become */
    must_fail(ledger_batch_commit(batch, NULL, &error), LEDGER_ERR_INVALID, "event 0 of the batch: 'cause_key'");
    assert_int_equal(error.at, 0);
    must(ledger_get_head(ledger, &head, &error));
    ledger_batch_clear(batch);

    add(LEDGER_CAUSE_NONE, 0, NULL);
    add(LEDGER_CAUSE_BATCH, 0, NULL);
    add(LEDGER_CAUSE_BATCH, 1, NULL);
    must(ledger_batch_commit(batch, receipts, &error));
    assert_int_equal(receipts[0].seq, head.events); /* nothing of the refused ones stayed */
    ledger_batch_free(batch);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(the_draft_whose_cause_is_unknown_is_blamed_not_one_that_follows_from_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
