/* Conditions on time by both clocks, as the command line gives them, against reading every event: over random logs whose
 * sources give no time, near, past, far and odd ones. */
#include "base/clock.h"
#include "base/text.h"
#include "cli/log/ask.h"
#include "tests/query/random_log.h"

#define EVENTS    3000
#define QUESTIONS 120

static const struct opt options[] = {{"since", 0, "WHEN", ""}, {"until", 0, "WHEN", ""}, {"clock", 0, "CLOCK", ""}, {0}};
static const struct ask_option no_fields[] = {{NULL, 0, NULL}};
static const struct ask_options asked = {
    .fields = no_fields, .since = &options[0], .until = &options[1], .clock = &options[2]};

static uint64_t clock_at; /* 0: unchanged */
uint64_t __real_clock_wall_ns(void);
uint64_t __wrap_clock_wall_ns(void);
uint64_t __wrap_clock_wall_ns(void) {
    return clock_at != 0 ? clock_at : __real_clock_wall_ns();
}

static int start(void **state) {
    (void)state;
    random_start();
    scratch_new(&s, (uint64_t)256 << 20);
    for (int i = 0; i < 6; i++) {
        clock_at =
            i == 4 ? UINT64_C(4070908800000000000) : 0; /* one reading of 2099, and all later sealing times have it */
        log_fill(s.ledger, EVENTS / 6);
        clock_at = 0;
    }
    return 0;
}

static int finish(void **state) {
    (void)state;
    scratch_done(&s);
    return 0;
}

/* The time of some event or of none, as text. */
static uint64_t some_time(char ret[TEXT_TIME_MAX]) {
    struct log_reader *reader;
    struct log_event event;
    uint64_t seq = random_below(scratch_size(&s));
    must(log_reader_open(s.ledger, seq, seq + 1, &reader, &why));
    must(log_reader_next(reader, &event, &why));
    uint64_t ns = (uint64_t)plain_value(&event, random_below(2) == 0 ? QUERY_TIME : QUERY_HAPPENED).int_;
    log_reader_close(reader);
    ns += random_below(3) - (ns > 0 ? 1 : 0);
    ns = ns < UINT64_C(9214646400000000000) ? ns : UINT64_C(9214646399999999999); /* text has no higher precision */
    text_time(ret, ns);
    return ns;
}

/* By the requested clock, both ends included; without an end, until one hour from now. */
static bool plain_in(const struct log_event *e, bool ledger, const uint64_t *from, const uint64_t *to) {
    uint64_t t = (uint64_t)plain_value(e, ledger ? QUERY_TIME : QUERY_HAPPENED).int_, now = clock_wall_ns();
    bool ends_now = from != NULL && to == NULL && *from <= now;
    return (from == NULL || t >= *from) && (to == NULL || t <= *to) && (!ends_now || t <= now + 3600 * CLOCK_NS_PER_S);
}

static void same_events(const struct query *q, bool ledger, const uint64_t *from, const uint64_t *to) {
    struct query_cursor *cursor;
    struct log_reader *reader;
    struct log_event event;
    must(query_open(s.ledger, q, &cursor, &why));
    must(log_reader_open(s.ledger, 0, LOG_NO_SEQ, &reader, &why));
    while (log_reader_next(reader, &event, &why) == 0) {
        if (plain_in(&event, ledger, from, to)) {
            must(query_next(cursor, &why));
            assert_int_equal(query_seq(cursor), event.seq);
        }
    }
    assert_int_equal(query_next(cursor, &why), 1);
    log_reader_close(reader);
    query_close(cursor);
}

static void ask_some(bool index) {
    for (int i = 0; i < QUESTIONS; i++) {
        char since[TEXT_TIME_MAX], until[TEXT_TIME_MAX];
        uint64_t from = some_time(since), to = some_time(until);
        bool has_from = random_below(4) != 0, has_to = random_below(3) != 0, ledger = random_below(2) == 0;
        struct opt_value values[3] = {{&options[2], ledger ? "ledger" : "source"}};
        struct opt_args args = {.values = values, .n_values = 1};
        struct ask ask;
        if (has_from) {
            values[args.n_values++] = (struct opt_value){&options[0], since};
        }
        if (has_to) {
            values[args.n_values++] = (struct opt_value){&options[1], until};
        }
        clock_at = __real_clock_wall_ns();
        if (has_from && has_to && from > to) { /* it ends before it begins */
            assert_int_equal(ask_read(&ask, &args, &asked, &why), ERR_NOTFOUND);
        } else {
            must(ask_read(&ask, &args, &asked, &why));
            ask.query.no_index = !index;
            same_events(&ask.query, ledger, has_from ? &from : NULL, has_to ? &to : NULL);
        }
        clock_at = 0;
        ask_done(&ask);
    }
}

static void times_by_either_clock_match_what_reading_every_event_finds(void **state) {
    (void)state;
    ask_some(false);
    must(query_index_build(s.ledger, NULL, &why));
    ask_some(true);
}

/* Events sealed after one clock reading of 2099 have that time. */
static void what_a_wrong_clock_left_behind_is_not_of_the_last_hour(void **state) {
    struct opt_value value = {&options[0], "1h"};
    struct opt_args args = {.values = &value, .n_values = 1};
    struct query_cursor *cursor;
    struct query_value time;
    struct ask ask;
    (void)state;
    must(ask_read(&ask, &args, &asked, &why));
    must(query_open(s.ledger, &ask.query, &cursor, &why));
    while (query_next(cursor, &why) == 0) {
        must(query_get(cursor, QUERY_HAPPENED, &time, &why));
        assert_true((uint64_t)time.int_ <= clock_wall_ns() + 3600 * CLOCK_NS_PER_S);
    }
    query_close(cursor);
    ask_open_end(&ask); /* new events are followed, whatever their time */
    assert_int_equal(ask.query.n_terms, 1);
    ask_done(&ask);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_by_either_clock_match_what_reading_every_event_finds),
        cmocka_unit_test(what_a_wrong_clock_left_behind_is_not_of_the_last_hour),
    };
    return cmocka_run_group_tests(tests, start, finish);
}
