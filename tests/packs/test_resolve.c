/* The resolver against brute force over small questions, and what it says when there is no plan. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/version.h"
#include "packs/resolve/resolve.h"

#define PACKS_MAX 12
#define NEEDS_MAX 3
#define QUESTIONS 4000

/* A question with everything that it borrows from. */
struct world {
    struct manifest_pack packs[PACKS_MAX];
    struct manifest_needs requires[PACKS_MAX], conflicts[PACKS_MAX];
    struct manifest_need needs[PACKS_MAX][4][NEEDS_MAX];
    struct manifest_hardware hardware[PACKS_MAX];
    struct bytes provides[PACKS_MAX];
    struct resolve_candidate candidates[PACKS_MAX];
    struct resolve_want wants[3];
    struct resolve_question q;
};

static uint32_t seed;

static unsigned dice(unsigned n) {
    seed = seed * 1664525 + 1013904223;
    return (seed >> 10) % n;
}

static struct bytes pick(const char *const *list, unsigned n) {
    return bytes_of(list[dice(n)]);
}

static const char *const names[] = {"a", "b", "c", "d", "e"}, *const versions[] = {"1.0.0", "1.1.0", "2.0.0"},
                         *const ranges[] = {"", "1", "^1", ">=1.1", "<2", "2"}, *const programs[] = {"p", "q"};
static const struct resolve_fact facts[] = {{{(const uint8_t *)"p", 1}, {(const uint8_t *)"1.5", 3}, false}};

static void fill_needs(struct manifest_need *needs, size_t n, bool program) {
    for (size_t i = 0; i < n; i++) {
        needs[i].name = program ? pick(programs, 2) : pick(names, 5);
        needs[i].version = pick(ranges, 6);
    }
}

static void make_world(struct world *w) {
    memset(w, 0, sizeof(*w));
    w->q.candidates = w->candidates;
    w->q.wants = w->wants;
    w->q.facts = (struct resolve_facts){.programs = facts, .n_programs = 1, .memory = 8};
    size_t n = 3 + dice(PACKS_MAX - 3);
    for (size_t i = 0; i < n; i++) {
        struct manifest_pack *pack = &w->packs[w->q.n_candidates];
        struct bytes name = pick(names, 4), version = pick(versions, 3);
        bool twice = false, installed = dice(8) == 0;
        for (size_t j = 0; j < w->q.n_candidates; j++) {
            bool same = bytes_eq(w->packs[j].name, name);
            twice = twice || (same && bytes_eq(w->packs[j].version, version));
            installed = installed && !(same && w->candidates[j].installed);
        }
        if (twice) continue;
        pack->name = name;
        pack->version = version;
        size_t k = w->q.n_candidates++;
        w->candidates[k] = (struct resolve_candidate){pack, installed};
        size_t counts[4] = {dice(NEEDS_MAX), dice(8) == 0, dice(3) == 0, dice(10) == 0};
        fill_needs(w->needs[k][0], counts[0], false);
        fill_needs(w->needs[k][1], counts[1], true);
        fill_needs(w->needs[k][2], counts[2], false);
        fill_needs(w->needs[k][3], counts[3], true);
        w->requires[k].packs.items = w->needs[k][0];
        w->requires[k].packs.n = counts[0];
        w->requires[k].programs.items = w->needs[k][1];
        w->requires[k].programs.n = counts[1];
        w->conflicts[k].packs.items = w->needs[k][2];
        w->conflicts[k].packs.n = counts[2];
        w->conflicts[k].programs.items = w->needs[k][3];
        w->conflicts[k].programs.n = counts[3];
        w->hardware[k].memory = dice(10) == 0 ? 16 : 4;
        w->provides[k] = bytes_of("e");
        pack->requires = &w->requires[k];
        pack->conflicts = &w->conflicts[k];
        pack->hardware = &w->hardware[k];
        pack->provides.items = &w->provides[k];
        pack->provides.n = dice(4) == 0;
    }
    w->q.n_wants = 1 + dice(2);
    for (size_t i = 0; i < w->q.n_wants; i++) {
        w->wants[i] = (struct resolve_want){pick(names, 4), pick(ranges, 6)};
    }
}

/* ---- the same, said a second time: is this set a plan, as far as `counts` says which rules count ------------------------ */

typedef bool counts_fn(const void *ctx, enum rule_kind kind, size_t owner, const struct manifest_need *need);

static bool all_count(const void *ctx, enum rule_kind kind, size_t owner, const struct manifest_need *need) {
    (void)ctx, (void)kind, (void)owner, (void)need;
    return true;
}

static bool in_range(struct bytes version, struct bytes range) {
    return range.n == 0 || version_in(VERSION_SEMVER, version, range);
}

static bool has(const struct world *w, unsigned set, struct bytes name, struct bytes range, size_t but, bool provided) {
    for (size_t i = 0; i < w->q.n_candidates; i++) {
        const struct manifest_pack *p = &w->packs[i];
        bool called = bytes_eq(p->name, name) || (provided && p->provides.n > 0 && bytes_is(name, "e"));
        if ((set >> i & 1) && i != but && called && in_range(p->version, range)) return true;
    }
    return false;
}

static bool has_program(const struct manifest_need *need) {
    return bytes_is(need->name, "p") &&
           (need->version.n == 0 || version_in(VERSION_DEBIAN, bytes_of("1.5"), need->version));
}

static bool pack_holds(const struct world *w, unsigned set, size_t i, counts_fn *counts, const void *ctx) {
    for (size_t j = 0; j < w->requires[i].packs.n; j++) {
        const struct manifest_need *need = &w->needs[i][0][j];
        if (counts(ctx, RULE_PACK, i, need) && !has(w, set, need->name, need->version, SIZE_MAX, true)) return false;
    }
    for (size_t j = 0; j < w->requires[i].programs.n; j++) {
        const struct manifest_need *need = &w->needs[i][1][j];
        if (counts(ctx, RULE_PROGRAM, i, need) && !has_program(need)) return false;
    }
    for (size_t j = 0; j < w->conflicts[i].packs.n; j++) {
        const struct manifest_need *need = &w->needs[i][2][j];
        if (counts(ctx, RULE_NOT_PACK, i, need) && has(w, set, need->name, need->version, i, true)) return false;
    }
    for (size_t j = 0; j < w->conflicts[i].programs.n; j++) {
        const struct manifest_need *need = &w->needs[i][3][j];
        if (counts(ctx, RULE_NOT_PROGRAM, i, need) && has_program(need)) return false;
    }
    return !counts(ctx, RULE_MEMORY, i, NULL) || w->hardware[i].memory <= 8;
}

static bool is_plan(const struct world *w, unsigned set, counts_fn *counts, const void *ctx) {
    for (size_t i = 0; i < w->q.n_wants; i++) {
        if (counts(ctx, RULE_WANT, i, NULL) && !has(w, set, w->wants[i].name, w->wants[i].range, SIZE_MAX, false))
            return false;
    }
    for (size_t i = 0; i < w->q.n_candidates; i++) {
        if (w->candidates[i].installed && counts(ctx, RULE_STAYS, i, NULL) &&
            !has(w, set, w->packs[i].name, bytes_of(""), SIZE_MAX, false)) {
            return false;
        }
        for (size_t j = 0; j < i; j++) {
            if ((set >> i & 1) && (set >> j & 1) && bytes_eq(w->packs[i].name, w->packs[j].name)) return false;
        }
        if ((set >> i & 1) && !pack_holds(w, set, i, counts, ctx)) return false;
    }
    return true;
}

static bool any_plan(const struct world *w, counts_fn *counts, const void *ctx) {
    for (unsigned set = 0; set < 1U << w->q.n_candidates; set++) {
        if (is_plan(w, set, counts, ctx)) return true;
    }
    return false;
}

/* Only the clashes count, but for one. */
struct only {
    const struct resolve_answer *answer;
    size_t but;
};

static bool clash_counts(const void *ctx, enum rule_kind kind, size_t owner, const struct manifest_need *need) {
    const struct only *only = ctx;
    for (size_t i = 0; i < only->answer->n_clashes; i++) {
        const struct rule *rule = &only->answer->clashes[i];
        if (rule->kind == kind && rule->owner == owner && rule->need == need) return i != only->but;
    }
    return false;
}

static void the_resolver_agrees_with_brute_force(void **state) {
    (void)state;
    size_t possible = 0;
    for (unsigned i = 0; i < QUESTIONS; i++) {
        static struct world w;
        struct resolve_answer answer = {0};
        struct err err = {0};
        seed = i * 2654435761U + 1;
        make_world(&w);
        assert_int_equal(resolve(&w.q, &answer, &err), 0);
        assert_int_equal(answer.possible, any_plan(&w, all_count, NULL));
        possible += answer.possible;
        if (answer.possible) {
            unsigned set = 0;
            for (size_t j = 0; j < answer.n_chosen; j++) {
                set |= 1U << answer.chosen[j];
            }
            assert_true(is_plan(&w, set, all_count, NULL));
        } else {
            struct only only = {&answer, SIZE_MAX};
            assert_false(any_plan(&w, clash_counts, &only)); /* they cannot hold together */
            for (only.but = 0; only.but < answer.n_clashes; only.but++) {
                assert_true(any_plan(&w, clash_counts, &only)); /* and each of them is needed for that */
            }
        }
        resolve_done(&answer);
    }
    assert_true(possible > QUESTIONS / 8 && possible < QUESTIONS * 7 / 8); /* both answers were put to the test */
}

/* ---- single questions ----------------------------------------------------------------------------------------------- */

static void expect_plan(const struct world *w, const char *expected) {
    struct resolve_answer answer = {0};
    struct buf text = {.max = 65536};
    struct err err = {0};
    assert_int_equal(resolve(&w->q, &answer, &err), 0);
    for (size_t i = 0; i < answer.n_chosen; i++) {
        const struct manifest_pack *p = w->candidates[answer.chosen[i]].pack;
        buf_printf(&text, "%s%s %s", i > 0 ? ", " : "", (const char *)p->name.p, (const char *)p->version.p);
    }
    for (size_t i = 0; i < answer.n_clashes; i++) {
        rule_say(&w->q, &answer.clashes[i], &text);
        buf_put_str(&text, "\n");
    }
    buf_put_u8(&text, 0);
    assert_string_equal((const char *)text.p, expected);
    buf_done(&text);
    resolve_done(&answer);
}

static size_t add(struct world *w, const char *name, const char *version, bool installed) {
    size_t k = w->q.n_candidates++;
    w->q.candidates = w->candidates;
    w->q.wants = w->wants;
    w->packs[k] = (struct manifest_pack){
        .name = bytes_of(name), .version = bytes_of(version), .requires = &w->requires[k], .conflicts = &w->conflicts[k]};
    w->candidates[k] = (struct resolve_candidate){&w->packs[k], installed};
    return k;
}

static void need(struct world *w, size_t k, unsigned list, const char *name, const char *range) {
    struct manifest_need *to = w->needs[k][list];
    size_t n = list == 0   ? w->requires[k].packs.n++
               : list == 1 ? w->requires[k].programs.n++
               : list == 2 ? w->conflicts[k].packs.n++
                           : w->conflicts[k].programs.n++;
    to[n] = (struct manifest_need){.name = bytes_of(name), .version = bytes_of(range)};
    w->requires[k].packs.items = w->needs[k][0];
    w->requires[k].programs.items = w->needs[k][1];
    w->conflicts[k].packs.items = w->needs[k][2];
    w->conflicts[k].programs.items = w->needs[k][3];
}

static void want(struct world *w, const char *name, const char *range) {
    w->wants[w->q.n_wants++] = (struct resolve_want){bytes_of(name), bytes_of(range)};
}

static void the_newest_that_fits_is_chosen_and_what_is_installed_stays(void **state) {
    (void)state;
    struct world w = {0};
    size_t a = add(&w, "a", "1.0.0", false);
    add(&w, "b", "1.0.0", false);
    add(&w, "b", "1.2.0", false);
    add(&w, "b", "2.0.0", false);
    want(&w, "a", "");
    need(&w, a, 0, "b", "^1");
    expect_plan(&w, "a 1.0.0, b 1.2.0");
    w.candidates[1].installed = true;
    expect_plan(&w, "a 1.0.0, b 1.0.0");
    w.needs[a][0][0].version = bytes_of(">=2");
    expect_plan(&w, "a 1.0.0, b 2.0.0"); /* it stays in some version */
}

static void a_pack_may_stand_for_a_name_that_it_provides(void **state) {
    (void)state;
    struct world w = {0};
    size_t a = add(&w, "a", "1.0.0", false), x = add(&w, "x", "3.0.0", false);
    static const struct bytes text = {(const uint8_t *)"text", 4};
    w.packs[x].provides.items = &text;
    w.packs[x].provides.n = 1;
    want(&w, "a", "");
    need(&w, a, 0, "text", ">=3");
    expect_plan(&w, "a 1.0.0, x 3.0.0");
    add(&w, "text", "3.1.0", false);
    expect_plan(&w, "a 1.0.0, text 3.1.0");
}

static void what_cannot_hold_together_is_named(void **state) {
    (void)state;
    struct world w = {0};
    size_t a = add(&w, "a", "1.0.0", false), b = add(&w, "b", "1.0.0", false);
    add(&w, "c", "1.0.0", true);
    want(&w, "a", "");
    want(&w, "b", "");
    need(&w, a, 0, "c", "^1");
    need(&w, b, 2, "c", "");
    expect_plan(&w, "requested: b\nc 1.0.0 is installed, and stays in some version\nb 1.0.0 conflicts with the pack 'c'\n");
    w.candidates[2].installed = false;
    expect_plan(&w, "requested: a\nrequested: b\na 1.0.0 requires the pack 'c' ^1\nb 1.0.0 conflicts with the pack 'c'\n");
    w.q.n_wants = 1;
    expect_plan(&w, "a 1.0.0, c 1.0.0");
    w.needs[a][0][0].version = bytes_of(">=2");
    expect_plan(&w, "requested: a\na 1.0.0 requires the pack 'c' >=2: there is 1.0.0 only\n");
    w.needs[a][0][0].name = bytes_of("d");
    expect_plan(&w, "requested: a\na 1.0.0 requires the pack 'd' >=2: there is none\n");
    want(&w, "z", "");
    w.wants[0] = w.wants[1];
    w.wants[0].name = bytes_of("z");
    w.q.n_wants = 1;
    expect_plan(&w, "requested: z: there is none\n");
}

static void what_the_machine_lacks_is_named(void **state) {
    (void)state;
    static const struct bytes tiers[] = {{(const uint8_t *)"small", 5}, {(const uint8_t *)"large", 5}};
    struct world w = {0};
    size_t a = add(&w, "a", "1.0.0", false);
    want(&w, "a", "");
    need(&w, a, 1, "p", ">=2");
    w.q.facts = (struct resolve_facts){.programs = facts, .n_programs = 1, .tiers = tiers, .n_tiers = 2, .tier = tiers[0]};
    expect_plan(&w, "requested: a\na 1.0.0 requires the program 'p' >=2: it is version 1.5\n");
    w.needs[a][1][0] = (struct manifest_need){.name = bytes_of("q")};
    expect_plan(&w, "requested: a\na 1.0.0 requires the program 'q': it is not there\n");
    w.requires[a].programs.n = 0;
    w.packs[a].hardware = &w.hardware[a];
    w.hardware[a].memory = (uint64_t)16 << 30;
    w.q.facts.memory = (uint64_t)8 << 30;
    expect_plan(&w, "requested: a\na 1.0.0 requires 16 GiB of memory: the machine has 8 GiB\n");
    w.hardware[a] = (struct manifest_hardware){.vram = (uint64_t)512 << 20};
    expect_plan(&w, "requested: a\na 1.0.0 requires 512 MiB of graphics memory: the machine has 0 B\n");
    w.hardware[a] = (struct manifest_hardware){.tier = tiers[1]};
    expect_plan(&w, "requested: a\na 1.0.0 requires the capability tier 'large': the machine's is 'small'\n");
    w.q.facts.tier = tiers[1];
    expect_plan(&w, "a 1.0.0");
    w.hardware[a] = (struct manifest_hardware){.tier = tiers[0]}; /* a higher one does */
    expect_plan(&w, "a 1.0.0");
    w.hardware[a] = (struct manifest_hardware){.tier = bytes_of("larg")};
    expect_plan(&w, "requested: a\na 1.0.0 requires the capability tier 'larg': the policy has no tier of this name "
                    "(expected small or large)\n");
}

static void what_is_not_known_of_the_machine_is_said_to_be_unknown(void **state) {
    (void)state;
    static const struct resolve_fact unsure[] = {{{(const uint8_t *)"p", 1}, {NULL, 0}, true},
                                                 {{(const uint8_t *)"q", 1}, {NULL, 0}, false}};
    static const struct bytes tiers[] = {{(const uint8_t *)"small", 5}};
    struct world w = {0};
    size_t a = add(&w, "a", "1.0.0", false);
    want(&w, "a", "");
    need(&w, a, 1, "p", "");
    w.q.facts = (struct resolve_facts){
        .programs = unsure, .n_programs = 2, .tiers = tiers, .n_tiers = 1, .memory_unsure = true, .vram_unsure = true};
    expect_plan(&w, "requested: a\na 1.0.0 requires the program 'p': whether it is there is not known\n");
    w.needs[a][1][0] = (struct manifest_need){.name = bytes_of("q"), .version = bytes_of(">=2")};
    expect_plan(&w, "requested: a\na 1.0.0 requires the program 'q' >=2: its version is not known\n");
    w.needs[a][1][0] = (struct manifest_need){.name = bytes_of("q")};
    expect_plan(&w, "a 1.0.0");
    w.requires[a].programs.n = 0;
    need(&w, a, 3, "p", "");
    expect_plan(&w, "requested: a\na 1.0.0 conflicts with the program 'p': whether it is there is not known\n");
    w.conflicts[a].programs.n = 0;
    w.packs[a].hardware = &w.hardware[a];
    w.hardware[a] = (struct manifest_hardware){.memory = (uint64_t)1 << 30};
    expect_plan(&w, "requested: a\na 1.0.0 requires 1 GiB of memory: how much the machine has is not known\n");
    w.hardware[a] = (struct manifest_hardware){.vram = (uint64_t)2 << 30};
    w.q.facts.vram = (uint64_t)1 << 30;
    expect_plan(&w, "requested: a\na 1.0.0 requires 2 GiB of graphics memory: the machine has at least 1 GiB\n");
    w.q.facts.vram = (uint64_t)2 << 30;
    expect_plan(&w, "a 1.0.0");
    w.hardware[a] = (struct manifest_hardware){.tier = tiers[0]};
    expect_plan(&w, "requested: a\na 1.0.0 requires the capability tier 'small': the machine's is not known\n");
}

static void packs_that_require_each_other_have_a_plan(void **state) {
    (void)state;
    struct world w = {0};
    size_t a = add(&w, "a", "1.0.0", false), b = add(&w, "b", "1.0.0", false);
    want(&w, "b", "");
    need(&w, a, 0, "b", "");
    need(&w, b, 0, "a", "");
    expect_plan(&w, "b 1.0.0, a 1.0.0");
}

/* Forty packs in two versions, each of which requires the next two: among many rules the one that cannot hold is named. */
static void a_question_of_many_packs_names_few_rules(void **state) {
    (void)state;
    enum { N = 40 };
    static char name[N][8];
    static struct manifest_pack packs[2 * N];
    static struct manifest_needs requires[2 * N];
    static struct manifest_need needs[2 * N][2];
    static struct resolve_candidate candidates[2 * N];
    const struct resolve_want want = {bytes_of("p0"), bytes_of("")};
    struct resolve_question q = {candidates, 2 * N, &want, 1, {0}};
    struct resolve_answer answer = {0};
    struct err err = {0};
    for (size_t i = 0; i < N; i++) {
        snprintf(name[i], sizeof(name[i]), "p%zu", i);
    }
    for (size_t i = 0; i < 2 * N; i++) {
        size_t k = i / 2;
        for (size_t j = 0; k + j + 1 < N && j < 2; j++) {
            needs[i][j] = (struct manifest_need){.name = bytes_of(name[k + j + 1]), .version = bytes_of("^1")};
            requires[i].packs.n = j + 1;
        }
        requires[i].packs.items = needs[i];
        packs[i] = (struct manifest_pack){
            .name = bytes_of(name[k]), .version = bytes_of(i % 2 ? "1.1.0" : "1.0.0"), .requires = &requires[i]};
        candidates[i] = (struct resolve_candidate){&packs[i], false};
    }
    assert_int_equal(resolve(&q, &answer, &err), 0);
    assert_true(answer.possible && answer.n_chosen == N);
    assert_ptr_equal(candidates[answer.chosen[0]].pack, &packs[1]); /* the newest */
    resolve_done(&answer);
    needs[1][0].version = needs[0][0].version = bytes_of(">=3");
    assert_int_equal(resolve(&q, &answer, &err), 0);
    assert_int_equal(answer.n_clashes, 3); /* what is wanted, and what either version of it requires */
    resolve_done(&answer);
    needs[1][0].version = needs[0][0].version = bytes_of("^1");
    needs[2 * N - 4][0].version = needs[2 * N - 3][0].version = bytes_of(">=3"); /* deep down, in both versions of p38 */
    assert_int_equal(resolve(&q, &answer, &err), 0);
    assert_true(!answer.possible && answer.n_clashes < 80);
    resolve_done(&answer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_resolver_agrees_with_brute_force),
        cmocka_unit_test(the_newest_that_fits_is_chosen_and_what_is_installed_stays),
        cmocka_unit_test(a_pack_may_stand_for_a_name_that_it_provides),
        cmocka_unit_test(what_cannot_hold_together_is_named),
        cmocka_unit_test(what_the_machine_lacks_is_named),
        cmocka_unit_test(what_is_not_known_of_the_machine_is_said_to_be_unknown),
        cmocka_unit_test(packs_that_require_each_other_have_a_plan),
        cmocka_unit_test(a_question_of_many_packs_names_few_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
