/* Tools: their counts, against a plain count over random histories. */
#include "base/clock.h"
#include "tests/projections/state_box.h"

#define AGENTS 2
#define TOOLS  3
#define EVENTS 60

static struct box b;
static uint64_t x;

static int start(void **state) {
    (void)state;
    box_open(&b);
    return 0;
}

static int finish(void **state) {
    (void)state;
    box_close(&b);
    return 0;
}

static uint64_t below(uint64_t n) {
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return (x >> 11) % n;
}

struct counted {
    int64_t calls, answers, errors;
};

static void expect(const struct counted *is, size_t agent, size_t tool) {
    char names[2][8];
    snprintf(names[0], sizeof(names[0]), "a%zu", agent);
    snprintf(names[1], sizeof(names[1]), "t%zu", tool);
    bool there = box_row(&b, "tools", names[0], "", names[1], NULL);
    assert_true(there == (is->calls + is->answers > 0));
    if (there) {
        box_int(&b, "calls", is->calls);
        box_int(&b, "answers", is->answers);
        box_int(&b, "errors", is->errors);
        box_int(&b, "uncalled", is->answers > is->calls ? is->answers - is->calls : 0);
        assert_true(row_has(&b.row, box_column(&b, "uncalled")) == (is->answers > is->calls));
    }
}

static void random_history(uint64_t seed) {
    struct counted counted[AGENTS][TOOLS] = {{{0}}};
    x = seed;
    for (size_t i = 0; i < EVENTS; i++) {
        size_t agent = below(AGENTS), tool = below(TOOLS);
        struct counted *is = &counted[agent][tool];
        bool called = below(2) == 0, ok = below(3) > 0;
        char json[120];
        int n = snprintf(json, sizeof(json), "{\"agent\":\"a%zu\",\"tool\":\"t%zu\"", agent, tool);
        snprintf(json + n, sizeof(json) - (size_t)n, "%s}", called ? "" : ok ? ",\"ok\":true" : ",\"ok\":false");
        box_event_of(&b, called ? "run.tool_called" : "run.tool_returned", "run/r", "r", json);
        is->calls += called;
        is->answers += !called;
        is->errors += !called && !ok;
    }
    box_view(&b, LOG_NO_SEQ, 0);
    for (size_t i = 0; i < AGENTS * TOOLS; i++) {
        expect(&counted[i / TOOLS][i % TOOLS], i / TOOLS, i % TOOLS);
    }
}

static void an_answer_is_no_call(void **state) {
    (void)state;
    const char *one = getenv("LEDGER_SEED");
    const uint64_t random = clock_wall_ns() | 1, seeds[] = {one != NULL ? strtoull(one, NULL, 10) : 1, 7, 113, random};
    print_message("random seed: LEDGER_SEED=%llu\n", (unsigned long long)random);
    for (size_t i = 0; i < (one != NULL ? 1 : sizeof(seeds) / sizeof(seeds[0])); i++) {
        random_history(seeds[i]);
        box_close(&b);
        box_open(&b);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_answer_is_no_call, start, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
