/* Results of other programs' files: whether one counts, and what is said of it, over random histories against a simple reference. */
#include "base/clock.h"
#include "tests/projections/proof_box.h"

#define HISTORIES 30
#define STEPS     6

static uint64_t x;

static uint64_t below(uint64_t n) {
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return (x >> 11) % n;
}

/* ---- the reference ---- */

static const struct {
    const char *reason, *words; /* words: it is about files */
} reasons[] = {{"limit", NULL},
               {"effective_samples", NULL},
               {"samples_missing", "a file of its samples was not there when it was imported"},
               {"samples_fewer", "its files have fewer samples than it counts"},
               {"samples_differ", "the samples beside its result file are not those that it names"}};
#define REASONS (sizeof(reasons) / sizeof(reasons[0]))
#define OTHERS  3u /* bits of those that are not about files */

enum whole { NOBODY_SAYS, WHOLE, PART };

struct told {
    bool imported, bound;
    enum whole whole;
    unsigned reasons;  /* that are all of what makes it partial; 0: there are others */
    int value;         /* tenths; its only score */
    int own, of_suite; /* thresholds in tenths; NONE */
};
#define NONE (-100)

/* A part stays one until the file is imported again; nobody's reasons replace those of the file. */
static void say(struct told *t, bool import, enum whole whole, bool said, unsigned given) {
    bool part = !import && t->whole == PART;
    t->reasons = import ? 0 : t->reasons;
    t->whole = part ? PART : given != 0 ? PART : said || import ? whole : t->whole;
    if (said && whole == PART && given == 0) {
        t->reasons = 0;
    } else if (given != 0 && !part) {
        t->reasons = given;
    }
}

static bool asks(const struct told *t, int threshold) {
    return threshold != NONE && !(threshold <= 0 && t->value >= 0);
}

static size_t held(const struct told *t, bool *ret_pass) {
    const int all[] = {t->own, t->bound ? t->of_suite : NONE};
    size_t n = 0;
    *ret_pass = true;
    for (size_t i = 0; i < 2; i++) {
        n += asks(t, all[i]);
        *ret_pass = *ret_pass && (!asks(t, all[i]) || t->value >= all[i]);
    }
    return n;
}

/* ---- its events ---- */

static void put(char *body, size_t max, const char *text) {
    size_t n = strlen(body);
    snprintf(body + n, max - n, "%s", text);
}

static void put_reasons(char *body, size_t max, unsigned given) {
    size_t n = strlen(body);
    for (size_t i = 0; i < REASONS; i++) {
        bool first = (given & ((1u << i) - 1)) == 0;
        if ((given & (1u << i)) == 0) continue;
        n += (size_t)snprintf(body + n, max - n, "%s\"%s\"", first ? ", \"partial_reasons\": [" : ", ", reasons[i].reason);
    }
    if (given != 0) snprintf(body + n, max - n, "]");
}

static void put_tenths(char *body, size_t max, const char *name, int tenths) {
    size_t n = strlen(body);
    if (tenths != NONE)
        snprintf(body + n, max - n, ", \"%s\": %s%d.%d", name, tenths < 0 ? "-" : "", abs(tenths) / 10, abs(tenths) % 10);
}

static void step(struct box *box, struct told *t) {
    static const char *const words[] = {", \"partial\": null", ", \"partial\": false", ", \"partial\": true"};
    bool import = !t->imported || below(3) == 0;
    bool said = below(2) == 0;
    enum whole whole = said ? (enum whole)(import ? below(3) : 1 + below(2)) : NOBODY_SAYS;
    unsigned given = !import || below(3) != 0 ? 0 : (unsigned)below(1u << REASONS);
    char body[1024];
    if (import) {
        snprintf(body, sizeof(body),
                 "{\"harness\": \"lm_eval\", \"file_digest\": \"" CONFIG "\", \"digest\": \"" WEIGHTS "\"%s",
                 said ? words[whole] : "");
    } else {
        snprintf(body, sizeof(body), "{\"suite\": \"s\"%s", said ? words[whole] : "");
        t->bound = true;
    }
    put_reasons(body, sizeof(body) - 1, given);
    put(body, sizeof(body), "}");
    box_event(box, import ? "eval.imported" : "eval.finished", "eval/e", body);
    say(t, import, whole, said, given);
    t->imported = true;
}

static int tenths(void) {
    static const int all[] = {NONE, -5, 0, 3, 6, 9};
    return all[below(6)];
}

static void begin(struct box *box, struct told *t) {
    char body[512];
    *t = (struct told){.value = (int)below(12) - 1, .own = tenths(), .of_suite = tenths()};
    snprintf(body, sizeof(body), "{\"suite\": \"s\", \"tasks\": [{\"name\": \"t\", \"metric\": \"acc\"");
    put_tenths(body, sizeof(body) - 3, "threshold", t->of_suite);
    put(body, sizeof(body), "}]}");
    box_event(box, "eval.suite_declared", "suite/s", body);
    step(box, t);
    snprintf(body, sizeof(body), "{\"task\": \"t\", \"metric\": \"acc\", \"higher_is_better\": true");
    put_tenths(body, sizeof(body) - 1, "value", t->value);
    put_tenths(body, sizeof(body) - 1, "value_sampled", t->value);
    put_tenths(body, sizeof(body) - 1, "threshold", t->own);
    put(body, sizeof(body), "}");
    box_event(box, "eval.scored", "eval/e", body);
}

static void holds(struct box *box, const char *words, bool expected) {
    struct bytes reason = row_text(&box->row, box_column(box, "reason"));
    bool there = reason.n > 0 && memmem(reason.p, reason.n, words, strlen(words)) != NULL;
    if (there != expected) {
        fail_msg("the reason '%.*s' %s '%s'", (int)reason.n, (const char *)reason.p, expected ? "lacks" : "has", words);
    }
}

static void check(struct box *box, const struct told *t) {
    bool pass, files = t->reasons != 0;
    size_t n = held(t, &pass);
    box_view(box, LOG_NO_SEQ, 0);
    assert_true(box_row(box, "evals", "e", NULL));
    for (size_t i = 0; i < REASONS; i++) {
        if (reasons[i].words != NULL) holds(box, reasons[i].words, (t->reasons & (1u << i)) != 0);
    }
    holds(box, "only a part of its samples was run", t->whole == PART && (!files || (t->reasons & OTHERS) != 0));
    holds(box, "nothing says that all of its samples were run", t->whole == NOBODY_SAYS);
    holds(box, "none of its scores was held against a threshold", n == 0);
    holds(box, "on the wrong side of its threshold", n > 0 && !pass);
    assert_int_equal(row_bool(&box->row, box_column(box, "counts")), t->whole == WHOLE && n > 0 && pass);
}

static void a_file_counts_when_it_is_whole_and_reaches_what_could_be_missed(void **state) {
    size_t counted = 0;
    (void)state;
    const char *given = getenv("LEDGER_TEST_SEED");
    x = (given != NULL ? strtoull(given, NULL, 10) : clock_wall_ns()) | 1;
    print_message("LEDGER_TEST_SEED=%llu\n", (unsigned long long)x);
    for (size_t i = 0; i < HISTORIES; i++) {
        struct told t;
        struct box box;
        box_open(&box);
        begin(&box, &t);
        for (size_t k = 0; k < STEPS; k++) {
            check(&box, &t);
            counted += row_bool(&box.row, box_column(&box, "counts"));
            step(&box, &t);
        }
        box_close(&box);
    }
    print_message("%zu times it counted\n", counted);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_counts_when_it_is_whole_and_reaches_what_could_be_missed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
