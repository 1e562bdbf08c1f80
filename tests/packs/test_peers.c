/* What a change of one pack breaks, against a plain reading of the rule. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/version.h"
#include "packs/life/peers.h"

#define PACKS_MAX 6
#define NEEDS_MAX 2
#define CHANGES   20000

struct world {
    struct manifest manifests[PACKS_MAX];
    struct manifest_needs requires[PACKS_MAX], conflicts[PACKS_MAX];
    struct manifest_need needs[PACKS_MAX][2][NEEDS_MAX];
    struct bytes provides[PACKS_MAX];
    struct peer list[PACKS_MAX];
    struct peers peers;
};

static uint32_t seed;

static unsigned dice(unsigned n) {
    seed = seed * 1664525 + 1013904223;
    return (seed >> 10) % n;
}

static const char *const names[] = {"a", "b", "c", "d", "e", "f"}, *const versions[] = {"1.0.0", "1.1.0", "2.0.0"},
                         *const ranges[] = {"", "^1", ">=1.1", "2"};

static void add(struct world *w, const char *name, enum peer_part part) {
    size_t i = w->peers.n;
    struct manifest_pack *pack = &w->manifests[i].pack;
    pack->name = bytes_of(name);
    pack->version = bytes_of(versions[dice(3)]);
    w->provides[i] = bytes_of(names[dice(6)]);
    pack->provides.items = &w->provides[i];
    pack->provides.n = dice(4) == 0;
    for (size_t k = 0; k < 2; k++) {
        struct manifest_needs *of = k == 0 ? &w->requires[i] : &w->conflicts[i];
        of->packs.items = w->needs[i][k];
        of->packs.n = k == 0 ? dice(NEEDS_MAX + 1) : dice(6) == 0;
        for (size_t m = 0; m < of->packs.n; m++) {
            w->needs[i][k][m].name = bytes_of(names[dice(6)]);
            w->needs[i][k][m].version = bytes_of(ranges[dice(4)]);
        }
    }
    pack->requires = &w->requires[i];
    pack->conflicts = &w->conflicts[i];
    w->list[i] = (struct peer){&w->manifests[i], part};
    w->peers.n++;
}

/* Some packs stay; one is installed, replaced or removed. */
static void make_world(struct world *w) {
    memset(w, 0, sizeof(*w));
    w->peers.list = w->list;
    unsigned which = dice(3), stay = dice(4);
    for (unsigned i = 0; i < stay; i++) {
        add(w, names[i], PEER_STAYS);
    }
    if (which != 0) add(w, "e", PEER_LEAVES);
    if (which != 1) add(w, "e", PEER_COMES);
}

static bool satisfies(const struct manifest_pack *pack, const struct manifest_need *need) {
    bool called =
        bytes_eq(pack->name, need->name) || (pack->provides.n > 0 && bytes_eq(pack->provides.items[0], need->name));
    return called && (need->version.n == 0 || version_in(VERSION_SEMVER, pack->version, need->version));
}

static bool is_met(const struct world *w, const struct manifest_need *need, enum peer_part without) {
    bool met = false;
    for (size_t i = 0; i < w->peers.n; i++) {
        met = met || (w->list[i].part != without && satisfies(&w->manifests[i].pack, need));
    }
    return met;
}

static bool names_another(const struct world *w, size_t owner) {
    bool names_one = false;
    for (size_t i = 0; i < w->peers.n; i++) {
        bool counts = i != owner && w->list[i].part != PEER_LEAVES && w->conflicts[owner].packs.n > 0;
        names_one = names_one || (counts && satisfies(&w->manifests[i].pack, &w->needs[owner][1][0]));
    }
    return names_one;
}

/* A pack that comes needs everything, one that stays what it has now; and none may conflict with another. */
static bool may_be(const struct world *w) {
    bool may = true;
    for (size_t i = 0; i < w->peers.n; i++) {
        if (w->list[i].part == PEER_LEAVES) continue;
        for (size_t k = 0; k < w->requires[i].packs.n; k++) {
            const struct manifest_need *need = &w->needs[i][0][k];
            bool counts = w->list[i].part == PEER_COMES || is_met(w, need, PEER_COMES);
            may = may && (!counts || is_met(w, need, PEER_LEAVES));
        }
        may = may && !names_another(w, i);
    }
    return may;
}

static void a_change_is_refused_only_for_what_it_breaks_itself(void **state) {
    (void)state;
    unsigned yes = 0, broken = 0;
    for (seed = 1; seed <= CHANGES; seed++) {
        uint32_t at = seed;
        struct world w;
        struct buf said = {.max = 65536};
        struct err err = {0};
        bool agree = false;
        make_world(&w);
        bool expected = may_be(&w);
        assert_int_equal(peers_agree(&w.peers, &agree, &said, &err), 0);
        if (agree != expected) {
            fail_msg("world %u: %s, expected %s: %.*s", at, agree ? "yes" : "no", expected ? "yes" : "no", (int)said.n,
                     (const char *)said.p);
        }
        for (size_t i = 0; i < w.peers.n; i++) {
            for (size_t k = 0; k < w.requires[i].packs.n; k++) {
                broken += agree && w.list[i].part == PEER_STAYS && !is_met(&w, &w.needs[i][0][k], PEER_COMES);
            }
        }
        yes += agree;
        buf_done(&said);
        seed = at;
    }
    assert_true(yes > CHANGES / 10 && yes < CHANGES * 9 / 10 && broken > CHANGES / 10);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_change_is_refused_only_for_what_it_breaks_itself)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
