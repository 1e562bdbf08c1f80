/* Rules about the machine are judged when they are made; rules about packs by the search. */
#include "packs/resolve/rule.h"

#include <stdlib.h>

#include "base/array.h"
#include "packs/manifest/version.h"

#define T(text_) (int)(text_).n, (const char *)(text_).p

static const struct resolve_fact *facts_of(const struct resolve_facts *facts, enum rule_kind kind, size_t *ret_n) {
    switch (kind) {
    case RULE_PROGRAM:
    case RULE_NOT_PROGRAM:
        *ret_n = facts->n_programs;
        return facts->programs;
    case RULE_RUNTIME:
    case RULE_NOT_RUNTIME:
        *ret_n = facts->n_runtimes;
        return facts->runtimes;
    default:
        *ret_n = facts->n_packages;
        return facts->packages;
    }
}

static const struct resolve_fact *fact_of(const struct resolve_facts *facts, enum rule_kind kind, struct bytes name) {
    size_t n;
    const struct resolve_fact *list = facts_of(facts, kind, &n);
    for (size_t i = 0; i < n; i++) {
        if (bytes_eq(list[i].name, name)) return &list[i];
    }
    return NULL;
}

/* Whether what a need names is there in one of its versions. */
static bool is_there(const struct resolve_facts *facts, enum rule_kind kind, const struct manifest_need *need) {
    const struct resolve_fact *fact = fact_of(facts, kind, need->name);
    return fact != NULL && (need->version.n == 0 || version_in(VERSION_DEBIAN, fact->version, need->version));
}

static size_t tier_rank(const struct resolve_facts *facts, struct bytes tier) {
    for (size_t i = 0; tier.n > 0 && i < facts->n_tiers; i++) {
        if (bytes_eq(facts->tiers[i], tier)) return i;
    }
    return SIZE_MAX;
}

static bool reaches(const struct resolve_facts *facts, struct bytes tier) {
    size_t asked = tier_rank(facts, tier), is = tier_rank(facts, facts->tier);
    return asked != SIZE_MAX && is != SIZE_MAX && is >= asked;
}

static int put(struct rules *rules, struct rule rule, struct err *err) {
    int rc = array_room(&rules->list, rules->n + 1, &rules->cap, sizeof(rule), err);
    if (rc == 0) {
        rules->list[rules->n++] = rule;
    }
    return rc;
}

static int put_needs(const struct resolve_question *q, struct rules *rules, size_t owner,
                     const struct manifest_needs *needs, bool conflict, struct err *err) {
    int rc = 0;
    if (needs == NULL) return 0;
    const struct {
        const struct manifest_need *items;
        size_t n;
        enum rule_kind kind;
    } lists[] = {{needs->packs.items, needs->packs.n, conflict ? RULE_NOT_PACK : RULE_PACK},
                 {needs->programs.items, needs->programs.n, conflict ? RULE_NOT_PROGRAM : RULE_PROGRAM},
                 {needs->runtimes.items, needs->runtimes.n, conflict ? RULE_NOT_RUNTIME : RULE_RUNTIME},
                 {needs->packages.items, needs->packages.n, conflict ? RULE_NOT_PACKAGE : RULE_PACKAGE}};
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        for (size_t j = 0; rc == 0 && j < lists[i].n; j++) {
            const struct manifest_need *need = &lists[i].items[j];
            bool holds = i > 0 && is_there(&q->facts, lists[i].kind, need) != conflict;
            rc = put(rules, (struct rule){lists[i].kind, owner, need, holds}, err);
        }
    }
    return rc;
}

static int put_hardware(const struct resolve_question *q, struct rules *rules, size_t owner, struct err *err) {
    const struct manifest_hardware *hardware = q->candidates[owner].pack->hardware;
    int rc = 0;
    if (hardware == NULL) return 0;
    if (hardware->tier.n > 0) {
        rc = put(rules, (struct rule){RULE_TIER, owner, NULL, reaches(&q->facts, hardware->tier)}, err);
    }
    if (rc == 0 && hardware->memory > 0) {
        rc = put(rules, (struct rule){RULE_MEMORY, owner, NULL, q->facts.memory >= hardware->memory}, err);
    }
    if (rc == 0 && hardware->vram > 0) {
        rc = put(rules, (struct rule){RULE_VRAM, owner, NULL, q->facts.vram >= hardware->vram}, err);
    }
    return rc;
}

int rules_make(const struct resolve_question *q, struct rules *ret, struct err *err) {
    struct rules rules = {.first = calloc(q->n_candidates + 1, sizeof(size_t))};
    int rc = rules.first != NULL ? 0 : err_set(err, ERR_NOMEM, "out of memory");
    for (size_t i = 0; rc == 0 && i < q->n_wants; i++) {
        rc = put(&rules, (struct rule){RULE_WANT, i, NULL, false}, err);
    }
    for (size_t i = 0; rc == 0 && i < q->n_candidates; i++) {
        rc = q->candidates[i].installed ? put(&rules, (struct rule){RULE_STAYS, i, NULL, false}, err) : 0;
    }
    for (size_t i = 0; rc == 0 && i < q->n_candidates; i++) {
        rules.first[i] = rules.n;
        rc = put_needs(q, &rules, i, q->candidates[i].pack->requires, false, err);
        if (rc == 0) rc = put_needs(q, &rules, i, q->candidates[i].pack->conflicts, true, err);
        if (rc == 0) rc = put_hardware(q, &rules, i, err);
    }
    if (rc != 0) {
        rules_done(&rules);
        return rc;
    }
    rules.first[q->n_candidates] = rules.n;
    *ret = rules;
    return 0;
}

void rules_done(struct rules *rules) {
    free(rules->list);
    free(rules->first);
    *rules = (struct rules){0};
}

/* ---- what a rule names ---------------------------------------------------------------------------------------------- */

static bool is_called(const struct manifest_pack *pack, struct bytes name) {
    bool is = bytes_eq(pack->name, name);
    for (size_t i = 0; !is && i < pack->provides.n; i++) {
        is = bytes_eq(pack->provides.items[i], name);
    }
    return is;
}

bool rule_names(const struct resolve_question *q, const struct rule *rule, const struct resolve_candidate *candidate) {
    const struct manifest_pack *pack = candidate->pack;
    if (rule->kind == RULE_STAYS) return bytes_eq(pack->name, q->candidates[rule->owner].pack->name);
    const struct resolve_want *want = rule->kind == RULE_WANT ? &q->wants[rule->owner] : NULL;
    const struct bytes range = want != NULL ? want->range : rule->need->version;
    bool called = want != NULL ? bytes_eq(pack->name, want->name) : is_called(pack, rule->need->name);
    return called && (range.n == 0 || version_in(VERSION_SEMVER, pack->version, range));
}

/* ---- what people read ----------------------------------------------------------------------------------------------- */

static void say_size(uint64_t bytes, struct buf *out) {
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    unsigned unit = 0;
    while (unit < 4 && bytes >= 1024 && bytes % 1024 == 0) {
        bytes /= 1024;
        unit++;
    }
    buf_printf(out, "%llu %s", (unsigned long long)bytes, units[unit]);
}

static void say_range(struct bytes range, struct buf *out) {
    if (range.n > 0) {
        buf_printf(out, " %.*s", T(range));
    }
}

/* In which versions what a rule names can be had. */
static void say_known(const struct resolve_question *q, const struct rule *rule, struct bytes name, struct buf *out) {
    size_t n = 0, fit = 0;
    for (size_t i = 0; i < q->n_candidates; i++) {
        fit += rule_names(q, rule, &q->candidates[i]);
    }
    if (fit > 0) return;
    buf_put_str(out, ": there is ");
    for (size_t i = 0; i < q->n_candidates; i++) {
        const struct manifest_pack *pack = q->candidates[i].pack;
        if (is_called(pack, name)) {
            buf_printf(out, "%s%.*s", n++ > 0 ? ", " : "", T(pack->version));
        }
    }
    buf_put_str(out, n == 0 ? "none" : " only");
}

static void say_fact(const struct resolve_question *q, const struct rule *rule, struct buf *out) {
    const struct resolve_fact *fact = fact_of(&q->facts, rule->kind, rule->need->name);
    if (fact == NULL) {
        buf_put_str(out, ": it is not there");
    } else if (fact->version.n == 0) {
        buf_put_str(out, ": its version is not known");
    } else {
        buf_printf(out, ": it is version %.*s", T(fact->version));
    }
}

static void say_hardware(const struct resolve_question *q, const struct rule *rule, struct buf *out) {
    const struct manifest_hardware *hardware = q->candidates[rule->owner].pack->hardware;
    if (rule->kind == RULE_TIER) {
        buf_printf(out, " requires the capability tier '%.*s': the machine's is ", T(hardware->tier));
        buf_printf(out, q->facts.tier.n > 0 ? "'%.*s'" : "not known", T(q->facts.tier));
        return;
    }
    bool vram = rule->kind == RULE_VRAM;
    buf_put_str(out, " requires ");
    say_size(vram ? hardware->vram : hardware->memory, out);
    buf_put_str(out, vram ? " of graphics memory: the machine has " : " of memory: the machine has ");
    say_size(vram ? q->facts.vram : q->facts.memory, out);
}

void rule_say(const struct resolve_question *q, const struct rule *rule, struct buf *out) {
    static const char *const nouns[] = {
        [RULE_PACK] = "pack",           [RULE_PROGRAM] = "program",     [RULE_RUNTIME] = "runtime",
        [RULE_PACKAGE] = "package",     [RULE_NOT_PACK] = "pack",       [RULE_NOT_PROGRAM] = "program",
        [RULE_NOT_RUNTIME] = "runtime", [RULE_NOT_PACKAGE] = "package",
    };
    if (rule->kind == RULE_WANT) {
        const struct resolve_want *want = &q->wants[rule->owner];
        buf_printf(out, "requested: %.*s", T(want->name));
        say_range(want->range, out);
        say_known(q, rule, want->name, out);
        return;
    }
    const struct manifest_pack *pack = q->candidates[rule->owner].pack;
    buf_printf(out, "%.*s %.*s", T(pack->name), T(pack->version));
    if (rule->kind == RULE_STAYS) {
        buf_put_str(out, " is installed, and stays in some version");
    } else if (rule->kind >= RULE_TIER) {
        say_hardware(q, rule, out);
    } else {
        buf_printf(out, " %s the %s '%.*s'", rule->kind >= RULE_NOT_PACK ? "conflicts with" : "requires", nouns[rule->kind],
                   T(rule->need->name));
        say_range(rule->need->version, out);
        if (rule->kind == RULE_PACK) {
            say_known(q, rule, rule->need->name, out);
        } else if (rule->kind != RULE_NOT_PACK) {
            say_fact(q, rule, out);
        }
    }
}
