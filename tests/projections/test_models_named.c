/* Models named by runs, evaluations and routes: listed, marked as unregistered, and merged with what they turn out to be.
 * By hand, and against a simple reference over random histories. */
#include "base/clock.h"
#include "base/json.h"
#include "tests/projections/state_box.h"

#define D(digit) "sha256:" digit digit digit digit digit digit digit digit
#define EIGHT(d) d d d d d d d d
#define D1       D(EIGHT("1"))
#define D2       D(EIGHT("2"))

static struct box b;

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

static bool model(const char *key) {
    box_view(&b, LOG_NO_SEQ, 0);
    return box_row(&b, "models", key, NULL);
}

static void expect(const char *key, const char *what, const char *state, const char *known_by) {
    struct buf out;
    assert_true(model(key));
    box_text(&b, "digest_of", what);
    box_text(&b, "state", state);
    buf_init(&out, 1 << 16);
    const struct cell *cell = &b.row.cells[box_column(&b, "known_by")];
    assert_int_equal(cell->type, CELL_LIST);
    assert_int_equal(json_from_mp(cell->text, JSON_LINE, &out, NULL), 0);
    buf_put_u8(&out, 0);
    assert_string_equal((const char *)out.p, known_by);
    buf_done(&out);
}

static void what_is_only_used_is_listed_and_not_registered(void **state) {
    (void)state;
    uint64_t called = box_event(&b, "run.model_called", "run/1", "{\"model\":\"gpt-4o\"}");
    box_event(&b, "run.model_returned", "run/1", "{\"model\":\"gpt-4o\"}");
    expect("gpt-4o", "name", "unregistered", "[\"run\"]");
    box_text(&b, "name", "gpt-4o");
    box_int(&b, "since_seq", (int64_t)called);
    uint64_t evaluated = box_event(&b, "eval.imported", "eval/e", "{\"harness\":\"lm_eval\",\"model\":\"gpt-4o\"}");
    expect("gpt-4o", "name", "unregistered", "[\"run\",\"eval\"]");
    box_int(&b, "updated_seq", (int64_t)evaluated);
    box_event(&b, "route.decided", "route/r", "{\"decision\":\"primary\",\"model\":\"m\",\"digest\":\"" D1 "\"}");
    expect(D1, "weights", "unregistered", "[\"route\"]");
    assert_false(model("m")); /* its weights represent it */
    box_event(&b, "run.model_called", "run/2", "{\"model\":\"m\"}");
    assert_false(model("m"));
    box_event(&b, "run.model_called", "run/2", NULL);
    box_event(&b, "eval.benchmarked", "model/fast", "{\"model\":\"fast\",\"tokens_per_second\":3}");
    expect("fast", "name", "unregistered", "[\"eval\"]");
}

static void what_is_told_of_it_later_takes_its_place(void **state) {
    (void)state;
    box_event(&b, "run.model_called", "run/1", "{\"model\":\"tiny\"}");
    box_event(&b, "run.model_called", "run/1", "{\"model\":\"big:70b\"}");
    box_event(&b, "eval.started", "eval/e", "{\"digest\":\"" D1 "\"}");
    box_event(&b, "model.observed", "model/big:70b", "{\"model\":\"big:70b\",\"runtime\":\"lmstudio\"}");
    expect("big:70b", "name", "present", "[\"run\",\"model\"]");
    box_event(&b, "model.observed", "model/tiny:latest",
              "{\"model\":\"tiny:latest\",\"runtime\":\"ollama\",\"manifest_digest\":\"" D2 "\"}");
    assert_false(model("tiny"));
    assert_false(model("tiny:latest"));
    expect(D2, "manifest", "present", "[\"model\",\"run\"]");
    box_event(&b, "model.identified", "model/" D1,
              "{\"model\":\"tiny:latest\",\"runtime\":\"ollama\",\"manifest_digest\":\"" D2 "\",\"digest\":\"" D1 "\"}");
    assert_false(model(D2));
    expect(D1, "weights", "present", "[\"eval\",\"model\",\"run\"]");
    box_event(&b, "run.model_called", "run/1", "{\"model\":\"tiny\",\"digest\":\"" D2 "\"}"); /* by its manifest */
    assert_false(model(D2));
}

static void what_a_program_is_evaluated_on_is_no_model(void **state) {
    (void)state;
    box_event(&b, "eval.started", "eval/e", "{\"digest\":\"" D1 "\",\"program_digest\":\"" D2 "\"}");
    box_event(&b, "eval.finished", "eval/e", "{\"digest\":\"" D1 "\",\"program_digest\":\"" D2 "\"}");
    assert_false(model(D1));
    box_event(&b, "eval.started", "eval/f", "{\"digest\":\"" D1 "\"}");
    expect(D1, "weights", "unregistered", "[\"eval\"]");
}

static void a_name_of_a_remote_service_is_listed_as_that(void **state) {
    (void)state;
    box_event(&b, "model.observed", "model/cloud:480b",
              "{\"model\":\"cloud:480b\",\"runtime\":\"ollama\",\"remote\":true}");
    expect("cloud:480b", "name", "remote", "[\"model\"]");
    box_event(&b, "model.removed", "model/cloud:480b", "{\"model\":\"cloud:480b\",\"runtime\":\"ollama\"}");
    expect("cloud:480b", "name", "removed", "[\"model\"]");
    box_event(&b, "model.alias_set", "alias/best", "{\"alias\":\"best\",\"model\":\"cloud:480b\",\"runtime\":\"ollama\"}");
    assert_false(model("best")); /* a name of a name */
}

static void more_digests_of_a_name_than_are_kept_change_nothing_else(void **state) {
    (void)state;
    char json[256], digest[80];
    for (unsigned i = 0; i < 20; i++) {
        snprintf(digest, sizeof(digest), "sha256:%064u", i);
        snprintf(json, sizeof(json), "{\"model\":\"often\",\"digest\":\"%s\"}", digest);
        box_event(&b, "run.model_called", "run/1", json);
        box_event(&b, "run.model_called", "run/1", json);
        expect(digest, "weights", "unregistered", "[\"run\"]");
    }
    assert_false(model("often"));
}

static void the_same_name_with_its_tag_is_one_model(void **state) {
    (void)state;
    box_event(&b, "run.model_called", "run/1", "{\"model\":\"a\"}");
    box_event(&b, "eval.started", "eval/e", "{\"model\":\"a:latest\"}");
    expect("a:latest", "name", "unregistered", "[\"eval\",\"run\"]");
    assert_false(model("a"));
    box_event(&b, "model.observed", "model/b", "{\"model\":\"b\",\"runtime\":\"vllm\"}");
    box_event(&b, "run.model_called", "run/1", "{\"model\":\"b\"}");
    box_event(&b, "model.observed", "model/b:latest", "{\"model\":\"b:latest\",\"runtime\":\"lmstudio\"}");
    box_event(&b, "run.model_called", "run/1", "{\"model\":\"b\"}"); /* from now on it is the other one */
    expect("b:latest", "name", "present", "[\"model\",\"run\"]");
}

/* ---- the reference ---- */

enum { A, A_LATEST, TAGGED, NAMES };
static const char *const names[NAMES] = {"a", "a:latest", "b:1"};
static const char *const digests[] = {D1, D2};
static const char *const runtimes[] = {"ollama", "vllm"};
enum { DIGESTS = 2, RUNTIMES = 2, MODEL = 1, RUN = 2, EVAL = 4 };

struct listed {
    bool there, registered;
    unsigned by;
};
struct world {
    size_t leads[RUNTIMES][NAMES]; /* digest + 1; 0: nowhere */
    bool used[NAMES];
    unsigned told[NAMES]; /* a bit for each digest that was given with it where it was used */
    struct listed name[NAMES], digest[DIGESTS];
};

static uint64_t x;

static uint64_t below(uint64_t n) {
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return (x >> 11) % n;
}

static bool leads_somewhere(const struct world *w, size_t n) {
    return w->used[n] || w->leads[0][n] > 0 || w->leads[1][n] > 0;
}

static bool is_known(const struct world *w, size_t n) {
    return leads_somewhere(w, n) || (n == A && leads_somewhere(w, A_LATEST));
}

static void become(struct world *w, size_t n, struct listed *what) {
    if (w->name[n].there && what != NULL) {
        what->by |= w->name[n].by;
    }
    w->name[n] = (struct listed){0};
}

static void become_with_latest(struct world *w, size_t n, struct listed *what) {
    become(w, n, what);
    if (n == A_LATEST) {
        become(w, A, what);
    }
}

static void registered(struct world *w, size_t runtime, size_t n) {
    size_t leads = w->leads[runtime][n];
    if (is_known(w, n)) {
        become_with_latest(w, n, leads > 0 ? &w->digest[leads - 1] : NULL);
        return;
    }
    w->name[n].there = w->name[n].registered = true;
    w->name[n].by |= MODEL;
    if (n == A_LATEST && !w->name[A].registered) {
        become(w, A, &w->name[n]);
    }
}

static void mentioned(struct world *w, size_t n, unsigned family) {
    if (!is_known(w, n)) {
        struct listed *is = n == A && w->name[A_LATEST].there ? &w->name[A_LATEST] : &w->name[n];
        is->there = true;
        is->by |= family;
        if (n == A_LATEST && !w->name[A].registered) { /* the same, without its tag */
            become(w, A, is);
        }
    }
}

static void mentioned_with(struct world *w, size_t n, size_t digest, unsigned family) {
    struct listed *is = &w->digest[digest];
    is->there = true;
    is->by |= family;
    w->used[n] = true;
    w->told[n] |= 1U << digest;
    become_with_latest(w, n, is);
}

static void event(struct world *w) {
    size_t n = below(NAMES), digest = below(DIGESTS), runtime = below(RUNTIMES), what = below(9);
    char subject[64], named[128], in[160], json[320];
    snprintf(subject, sizeof(subject), "model/%s", names[n]);
    snprintf(named, sizeof(named), "\"model\":\"%s\"", names[n]);
    snprintf(in, sizeof(in), "%s,\"runtime\":\"%s\"", named, runtimes[runtime]);
    if (what <= 1) {
        snprintf(json, sizeof(json), "{%s,\"digest\":\"%s\"}", in, digests[digest]);
        box_event(&b, "model.observed", subject, json);
        w->leads[runtime][n] = digest + 1;
        w->digest[digest].there = w->digest[digest].registered = true;
        w->digest[digest].by |= MODEL;
        registered(w, runtime, n);
    } else if (what <= 4) {
        snprintf(json, sizeof(json), "{%s%s}", in, what == 4 ? ",\"remote\":true" : "");
        box_event(&b, what == 3 ? "model.removed" : "model.observed", subject, json);
        w->leads[runtime][n] = what == 4 ? 0 : w->leads[runtime][n];
        registered(w, runtime, n);
    } else if (what <= 6) {
        snprintf(json, sizeof(json), "{%s}", named);
        box_event(&b, what == 5 ? "run.model_called" : "eval.started", what == 5 ? "run/r" : "eval/e", json);
        mentioned(w, n, what == 5 ? RUN : EVAL);
    } else if (what == 7) {
        snprintf(json, sizeof(json), "{%s,\"digest\":\"%s\"}", named, digests[digest]);
        box_event(&b, "run.model_called", "run/r", json);
        mentioned_with(w, n, digest, RUN);
    } else {
        bool handed = below(2) == 0; /* to a program: it is of no weights */
        snprintf(json, sizeof(json), "{\"digest\":\"%s\"%s}", digests[digest],
                 handed ? ",\"program_digest\":\"sha256:"
                          "9999999999999999999999999999999999999999999999999999999999999999\""
                        : "");
        box_event(&b, "eval.finished", "eval/e", json);
        w->digest[digest].there = w->digest[digest].there || !handed;
        w->digest[digest].by |= handed ? 0 : EVAL;
    }
}

static unsigned families(void) {
    static const char *const words[] = {"\"model\"", "\"run\"", "\"eval\""};
    const struct cell *cell = &b.row.cells[box_column(&b, "known_by")];
    unsigned by = 0;
    struct buf out;
    buf_init(&out, 1 << 16);
    assert_int_equal(json_from_mp(cell->text, JSON_LINE, &out, NULL), 0);
    for (unsigned i = 0; i < 3; i++) {
        by |= memmem(out.p, out.n, words[i], strlen(words[i])) != NULL ? 1U << i : 0;
    }
    buf_done(&out);
    return by;
}

static void compare(const char *key, const char *what, const struct listed *is) {
    bool there = box_row(&b, "models", key, NULL);
    if (there != is->there) {
        fail_msg("'%s' is %slisted", key, there ? "" : "not ");
    }
    if (there) {
        box_text(&b, "digest_of", what);
        assert_int_equal(families(), is->by);
        assert_true(row_is(&b.row, box_column(&b, "state"), "unregistered") == !is->registered);
    }
}

/* The digests that were given with a name: it is found by these. */
static void compare_told(size_t n, unsigned told) {
    struct buf out;
    buf_init(&out, 1 << 16);
    if (box_row(&b, "model_known", names[n], NULL)) {
        const struct cell *cell = &b.row.cells[box_column(&b, "digests")];
        assert_int_equal(cell->type == CELL_LIST, told != 0);
        assert_int_equal(told != 0 ? json_from_mp(cell->text, JSON_LINE, &out, NULL) : 0, 0);
    }
    for (size_t d = 0; d < DIGESTS; d++) {
        bool has = out.n > 0 && memmem(out.p, out.n, digests[d], strlen(digests[d])) != NULL;
        assert_int_equal(has, (told >> d) & 1);
    }
    buf_done(&out);
}

static void listed_is_what_the_reference_lists(void **state) {
    (void)state;
    const char *one = getenv("LEDGER_SEED");
    const uint64_t random = clock_wall_ns() | 1, seeds[] = {one != NULL ? strtoull(one, NULL, 10) : 1, 11, 77, random};
    print_message("random seed: LEDGER_SEED=%llu\n", (unsigned long long)random);
    for (size_t i = 0; i < (one != NULL ? 1 : 4); i++) {
        for (size_t history = 0; history < 12; history++) {
            struct world w = {0};
            x = seeds[i] + (history << 32);
            for (size_t k = 0; k < 12; k++) {
                event(&w);
                box_view(&b, LOG_NO_SEQ, 0);
                for (size_t n = 0; n < NAMES; n++) {
                    compare(names[n], "name", &w.name[n]);
                    compare_told(n, w.told[n]);
                }
                for (size_t d = 0; d < DIGESTS; d++) {
                    compare(digests[d], "weights", &w.digest[d]);
                }
            }
            box_close(&b);
            box_open(&b);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_only_used_is_listed_and_not_registered, start, finish),
        cmocka_unit_test_setup_teardown(what_a_program_is_evaluated_on_is_no_model, start, finish),
        cmocka_unit_test_setup_teardown(what_is_told_of_it_later_takes_its_place, start, finish),
        cmocka_unit_test_setup_teardown(a_name_of_a_remote_service_is_listed_as_that, start, finish),
        cmocka_unit_test_setup_teardown(the_same_name_with_its_tag_is_one_model, start, finish),
        cmocka_unit_test_setup_teardown(more_digests_of_a_name_than_are_kept_change_nothing_else, start, finish),
        cmocka_unit_test_setup_teardown(listed_is_what_the_reference_lists, start, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
