/* The queue: a draft that the ledger refuses at the commit is dropped alone; strict callers keep what precedes it. */
#include "ingest/driver/queue.h"

#include "tests/ingest/ledger_box.h"

struct seen {
    size_t taken, duplicates;
    uint64_t at_sum;
    char refused[1024];
    int answer; /* to the first refusal */
};

static void on_taken(void *ctx, const struct log_receipt *receipt, bool gap, uint64_t at) {
    struct seen *s = ctx;
    assert_false(gap);
    s->taken++;
    s->duplicates += receipt->duplicate;
    s->at_sum += at;
}

static int on_refused(void *ctx, const struct ingest_place *place, const char *reason) {
    struct seen *s = ctx;
    size_t n = strlen(s->refused);
    snprintf(s->refused + n, sizeof(s->refused) - n, "%s:%llu %s\n", place->file, (unsigned long long)place->line, reason);
    return s->answer;
}

static int setup(void **state) {
    struct box *b = malloc(sizeof(*b));
    box_init(b);
    *state = b;
    return 0;
}

static int teardown(void **state) {
    box_done(*state);
    free(*state);
    return 0;
}

static void add(struct queue *q, const char *subject, uint64_t line, uint64_t cause) {
    struct log_draft d;
    const struct ingest_place place = {"file", line, 0};
    struct err err = {0};
    log_draft_init(&d);
    d.kind = bytes_of("x.a.b");
    d.subject = bytes_of(subject);
    d.actor = bytes_of("user:t");
    d.source = bytes_of("test");
    d.grade = bytes_of("reported");
    d.key = bytes_of(subject);
    if (cause != LOG_NO_SEQ) {
        d.cause_type = LOG_CAUSE_SEQ;
        d.cause = cause;
    }
    if (queue_add(q, &d, &place, line, &err) != 0) {
        fail_msg("%s", err.msg);
    }
}

static void drafts_refused_at_the_commit_go_alone(void **state) {
    struct box *b = *state;
    struct queue *q = NULL;
    struct seen seen = {0};
    const struct queue_sink sink = {&seen, on_taken, on_refused};
    struct log_head head;
    assert_int_equal(queue_new(b->ledger, &q, NULL), 0);
    assert_true(queue_idle(q));
    for (uint64_t i = 0; i < 10; i++) {
        char subject[16];
        snprintf(subject, sizeof(subject), "s%llu", (unsigned long long)i);
        add(q, subject, i, i % 4 == 2 ? 1000 : LOG_NO_SEQ); /* 2 and 6 name a cause that is not there */
    }
    assert_int_equal(queue_commit(q, &sink, &head, NULL), 0);
    assert_int_equal(seen.taken, 8);
    assert_int_equal(seen.at_sum, 45 - 8);
    assert_int_equal(head.size, 9);
    assert_string_equal(seen.refused, "file:2 'cause' is 1000, but the event becomes 3: it must be an earlier one\n"
                                      "file:6 'cause' is 1000, but the event becomes 6: it must be an earlier one\n");
    assert_true(queue_idle(q));
    add(q, "s1", 1, LOG_NO_SEQ);
    add(q, "new", 2, LOG_NO_SEQ);
    assert_int_equal(queue_commit(q, &sink, &head, NULL), 0);
    assert_int_equal(seen.duplicates, 1);
    assert_int_equal(head.size, 10);
    queue_free(q);
}

static void a_sink_that_stops_keeps_what_stands_before_and_drops_the_cursor(void **state) {
    struct box *b = *state;
    struct queue *q = NULL;
    struct seen seen = {.answer = 7};
    const struct queue_sink sink = {&seen, on_taken, on_refused};
    struct log_head head;
    struct buf value;
    buf_init(&value, 100);
    assert_int_equal(queue_new(b->ledger, &q, NULL), 0);
    add(q, "a", 1, LOG_NO_SEQ);
    add(q, "b", 2, 1000);
    add(q, "c", 3, LOG_NO_SEQ);
    assert_int_equal(queue_cursor(q, "test/cursor", bytes_of("v"), NULL), 0);
    assert_int_equal(queue_commit(q, &sink, &head, NULL), 7);
    assert_int_equal(seen.taken, 1);
    assert_int_equal(head.size, 2);
    assert_int_equal(log_cursor_get(b->ledger, "test/cursor", &value, NULL), ERR_NOTFOUND);
    assert_int_equal(queue_cursor(q, "test/cursor", bytes_of("old"), NULL), 0);
    assert_int_equal(queue_cursor(q, "test/cursor", bytes_of("new"), NULL), 0);
    assert_int_equal(queue_commit(q, &sink, &head, NULL), 0); /* a cursor alone */
    assert_int_equal(head.size, 2);
    assert_int_equal(log_cursor_get(b->ledger, "test/cursor", &value, NULL), 0);
    assert_true(bytes_is(bytes_of_buf(&value), "new"));
    buf_done(&value);
    queue_free(q);
}

static void a_commit_that_fails_as_a_whole_refuses_no_draft(void **state) {
    struct box *b = *state;
    struct queue *q = NULL;
    struct seen seen = {0};
    const struct queue_sink sink = {&seen, on_taken, on_refused};
    struct log_head head;
    struct err err = {0};
    log_close(b->ledger);
    const struct log_open_options options = {.read_only = true};
    assert_int_equal(log_open(b->log_dir, &options, &b->ledger, NULL), 0);
    assert_int_equal(queue_new(b->ledger, &q, NULL), 0);
    add(q, "a", 1, LOG_NO_SEQ);
    add(q, "b", 2, LOG_NO_SEQ);
    assert_int_equal(queue_commit(q, &sink, &head, &err), ERR_INVALID);
    assert_string_equal(err.msg, "the ledger was opened for reading only");
    assert_string_equal(seen.refused, "");
    queue_free(q);
}

static void the_queue_is_full_at_its_bound_and_says_so(void **state) {
    struct box *b = *state;
    struct queue *q = NULL;
    struct log_draft d;
    const struct ingest_place place = {"file", 1, 0};
    assert_int_equal(queue_new(b->ledger, &q, NULL), 0);
    for (size_t i = 0; i < QUEUE_EVENTS_MAX; i++) {
        assert_false(queue_full(q));
        add(q, "s", i, LOG_NO_SEQ);
    }
    assert_true(queue_full(q));
    log_draft_init(&d);
    assert_int_equal(queue_add(q, &d, &place, 0, NULL), ERR_BUSY);
    assert_int_equal(queue_count(q), QUEUE_EVENTS_MAX);
    queue_clear(q);
    assert_true(queue_idle(q));
    queue_free(q);
}

/* ---- tickets ---- */

static void add_caused(struct queue *q, const char *subject, uint64_t ticket) {
    struct log_draft d;
    const struct ingest_place place = {"file", 1, 0};
    struct err err = {0};
    log_draft_init(&d);
    d.kind = bytes_of("x.a.b");
    d.subject = bytes_of(subject);
    d.actor = bytes_of("user:t");
    d.source = bytes_of("test");
    d.grade = bytes_of("reported");
    d.key = bytes_of(subject);
    d.cause_type = LOG_CAUSE_BATCH;
    d.cause = ticket;
    if (queue_add(q, &d, &place, 0, &err) != 0) {
        fail_msg("%s", err.msg);
    }
}

/* The cause of event `seq`, LOG_NO_SEQ if it has none. */
static uint64_t cause_of(struct box *b, uint64_t seq) {
    struct log_reader *reader = NULL;
    struct log_event e;
    assert_int_equal(log_reader_open(b->ledger, seq, seq + 1, &reader, NULL), 0);
    assert_int_equal(log_reader_next(reader, &e, NULL), 0);
    uint64_t cause = e.has_cause ? e.cause : LOG_NO_SEQ;
    log_reader_close(reader);
    return cause;
}

static void a_ticket_names_a_cause_that_waits_or_is_committed(void **state) {
    struct box *b = *state;
    struct queue *q = NULL;
    struct seen seen = {0};
    const struct queue_sink sink = {&seen, on_taken, on_refused};
    struct log_head head;
    assert_int_equal(queue_new(b->ledger, &q, NULL), 0);
    assert_int_equal(queue_ticket(q), 0);
    add(q, "a", 1, LOG_NO_SEQ);
    assert_int_equal(queue_ticket(q), 1);
    add_caused(q, "b", 1);
    add_caused(q, "c", 2);
    add_caused(q, "none", 0);
    add_caused(q, "future", 99);
    assert_int_equal(queue_commit(q, &sink, &head, NULL), 0);
    assert_int_equal(queue_ticket(q), 5);
    add_caused(q, "d", 1);
    add_caused(q, "e", 6);
    assert_int_equal(queue_commit(q, &sink, &head, NULL), 0);
    assert_true(cause_of(b, 1) == LOG_NO_SEQ && cause_of(b, 2) == 1 && cause_of(b, 3) == 2);
    assert_true(cause_of(b, 4) == LOG_NO_SEQ && cause_of(b, 5) == LOG_NO_SEQ);
    assert_true(cause_of(b, 6) == 1 && cause_of(b, 7) == 6);
    queue_free(q);
}

static void a_cause_that_is_a_duplicate_is_the_first_one(void **state) {
    struct box *b = *state;
    struct queue *q = NULL;
    struct seen seen = {0};
    const struct queue_sink sink = {&seen, on_taken, on_refused};
    struct log_head head;
    assert_int_equal(queue_new(b->ledger, &q, NULL), 0);
    add(q, "a", 1, LOG_NO_SEQ);
    add(q, "b", 2, LOG_NO_SEQ);
    assert_int_equal(queue_commit(q, &sink, &head, NULL), 0);
    add(q, "b", 3, LOG_NO_SEQ); /* is there: seq 2 */
    add_caused(q, "c", 3);
    assert_int_equal(queue_commit(q, &sink, &head, NULL), 0);
    add_caused(q, "d", 3);
    assert_int_equal(queue_commit(q, &sink, &head, NULL), 0);
    assert_int_equal(head.size, 5);
    assert_true(cause_of(b, 3) == 2 && cause_of(b, 4) == 2);
    queue_free(q);
}

static void a_cause_that_was_refused_or_dropped_is_none(void **state) {
    struct box *b = *state;
    struct queue *q = NULL;
    struct seen seen = {0};
    const struct queue_sink sink = {&seen, on_taken, on_refused};
    struct log_head head;
    assert_int_equal(queue_new(b->ledger, &q, NULL), 0);
    add(q, "a", 1, LOG_NO_SEQ);
    add(q, "b", 2, 1000); /* refused at the commit */
    add_caused(q, "c", 2);
    add_caused(q, "d", 3); /* whose index changes when that one is dropped */
    assert_int_equal(queue_commit(q, &sink, &head, NULL), 0);
    assert_int_equal(seen.taken, 3);
    assert_true(cause_of(b, 2) == LOG_NO_SEQ && cause_of(b, 3) == 2);
    add_caused(q, "e", 2);
    add(q, "dropped", 1, LOG_NO_SEQ);
    uint64_t dropped = queue_ticket(q);
    queue_clear(q);
    add_caused(q, "f", dropped);
    assert_int_equal(queue_commit(q, &sink, &head, NULL), 0);
    assert_int_equal(head.size, 5);
    assert_true(cause_of(b, 4) == LOG_NO_SEQ);
    queue_free(q);
}

static void a_ticket_is_remembered_for_so_many_drafts(void **state) {
    struct box *b = *state;
    struct queue *q = NULL;
    struct seen seen = {0};
    const struct queue_sink sink = {&seen, on_taken, on_refused};
    struct log_head head;
    assert_int_equal(queue_new(b->ledger, &q, NULL), 0);
    add(q, "first", 1, LOG_NO_SEQ);
    assert_int_equal(queue_commit(q, &sink, &head, NULL), 0);
    while (queue_ticket(q) < QUEUE_TICKETS_MAX) {
        add(q, "same", 1, LOG_NO_SEQ);
        if (queue_full(q)) {
            queue_clear(q);
        }
    }
    queue_clear(q);
    add_caused(q, "near", 1);
    assert_int_equal(queue_commit(q, &sink, &head, NULL), 0);
    add_caused(q, "far", 1);
    assert_int_equal(queue_commit(q, &sink, &head, NULL), 0);
    assert_true(cause_of(b, 2) == 1 && cause_of(b, 3) == LOG_NO_SEQ);
    queue_free(q);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(drafts_refused_at_the_commit_go_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(a_sink_that_stops_keeps_what_stands_before_and_drops_the_cursor, setup, teardown),
        cmocka_unit_test_setup_teardown(a_commit_that_fails_as_a_whole_refuses_no_draft, setup, teardown),
        cmocka_unit_test_setup_teardown(the_queue_is_full_at_its_bound_and_says_so, setup, teardown),
        cmocka_unit_test_setup_teardown(a_ticket_names_a_cause_that_waits_or_is_committed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_cause_that_is_a_duplicate_is_the_first_one, setup, teardown),
        cmocka_unit_test_setup_teardown(a_cause_that_was_refused_or_dropped_is_none, setup, teardown),
        cmocka_unit_test_setup_teardown(a_ticket_is_remembered_for_so_many_drafts, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
