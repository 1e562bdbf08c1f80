/* What runs are reported to consist of, and which of their events do not count, against the simplest reference: the test
 * keeps a list of what it wrote and corrected, and queries at every size of the log. */
#include <time.h>

#include "cli/view/run_made.h"
#include "tests/projections/state_box.h"

#define EVENTS 60
#define RUNS   2

static const char *const runs[RUNS] = {"a", "b"};

/* What an event says, and about what. */
static struct kept {
    const char *run, *about;
    char model[8], tool[8];
    bool bounds, correction;
    uint64_t corrected_by; /* LOG_NO_SEQ: it counts */
} kept[EVENTS + 16];
static uint64_t draws;

static unsigned draw(unsigned n) {
    draws = draws * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(draws >> 40) % n;
}

/* An event of a run, of a run and about another, or about a run alone. */
static void write_event(struct box *box, uint64_t seq) {
    static const char *const kinds[] = {"run.model_called", "run.tool_called", "run.started", "run.finished",
                                        "route.decided"};
    struct kept *k = &kept[seq];
    unsigned kind = draw(5);
    char subject[16], json[128] = "{";
    *k = (struct kept){.bounds = kind == 2 || kind == 3, .corrected_by = LOG_NO_SEQ};
    k->run = draw(4) == 0 ? "" : runs[draw(RUNS)];
    k->about = kind == 4 ? "" : draw(3) == 0 || *k->run == '\0' ? runs[draw(RUNS)] : k->run;
    snprintf(subject, sizeof(subject), "%s/%s", kind == 4 ? "route" : "run", kind == 4 ? "r" : k->about);
    if (kind == 0 || kind == 4) {
        snprintf(k->model, sizeof(k->model), "m%u", draw(4));
        snprintf(json, sizeof(json), "{\"model\":\"%s\"%s", k->model, kind == 4 ? ",\"decision\":\"primary\"" : "");
    } else if (kind == 1) {
        snprintf(k->tool, sizeof(k->tool), "t%u", draw(4));
        snprintf(json, sizeof(json), "{\"tool\":\"%s\"", k->tool);
    }
    snprintf(json + strlen(json), sizeof(json) - strlen(json), "}");
    assert_int_equal(box_put(box, kinds[kind], subject, k->run, json, true), seq);
}

/* An event that cannot be corrected, or already was, is not. */
static bool correct_one(struct box *box, uint64_t size) {
    struct log_receipt receipt;
    const struct log_correct_options o = {
        .seq = draw((unsigned)size), .replaced_by = LOG_NO_SEQ, .reason = "mistake", .actor = "user:test"};
    if (log_correct(box->ledger, &o, &receipt, &box->err) != 0) return false;
    assert_int_equal(receipt.seq, size);
    kept[size] = (struct kept){.correction = true, .corrected_by = LOG_NO_SEQ};
    kept[o.seq].corrected_by = receipt.seq;
    return true;
}

/* The run to which the states attribute it. */
static const char *owner(const struct kept *k) {
    return *k->about != '\0' && (k->bounds || *k->run == '\0') ? k->about : k->run;
}

/* "m0, m2", in the order of the names. */
static void expect(const char *run, uint64_t at, bool tools, struct buf *out) {
    for (unsigned i = 0; i < 4; i++) {
        char name[8];
        bool any = false;
        snprintf(name, sizeof(name), "%c%u", tools ? 't' : 'm', i);
        for (uint64_t seq = 1; seq < at; seq++) {
            const struct kept *k = &kept[seq];
            any = any || (!k->correction && strcmp(owner(k), run) == 0 && k->corrected_by >= at &&
                          strcmp(tools ? k->tool : k->model, name) == 0);
        }
        if (any) {
            buf_printf(out, "%s%s", out->n > 0 ? ", " : "", name);
        }
    }
}

static void check_values(const struct run_made *made, const char *trait, const char *run, uint64_t at, uint64_t seed) {
    struct buf expected;
    size_t i = 0;
    while (strcmp(run_trait(i), trait) != 0) {
        i++;
    }
    buf_init(&expected, 4096);
    expect(run, at, strcmp(trait, "tools") == 0, &expected);
    if (!bytes_eq(bytes_of_buf(&expected), bytes_of_buf(&made->values[i]))) {
        fail_msg("seed %llu, run %s of %llu events: %s are '%.*s', and not '%.*s'", (unsigned long long)seed, run,
                 (unsigned long long)at, trait, (int)made->values[i].n, (const char *)made->values[i].p, (int)expected.n,
                 (const char *)expected.p);
    }
    buf_done(&expected);
}

/* Each of its events that was corrected, once, with the correction; no other. */
static void check_corrected(const struct run_made *made, const char *run, uint64_t at) {
    size_t n = 0, wanted = 0;
    const struct corrected_one *one;
    for (; (one = run_made_corrected(made, n)) != NULL; n++) {
        assert_string_equal(owner(&kept[one->seq]), run);
        assert_true(one->by < at && one->by == kept[one->seq].corrected_by);
        for (size_t k = 0; k < n; k++) {
            assert_true(run_made_corrected(made, k)->seq != one->seq);
        }
    }
    for (uint64_t seq = 1; seq < at; seq++) {
        wanted += !kept[seq].correction && strcmp(owner(&kept[seq]), run) == 0 && kept[seq].corrected_by < at;
    }
    assert_int_equal(n, wanted);
}

static void one_history(uint64_t seed) {
    static const volatile int stop;
    struct corrected corrected = {0};
    struct box box;
    uint64_t size = 1;
    draws = seed * 2654435761U + 1;
    box_open(&box);
    kept[0] = (struct kept){.correction = true, .corrected_by = LOG_NO_SEQ};
    while (size < EVENTS) {
        if (draw(4) != 0) {
            write_event(&box, size++);
        } else {
            size += correct_one(&box, size);
        }
    }
    assert_int_equal(corrected_load_all(box.ledger, NULL, &corrected, &box.err), 0);
    assert_true(corrected.n > 0);
    for (uint64_t at = 1; at <= size; at++) {
        const struct run_made_plan plan = {box.ledger, &corrected, at, &stop, NULL};
        for (size_t i = 0; i < RUNS; i++) {
            struct run_made made;
            assert_int_equal(run_made_find(&plan, bytes_of(runs[i]), &made, &box.err), 0);
            assert_true(made.whole);
            check_values(&made, "model", runs[i], at, seed);
            check_values(&made, "tools", runs[i], at, seed);
            check_corrected(&made, runs[i], at);
            run_made_done(&made);
        }
    }
    corrected_done(&corrected);
    box_close(&box);
}

static void a_run_is_made_of_its_events_but_for_the_mistakes(void **state) {
    const char *given = getenv("SEED");
    struct timespec now;
    (void)state;
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t random = given != NULL ? strtoull(given, NULL, 10) : (uint64_t)now.tv_nsec % 1000000;
    print_message("SEED=%llu\n", (unsigned long long)random);
    for (uint64_t seed = 1; seed <= 4 && given == NULL; seed++) {
        one_history(seed);
    }
    one_history(random);
}

/* Written by somebody who holds the keys and names another leaf: states ignore it, so comparisons do too. */
static void a_correction_that_names_another_leaf_does_not_hold(void **state) {
    static const volatile int stop;
    struct corrected corrected = {0};
    struct run_made made;
    struct box box;
    char json[300];
    (void)state;
    box_open(&box);
    uint64_t seq = box_event_of(&box, "run.tool_called", "run/a", "a", "{\"tool\":\"t0\"}");
    snprintf(json, sizeof(json),
             "{\"seq\":%llu,\"leaf\":\"%064d\",\"reason\":\"lie\",\"kind\":\"run.tool_called\",\"subject\":\"run/a\"}",
             (unsigned long long)seq, 0);
    box_odd(&box, "ledger.corrected", "event/1", json);
    assert_int_equal(corrected_load_all(box.ledger, NULL, &corrected, &box.err), 0);
    assert_int_equal(corrected.n, 1);
    const struct run_made_plan plan = {box.ledger, &corrected, LOG_NO_SEQ, &stop, NULL};
    assert_int_equal(run_made_find(&plan, bytes_of("a"), &made, &box.err), 0);
    assert_null(run_made_corrected(&made, 0));
    run_made_done(&made);
    corrected_done(&corrected);
    box_close(&box);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_is_made_of_its_events_but_for_the_mistakes),
        cmocka_unit_test(a_correction_that_names_another_leaf_does_not_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
