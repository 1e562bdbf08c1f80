/* Which evaluations belong to a candidate, and what is reported for one that only omitted a binding: over random histories
 * against a reference that keeps the newest of each kind. Seeds are fixed, and one is random and printed; LEDGER_SEED=N
 * tries that one. */
#include "base/clock.h"
#include "projections/rows/list.h"
#include "tests/projections/proof_box.h"

#define D1     DIGEST("1")
#define D2     DIGEST("2")
#define ROUNDS 60

static struct box b;
static uint64_t x;

static uint64_t below(uint64_t n) {
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return (x >> 11) % n;
}

/* What the rule reports about the candidate; false: it is met. */
static bool finding(const char *rule, char ret[512]) {
    struct list list;
    struct bytes item, text;
    bool found = false;
    box_view(&b, LOG_NO_SEQ, 0);
    assert_true(box_row(&b, "promotions", "p", NULL));
    const struct cell *cell = &b.row.cells[box_column(&b, "missing")];
    list_open(&list, cell->type == CELL_LIST ? cell->text : (struct bytes){0});
    while (!found && list_next(&list, &item)) {
        found = list_text(item, "rule", &text) && bytes_is(text, rule);
        if (found && list_text(item, "reason", &text)) {
            snprintf(ret, 512, "%.*s", (int)text.n, (const char *)text.p);
        }
    }
    return found;
}

static void expect_why(const char *why) {
    char reason[512] = "", words[512];
    snprintf(words, sizeof(words), "no full pass for sha256:111111111111: %s", why);
    assert_true(finding("promotion.proof", reason));
    assert_string_equal(reason, words);
}

static void an_evaluation_that_forgot_whose_it_is_is_told_of(void **state) {
    (void)state;
    box_open(&b);
    box_event(&b, "promotion.planned", "promotion/p", "{\"what\": \"route\", \"route\": \"r\", \"digest\": \"" D1 "\"}");
    expect_why("nothing was evaluated");
    box_eval(&b, "eval/q", "{\"suite\": \"s\", \"route\": \"q\", \"config_digest\": \"" D1 "\", \"verdict\": \"pass\"}");
    box_eval(&b, "eval/o", "{\"suite\": \"s\", \"route\": \"r\", \"config_digest\": \"" D2 "\", \"verdict\": \"pass\"}");
    expect_why("nothing was evaluated");
    uint64_t weights = box_eval(&b, "eval/e", "{\"suite\": \"s\", \"digest\": \"" D1 "\", \"verdict\": \"pass\"}");
    expect_why("eval 'e' names no route and no configuration");
    box_cites(&b, weights);
    box_eval(&b, "eval/c", "{\"suite\": \"s\", \"config_digest\": \"" D1 "\", \"verdict\": \"pass\"}");
    expect_why("eval 'c' names no route");
    box_eval(&b, "eval/r", "{\"suite\": \"s\", \"route\": \"r\", \"digest\": \"" D1 "\", \"verdict\": \"pass\"}");
    expect_why("eval 'r' names no configuration");
    box_event(&b, "promotion.planned", "promotion/p",
              "{\"what\": \"pack\", \"pack\": \"k\", \"version\": \"2\", \"digest\": \"" D1 "\"}");
    expect_why("nothing was evaluated");
    box_eval(&b, "eval/k", "{\"suite\": \"s\", \"pack\": \"k\", \"digest\": \"" D2 "\", \"verdict\": \"pass\"}");
    expect_why("eval 'k' names no version of the pack");
    box_close(&b);
}

/* An evaluation opens it just when name, version and the digest of the files are the candidate's. */
static void a_pack_is_promoted_by_what_evaluated_its_files(void **state) {
    static const char *const packs[] = {"k", "other"}, *const versions[] = {"2", "1"}, *const digests[] = {D1, D2, NULL};
    (void)state;
    for (int i = 0; i < 12; i++) {
        const char *digest = digests[i % 3];
        char json[512], reason[512] = "";
        box_open(&b);
        box_event(&b, "promotion.planned", "promotion/p",
                  "{\"what\": \"pack\", \"pack\": \"k\", \"version\": \"2\", \"digest\": \"" D1 "\"}");
        snprintf(json, sizeof(json),
                 "{\"suite\": \"s\", \"digest\": \"" D2
                 "\", \"pack\": \"%s\", \"pack_version\": \"%s\"%s%s%s, \"verdict\": \"pass\"}",
                 packs[i / 6], versions[i / 3 % 2], digest != NULL ? ", \"pack_digest\": \"" : "",
                 digest != NULL ? digest : "", digest != NULL ? "\"" : "");
        box_eval(&b, "eval/e", json);
        if (finding("promotion.proof", reason) == (i == 0)) fail_msg("%s: %s", json, reason);
        box_close(&b);
    }
}

/* The index has it under the first route that it named, too. */
static void an_evaluation_that_came_to_name_another_route_is_not_of_the_first(void **state) {
    char reason[512];
    (void)state;
    box_open(&b);
    box_event(&b, "promotion.planned", "promotion/p", "{\"what\": \"route\", \"route\": \"r\", \"digest\": \"" D1 "\"}");
    box_event(&b, "eval.started", "eval/e", "{\"suite\": \"s\", \"route\": \"r\", \"digest\": \"" D2 "\"}");
    box_eval(&b, "eval/e",
             "{\"suite\": \"s\", \"route\": \"q\", \"digest\": \"" D2 "\", \"config_digest\": \"" D1
             "\", \"verdict\": \"fail\"}");
    expect_why("nothing was evaluated");
    assert_false(finding("promotion.failed", reason));
    box_close(&b);
}

/* ---- random histories ---- */

struct told {
    char why[200];
    int decided; /* by the newest that decides: 1 a pass, -1 a failure; 0: none did */
    bool own;    /* the reason is from one of the candidate's own */
};

static void evaluate(unsigned i, struct told *t) {
    static const char *const routes[] = {NULL, "r", "q"}, *const digests[] = {NULL, D1, D2};
    const char *route = routes[below(3)], *config = digests[below(3)], *digest = digests[1 + below(2)];
    uint64_t how = below(12); /* 0 passes, 1 fails, others are partial */
    char json[1024], id[32];
    size_t n = (size_t)snprintf(json, sizeof(json), "{\"suite\": \"s\", \"digest\": \"%s\"", digest);
    snprintf(id, sizeof(id), "eval/e%u", i);
    n += route != NULL ? (size_t)snprintf(json + n, sizeof(json) - n, ", \"route\": \"%s\"", route) : 0;
    n += config != NULL ? (size_t)snprintf(json + n, sizeof(json) - n, ", \"config_digest\": \"%s\"", config) : 0;
    snprintf(json + n, sizeof(json) - n, ", \"verdict\": \"%s\"%s}", how == 1 ? "fail" : "pass",
             how > 1 ? ", \"partial\": true" : "");
    box_eval(&b, id, json);
    bool is_r = route == routes[1], is_d1 = config == digests[1];
    const char *lacks = is_r && config == NULL                   ? "names no configuration"
                        : route != NULL                          ? NULL
                        : is_d1                                  ? "names no route"
                        : config == NULL && digest == digests[1] ? "names no route and no configuration"
                                                                 : NULL;
    if (is_r && is_d1 && how > 1) {
        t->own = true;
        snprintf(t->why, sizeof(t->why), "eval 'e%u' does not count: only a part of its samples was run", i);
    } else if (is_r && is_d1) {
        t->decided = how == 0 ? 1 : -1;
    } else if (lacks != NULL && !t->own) {
        snprintf(t->why, sizeof(t->why), "eval 'e%u' %s", i, lacks);
    }
}

static void what_is_said_of_a_routes_evaluations_is_what_they_are(void **state) {
    const char *one = getenv("LEDGER_SEED");
    const uint64_t random = clock_wall_ns() | 1, seeds[] = {one != NULL ? strtoull(one, NULL, 10) : 1, 3, 5, random};
    size_t seen[3] = {0};
    (void)state;
    print_message("random seed: LEDGER_SEED=%llu\n", (unsigned long long)random);
    for (size_t i = 0; i < (one != NULL ? 1 : sizeof(seeds) / sizeof(seeds[0])); i++) {
        struct told t = {.why = "nothing was evaluated"};
        char reason[512];
        x = seeds[i] | 1;
        box_open(&b);
        box_event(&b, "promotion.planned", "promotion/p",
                  "{\"what\": \"route\", \"route\": \"r\", \"digest\": \"" D1 "\"}");
        for (unsigned k = 0; k < ROUNDS; k++) {
            evaluate(k, &t);
            assert_int_equal(finding("promotion.failed", reason), t.decided < 0);
            if (t.decided == 0) {
                expect_why(t.why);
            } else {
                assert_false(finding("promotion.proof", reason));
            }
            seen[t.decided + 1]++;
        }
        box_close(&b);
    }
    assert_true(one != NULL || (seen[0] > 0 && seen[1] > 0 && seen[2] > 0));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_evaluation_that_forgot_whose_it_is_is_told_of),
        cmocka_unit_test(a_pack_is_promoted_by_what_evaluated_its_files),
        cmocka_unit_test(an_evaluation_that_came_to_name_another_route_is_not_of_the_first),
        cmocka_unit_test(what_is_said_of_a_routes_evaluations_is_what_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
