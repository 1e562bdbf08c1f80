/* An event that records a decision is written only while the states still give it. */
#include "cli/act/decided.h"

#include "base/mp.h"
#include "tests/projections/state_box.h"

static struct box b;

struct deciding {
    int calls;
    int disturbed; /* so many calls write an event of somebody else's after they decided */
    bool fickle;   /* never the same twice */
};

static int ask(void *ctx, struct state_view *view, struct buf *body, struct err *err) {
    struct deciding *d = ctx;
    mp_put_map(body, 1);
    mp_put_str(body, bytes_of("priority"));
    mp_put_uint(body, d->fickle ? (uint64_t)d->calls : state_at(view));
    d->calls++;
    if (d->disturbed > 0) {
        d->disturbed--;
        box_event(&b, "route.parked", "route/other", "{}");
    }
    return buf_check(body, "the decision", err);
}

static int decide(struct deciding *d, bool by_content, struct log_receipt *receipt) {
    struct buf body = {.max = 4096};
    struct log_draft draft;
    struct log_head head;
    log_draft_init(&draft);
    draft.kind = bytes_of("model.declared");
    draft.subject = bytes_of("model/m");
    draft.actor = draft.source = bytes_of("test");
    draft.grade = bytes_of("declared");
    int rc = decided_append(b.ledger, &draft, by_content, ask, d, &body, receipt, &head, &b.err);
    buf_done(&body);
    return rc;
}

static uint64_t size(void) {
    struct log_head head;
    assert_int_equal(log_head(b.ledger, &head, &b.err), 0);
    return head.size;
}

static void a_decision_that_the_states_outrun_is_made_anew(void **state) {
    struct deciding d = {.disturbed = 1};
    struct log_receipt receipt;
    (void)state;
    box_open(&b);
    uint64_t before = size();
    assert_int_equal(decide(&d, false, &receipt), 0);
    assert_int_equal(receipt.seq, before + 1); /* after the other's event */
    box_view(&b, LOG_NO_SEQ, 0);
    assert_true(box_row(&b, "models", "m", NULL));
    box_int(&b, "priority", (int64_t)before + 1); /* as decided with it */
    assert_int_equal(d.calls, 4);
    box_close(&b);
}

static void a_decision_that_never_holds_writes_nothing(void **state) {
    struct deciding d = {.fickle = true};
    struct log_receipt receipt;
    (void)state;
    box_open(&b);
    uint64_t before = size();
    assert_int_equal(decide(&d, false, &receipt), ERR_CONFLICT);
    assert_string_equal(b.err.msg, "the states kept changing while it was decided");
    assert_int_equal(size(), before);
    box_close(&b);
}

static int ask_same(void *ctx, struct state_view *view, struct buf *body, struct err *err) {
    (void)ctx, (void)view;
    mp_put_map(body, 0);
    return buf_check(body, "the decision", err);
}

static void the_same_decision_is_written_once_by_its_content(void **state) {
    struct log_receipt first, second;
    struct log_head head;
    struct log_draft draft;
    (void)state;
    box_open(&b);
    for (int by_content = 0; by_content < 2; by_content++) {
        struct buf body = {.max = 4096};
        log_draft_init(&draft);
        draft.kind = bytes_of("model.declared");
        draft.subject = bytes_of("model/m");
        draft.actor = draft.source = bytes_of("test");
        draft.grade = bytes_of("declared");
        assert_int_equal(decided_append(b.ledger, &draft, by_content, ask_same, NULL, &body, &first, &head, &b.err), 0);
        assert_false(first.duplicate);
        draft.key = bytes_of("");
        buf_clear(&body);
        assert_int_equal(decided_append(b.ledger, &draft, by_content, ask_same, NULL, &body, &second, &head, &b.err), 0);
        assert_int_equal(second.duplicate, by_content);
        assert_int_equal(second.seq == first.seq, by_content);
        buf_done(&body);
    }
    box_close(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_decision_that_the_states_outrun_is_made_anew),
        cmocka_unit_test(a_decision_that_never_holds_writes_nothing),
        cmocka_unit_test(the_same_decision_is_written_once_by_its_content),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
