/* Events that are in a time window by one clock only, against reading all of them. */
#include "tests/query/same_answers.h"

#define EVENTS 4600

static struct query_value happened[EVENTS + 8];
static uint64_t sealed[EVENTS + 8], n_events;

static int start(void **state) {
    struct log_reader *reader;
    struct log_event event;
    (void)state;
    random_start();
    scratch_new(&s, (uint64_t)256 << 20);
    log_fill(s.ledger, EVENTS);
    log_sample(s.ledger);
    must(log_reader_open(s.ledger, 0, LOG_NO_SEQ, &reader, &why));
    while (log_reader_next(reader, &event, &why) == 0 && n_events < EVENTS + 8) {
        happened[n_events] = plain_value(&event, QUERY_HAPPENED);
        sealed[n_events++] = event.time;
    }
    log_reader_close(reader);
    return 0;
}

static int finish(void **state) {
    (void)state;
    buf_done(&log_texts);
    scratch_done(&s);
    return 0;
}

/* The time of some event by either clock, or just beside it. */
static uint64_t random_moment(void) {
    uint64_t i = random_below(n_events), at = random_below(2) == 0 ? sealed[i] : (uint64_t)happened[i].int_;
    uint64_t off = random_below(3);
    return off == 0 || at == 0 || at >= INT64_MAX ? at : at - 1 + off;
}

static struct query_clocks plain_clocks(const struct query *q, uint64_t from, uint64_t to) {
    static uint64_t seqs[EVENTS + 8];
    struct query_clocks n = {0};
    size_t rows = plain_rows(s.ledger, q, seqs, EVENTS + 8);
    for (size_t i = 0; i < rows; i++) {
        uint64_t at = (uint64_t)happened[seqs[i]].int_;
        bool in_happened = at >= from && at <= to, in_sealed = sealed[seqs[i]] >= from && sealed[seqs[i]] <= to;
        n.happened += in_happened && !in_sealed;
        n.sealed += in_sealed && !in_happened;
    }
    return n;
}

static unsigned compare(int questions) {
    static struct log_question question;
    unsigned found = 0;
    for (int i = 0; i < questions; i++) {
        uint64_t a = random_moment(), b = random_below(4) == 0 ? (uint64_t)INT64_MAX : random_moment();
        uint64_t from = a < b ? a : b, to = a < b ? b : a;
        struct query_clocks got = {0};
        random_question(&question, n_events);
        question.q.n_terms = i % 2 == 0 ? 0 : question.q.n_terms;
        question.q.limit = 0;
        struct query_clocks want = plain_clocks(&question.q, from, to);
        must(query_count_clocks(s.ledger, &question.q, from, to, &got, &why));
        assert_int_equal(got.happened, want.happened);
        assert_int_equal(got.sealed, want.sealed);
        found += want.happened > 0 && want.sealed > 0;
    }
    return found;
}

static void the_counts_are_those_of_reading_all_events(void **state) {
    static const uint32_t sizes[] = {256, 1024, 4096};
    (void)state;
    assert_true(compare(25) > 0);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        build(sizes[i]);
        assert_true(compare(40) > 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_counts_are_those_of_reading_all_events),
    };
    return cmocka_run_group_tests(tests, start, finish);
}
